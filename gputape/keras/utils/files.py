"""get_file: a file of the net, kept on the disk, checked and unpacked; and where such files are kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.parse
import urllib.request
import warnings
import zipfile
from pathlib import Path
from typing import Any

from ..config import is_interactive_logging_enabled


def home() -> Path:
    """The folder of downloaded files: $GPUTAPE_HOME, $KERAS_HOME, or ~/.keras."""
    return Path(os.environ.get("GPUTAPE_HOME") or os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """The path of a file, downloaded if it is not there; with `extract`, of the folder into which it is unpacked.

    Args:
        fname: its name; default the end of `origin`.
        origin: an address: http(s):// or file://.
        file_hash: what the file must hash to, SHA-256 or MD5; a file with another hash is downloaded again.
        hash_algorithm: "auto" (by the length of `file_hash`), "sha256" or "md5".
        extract: whether it is unpacked. `untar` is the old name, `md5_hash` that of `file_hash`.
        archive_format: "auto", "tar", "zip", a list of them, or None.
        cache_dir, cache_subdir: where it is kept. Default "datasets" in $GPUTAPE_HOME, $KERAS_HOME or ~/.keras.

    Raises ValueError without `origin`, for names with folders in them, and for a download with another hash.
    """
    if origin is None:
        raise ValueError('Please specify the "origin" argument (URL of the file to download).')
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name:
        raise ValueError(
            f"Can't parse the file name from the origin provided: '{origin}'. Please specify the `fname` argument."
        )
    if os.sep in name:
        raise ValueError(
            "Paths are no longer accepted as the `fname` argument. To specify the file's parent directory, use the "
            f"`cache_dir` argument. Received: fname={name}"
        )
    folder = _writable(home() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    unpack = extract or untar
    target, unpacked = folder / name, folder / name
    if unpack and fname and "." in name:
        unpacked = folder / f"{name.partition('.')[0]}_extracted"
    elif unpack:
        target = folder / f"{name}_archive"
    present = target.exists() and not force_download
    if present and file_hash is not None and not validate_file(target, file_hash, hash_algorithm):
        _say(
            "A local file was found, but it seems to be incomplete or outdated because the "
            f"{hash_algorithm} file hash does not match the original value of {file_hash} so we will re-download the "
            "data."
        )
        present = False
    if not present:
        _download(origin, target, file_hash, hash_algorithm)
    if not unpack:
        return str(target)
    if not extract_archive(target, unpacked, "tar" if untar else archive_format):
        warnings.warn("Could not extract archive.", stacklevel=2)
    return str(unpacked)


def _writable(folder: Path) -> Path:
    """The folder, made if it is not there; one among the temporary files if it cannot be written."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir()) / ".keras"


def _say(message: str) -> None:
    if is_interactive_logging_enabled():
        print(message)


def _download(origin: str, target: Path, file_hash: str | None, algorithm: str) -> None:
    """Into a file beside it first: others never see half of it, nor a file that is not what it should be."""
    _say(f"Downloading data from {origin}")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        try:
            with urllib.request.urlopen(origin) as source, open(part, "wb") as file:
                shutil.copyfileobj(source, file)
        except OSError as error:
            raise Exception(f"URL fetch failure on {origin}: {error}") from error
        if file_hash is not None and not validate_file(part, file_hash, algorithm):
            raise ValueError(
                f"Incomplete or corrupted file detected. The {algorithm} file hash does not match the provided value "
                f"of {file_hash}."
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def resolve_hasher(algorithm: str, file_hash: str | None = None) -> Any:
    """A hash object: SHA-256, or MD5; by "auto" the one whose hash is as long as `file_hash`."""
    if algorithm == "sha256" or (algorithm == "auto" and file_hash is not None and len(file_hash) == 64):
        return hashlib.sha256()
    return hashlib.md5()


def hash_file(fpath: Any, algorithm: Any = "sha256", chunk_size: int = 65535) -> str:
    """The hash of a file, as hexadecimal digits."""
    hasher = resolve_hasher(algorithm) if isinstance(algorithm, str) else algorithm
    with open(fpath, "rb") as file:
        for chunk in iter(lambda: file.read(chunk_size), b""):
            hasher.update(chunk)
    made: str = hasher.hexdigest()
    return made


def validate_file(fpath: Any, file_hash: Any, algorithm: str = "auto", chunk_size: int = 65535) -> bool:
    """Whether a file hashes to `file_hash`."""
    return hash_file(fpath, resolve_hasher(algorithm, file_hash), chunk_size) == str(file_hash)


# -- archives


def extract_archive(file_path: Any, path: Any = ".", archive_format: Any = "auto") -> bool:
    """Unpack a tar or zip file into `path`; False if it is neither. Members that would lie outside are left out."""
    if archive_format is None:
        return False
    kinds = ["tar", "zip"] if archive_format == "auto" else archive_format
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind == "tar" and tarfile.is_tarfile(file_path):
            with tarfile.open(file_path) as tar:
                for member in tar:
                    if (member.isfile() or member.isdir()) and _inside(path, member.name):
                        tar.extract(member, path, set_attrs=False, **_tar_filter())
                    else:
                        _skipped(member.name)
            return True
        if kind == "zip" and zipfile.is_zipfile(file_path):
            with zipfile.ZipFile(file_path) as archive:
                for info in archive.infolist():
                    if _inside(path, info.filename):
                        archive.extract(info, path)
                    else:
                        _skipped(info.filename)
            return True
        if kind not in ("tar", "zip"):
            raise NotImplementedError(kind)
    return False


def _tar_filter() -> dict[str, Any]:
    """The argument by which newer Pythons take care of what is in an archive."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def _inside(folder: Any, name: str) -> bool:
    base = os.path.realpath(folder)
    return os.path.commonpath([base, os.path.realpath(os.path.join(base, name))]) == base


def _skipped(name: str) -> None:
    warnings.warn(f"Skipping invalid path during archive extraction: '{name}'.", stacklevel=3)
