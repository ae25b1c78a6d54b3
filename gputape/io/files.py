"""Files: whole ones as strings, and tf.io.gfile over the local file system. Errors are those of tf.errors."""

from __future__ import annotations

import contextlib
import glob as _glob
import os
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from ..op import effect, op, public
from ..ops.strings import packed, text
from ..tensor import Array


def path_of(value: Any) -> str:
    """A path given as text, bytes, a path object or a scalar string tensor."""
    if isinstance(value, Array):
        value = value._read("the name of a file").item()
    return os.fsdecode(value)


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """The errors of the system as those of tf.errors."""
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(f"{path}; No such file or directory") from None
    except FileExistsError:
        raise AlreadyExistsError(f"{path}; File exists") from None
    except PermissionError:
        raise PermissionDeniedError(f"{path}; Permission denied") from None
    except (IsADirectoryError, NotADirectoryError) as error:
        raise FailedPreconditionError(f"{path}; {error.strerror}") from None


@op(dynamic=True)  # type: ignore[untyped-decorator]
def file_contents(xp: Any, filename: Any) -> Any:
    path = os.fsdecode(filename.item())
    with told(path), open(path, "rb") as file:
        return packed([file.read()], ())


@public
def read_file(filename: Any, name: str | None = None) -> Any:
    """The bytes of a file, a scalar string tensor. NotFoundError if there is none."""
    x = text(os.fspath(filename) if isinstance(filename, os.PathLike) else filename, "read_file")
    if x._array.ndim:
        raise InvalidArgumentError(f"read_file: Input filename tensor must be scalar, but had shape: {list(x.shape)}")
    return file_contents(x)


@effect
def file_written(xp: Any, targets: Any, filename: Any, contents: Any) -> None:
    path = os.fsdecode(filename.item())
    with told(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(contents.item())


@public
def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write the scalar string `contents` to a file, at every call of a recorded function; directories are made."""
    x = text(os.fspath(filename) if isinstance(filename, os.PathLike) else filename, "write_file")
    file_written((), x, text(contents, "write_file"))


@op(dynamic=True)  # type: ignore[untyped-decorator]
def files_matching(xp: Any, pattern: Any) -> Any:
    found = [os.fsencode(p) for one in pattern.ravel().tolist() for p in _glob.glob(os.fsdecode(one))]
    return packed(sorted(found), (len(found),))


@public
def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The names of the files that match one or several patterns of the shell, sorted."""
    return files_matching(text(pattern, "matching_files"))


# -- gfile


class GFile:
    """An open file of the local file system: modes "r", "w", "a", each also with "b" or "+". Use it in a `with`."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        self._name, self._mode, self._file = path_of(name), mode, None

    @property
    def name(self) -> str:
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    def _opened(self) -> Any:
        if self._file is None:
            with told(self._name):
                text_mode = {} if "b" in self._mode else {"encoding": "utf-8", "newline": ""}
                self._file = open(self._name, self._mode, **text_mode)  # type: ignore[call-overload]  # noqa: SIM115
        return self._file

    def read(self, n: int = -1) -> Any:
        """`n` bytes or characters, default all that is left."""
        return self._opened().read(n)

    def readline(self) -> Any:
        return self._opened().readline()

    def readlines(self) -> list[Any]:
        return self._opened().readlines()  # type: ignore[no-any-return]

    def write(self, file_content: Any) -> None:
        self._opened().write(file_content)

    def size(self) -> int:
        """The size of the file in bytes."""
        if self._file is not None and self._mode[0] != "r":
            self._file.flush()
        with told(self._name):
            return os.path.getsize(self._name)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        place = offset if offset is not None else position
        if place is None:
            raise TypeError("seek(): offset argument required")
        self._opened().seek(place, whence)

    def tell(self) -> int:
        return self._opened().tell()  # type: ignore[no-any-return]

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is None and self._mode[0] != "r":
            self._opened()  # a file that nothing was written to exists all the same
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __iter__(self) -> GFile:
        return self

    def __next__(self) -> Any:
        return next(self._opened())

    next = __next__

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class FileStatistics(NamedTuple):
    """What `stat` tells of a file: its size in bytes, its last change in nanoseconds, whether it is a directory."""

    length: int
    mtime_nsec: int
    is_directory: bool


def exists(path: Any) -> bool:
    """Whether there is a file or a directory of this name."""
    return os.path.exists(path_of(path))


def isdir(path: Any) -> bool:
    """Whether there is a directory of this name."""
    return os.path.isdir(path_of(path))


def glob(pattern: Any) -> list[str]:
    """The names that match a pattern of the shell, or several."""
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return [name for p in patterns for name in sorted(_glob.glob(path_of(p)))]


def listdir(path: Any) -> list[str]:
    """The names in a directory."""
    if not isdir(path):
        raise NotFoundError(f"Could not find directory {path_of(path)}")
    return os.listdir(path_of(path))


def mkdir(path: Any) -> None:
    """Make a directory in one that exists; nothing happens if it is there."""
    with told(path_of(path)):
        if not isdir(path):
            os.mkdir(path_of(path))


def makedirs(path: Any) -> None:
    """Make a directory and those above it; nothing happens if it is there."""
    with told(path_of(path)):
        os.makedirs(path_of(path), exist_ok=True)


def remove(path: Any) -> None:
    """Delete a file."""
    with told(path_of(path)):
        os.remove(path_of(path))


def rmtree(path: Any) -> None:
    """Delete a directory with all that is in it."""
    if not exists(path):
        raise NotFoundError(f"{path_of(path)} not found")
    with told(path_of(path)):
        shutil.rmtree(path_of(path))


def _target(dst: Any, overwrite: bool) -> str:
    if not overwrite and exists(dst):
        raise AlreadyExistsError(f"file already exists: {path_of(dst)}")
    return path_of(dst)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file; AlreadyExistsError if `dst` exists and may not be overwritten."""
    with told(path_of(src)):
        shutil.copyfile(path_of(src), _target(dst, overwrite))


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Move a file; AlreadyExistsError if `dst` exists and may not be overwritten."""
    with told(path_of(src)):
        os.replace(path_of(src), _target(dst, overwrite))


def join(path: Any, *paths: Any) -> str:
    """Parts of a path put together."""
    return os.path.join(path_of(path), *map(path_of, paths))


def stat(path: Any) -> FileStatistics:
    """Size, time of the last change and kind of a file."""
    with told(path_of(path)):
        found = os.stat(path_of(path))
    return FileStatistics(found.st_size, found.st_mtime_ns, isdir(path))


def walk(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """(directory, directories in it, files in it) for a directory and all below it."""
    return os.walk(path_of(top), topdown, onerror)


def get_registered_schemes() -> list[str]:
    """The kinds of file systems: the local one."""
    return ["", "file"]


_GFILE = (
    copy,
    exists,
    get_registered_schemes,
    glob,
    isdir,
    join,
    listdir,
    makedirs,
    mkdir,
    remove,
    rename,
    rmtree,
    stat,
    walk,
)
NAMES: dict[str, Any] = {
    "tf.io.gfile.GFile": GFile,
    **{f"tf.io.gfile.{f.__name__}": f for f in _GFILE},
    "tf.io.matching_files": matching_files,
    "tf.io.read_file": read_file,
    "tf.io.write_file": write_file,
}
