"""keras.utils.get_file with addresses of local files."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from gputape import keras
from gputape.keras.utils import files

get_file = keras.utils.get_file


def read(path):
    return Path(path).read_text()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source" / "words.txt"
    path.parent.mkdir()
    path.write_text("one two")
    return path


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GPUTAPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_files_are_kept_and_not_fetched_again(source, home):
    path = get_file(origin=source.as_uri())
    assert path == str(home / "datasets" / "words.txt") and read(path) == "one two"
    source.write_text("three")
    assert read(get_file(origin=source.as_uri())) == "one two"
    assert read(get_file(origin=source.as_uri(), force_download=True)) == "three"


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_files_are_checked(source, algorithm, tmp_path):
    right = hashlib.new(algorithm, b"one two").hexdigest()
    path = get_file("w.txt", source.as_uri(), file_hash=right, cache_dir=tmp_path, cache_subdir="there")
    assert path == str(tmp_path / "there" / "w.txt")
    (tmp_path / "there" / "w.txt").write_text("half")
    get_file("w.txt", source.as_uri(), file_hash=right, cache_dir=tmp_path, cache_subdir="there")
    assert (tmp_path / "there" / "w.txt").read_text() == "one two"
    with pytest.raises(ValueError, match="corrupted"):
        get_file("v.txt", source.as_uri(), file_hash=right[::-1], cache_dir=tmp_path)
    assert not (tmp_path / "datasets" / "v.txt").exists()
    assert files.hash_file(source, algorithm) == right


def test_archives_are_unpacked(tmp_path, home):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        _add(tar, "a/x.txt", b"x")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("b/y.txt", "y")
    made = get_file("a.tar.gz", (tmp_path / "a.tar.gz").as_uri(), extract=True)
    assert made == str(home / "datasets" / "a_extracted") and read(f"{made}/a/x.txt") == "x"
    made = get_file(origin=(tmp_path / "b.zip").as_uri(), extract=True)
    assert read(f"{made}/b/y.txt") == "y"
    made = get_file("folder", (tmp_path / "a.tar.gz").as_uri(), untar=True)
    assert read(f"{made}/a/x.txt") == "x"
    (tmp_path / "c.txt").write_text("no archive")
    with pytest.warns(UserWarning, match="extract"):
        get_file("c", (tmp_path / "c.txt").as_uri(), extract=True)


def _add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def test_members_that_would_lie_outside_are_left_out(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        _add(tar, "../evil.txt", b"x")
        _add(tar, "good.txt", b"x")
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("../evil.txt", "x")
        archive.writestr("good.txt", "x")
    for name in ("a.tar", "b.zip"):
        (tmp_path / name[0]).mkdir()
        with pytest.warns(UserWarning, match="invalid path"):
            assert files.extract_archive(tmp_path / name, tmp_path / name[0])
        assert [p.name for p in (tmp_path / name[0]).iterdir()] == ["good.txt"]
    assert not (tmp_path / "evil.txt").exists()


@pytest.mark.parametrize(
    "kwargs, error, match",
    [
        ({}, ValueError, "origin"),
        ({"fname": "a/b.txt", "origin": "file:///x"}, ValueError, "Paths are no longer"),
        ({"origin": "http://example.org/"}, ValueError, "fname"),
        ({"origin": "file:///no/such/file.txt"}, Exception, "URL fetch failure"),
    ],
)
def test_errors(kwargs, error, match):
    with pytest.raises(error, match=match):
        get_file(**kwargs)
