"""Keras's data sets, read from tiny files in the forms in which they are found."""

import gzip
import io
import json
import os
import pickle
import tarfile

import numpy as np
import pytest

from gputape import keras
from gputape.keras.datasets import local

datasets = keras.datasets


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of data sets; no other is looked into."""
    monkeypatch.setenv("GPUTAPE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setattr(local, "SYSTEM", tmp_path / "system")
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def write_idx(path, x, packed):
    data = b"\0\0\x08" + bytes([x.ndim]) + np.array(x.shape, ">i4").tobytes() + x.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if packed else data)


def write_four(where, packed=True):
    x = np.arange(3 * 4 * 5, dtype="uint8").reshape(3, 4, 5)
    for name, value in zip(local.IDX_FILES, (x, np.array([7, 8, 9], "uint8"), x[:1], np.array([7], "uint8"))):
        write_idx(where / f"{name}{'.gz' if packed else ''}", value, packed)
    return x


def test_mnist(folder):
    x = write_four(folder / "mnist", packed=False)
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
    np.testing.assert_array_equal(x_train, x)
    assert y_train.tolist() == [7, 8, 9] and x_test.shape == (1, 4, 5) and y_test.tolist() == [7]
    np.savez(folder / "mnist.npz", x_train=x + 1, y_train=y_train, x_test=x_test, y_test=y_test)
    np.testing.assert_array_equal(datasets.mnist.load_data()[0][0], x + 1)  # Keras's file goes first
    elsewhere = folder.parent / "other.npz"
    (folder / "mnist.npz").rename(elsewhere)
    np.testing.assert_array_equal(datasets.mnist.load_data(str(elsewhere))[0][0], x + 1)


@pytest.mark.parametrize("where", ["datasets/fashion-mnist", "system/fashion-mnist"])
def test_fashion_mnist(folder, where):
    x = write_four(folder.parent / where)
    np.testing.assert_array_equal(datasets.fashion_mnist.load_data()[0][0], x)


def cifar_batch(n, first, key):
    data = np.arange(n * 3072, dtype="int64").reshape(n, 3072).astype("uint8")
    return {b"data": data, key: [first + k for k in range(n)], b"coarse_labels": [1] * n, b"filenames": [b"a"] * n}


def write_cifar(folder, form, archive, inside, batches):
    if form == "archive":
        with tarfile.open(folder / archive, "w:gz") as tar:
            for name, batch in batches.items():
                data = pickle.dumps(batch, protocol=2)
                info = tarfile.TarInfo(f"{inside}/{name}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return
    there = folder / (inside if form == "folder" else f"{inside}-target/{inside}")
    there.mkdir(parents=True)
    for name, batch in batches.items():
        (there / name).write_bytes(pickle.dumps(batch, protocol=2))


@pytest.mark.parametrize("form", ["archive", "folder", "unpacked by get_file"])
def test_cifar(folder, form):
    batches = {f"data_batch_{k}": cifar_batch(2, 2 * k, b"labels") for k in range(1, 6)}
    batches["test_batch"] = cifar_batch(1, 0, b"labels")
    write_cifar(folder, form, "cifar-10-python.tar.gz", "cifar-10-batches-py", batches)
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and x.dtype == y.dtype == np.uint8 and x_test.shape == (1, 32, 32, 3)
    assert y[:, 0].tolist() == list(range(2, 12)) and y_test.tolist() == [[0]]
    assert x[0, 0, 1].tolist() == [1, 1025 % 256, 2049 % 256]
    hundred = {name: cifar_batch(3, 5, b"fine_labels") for name in ("train", "test")}
    write_cifar(folder, form, "cifar-100-python.tar.gz", "cifar-100-python", hundred)
    assert datasets.cifar100.load_data()[0][1][:, 0].tolist() == [5, 6, 7]
    assert datasets.cifar100.load_data("coarse")[1][1][:, 0].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="label_mode"):
        datasets.cifar100.load_data("rough")


def lists(*rows):
    made = np.empty(len(rows), dtype=object)
    made[:] = [list(row) for row in rows]
    return made


def test_imdb(folder):
    x = lists((1, 5, 9), (2,), (7, 7, 7, 7), (3, 4))
    np.savez(folder / "imdb.npz", x_train=x, y_train=np.arange(4), x_test=x[:2], y_test=np.arange(2))
    (x_train, y_train), (x_test, _) = datasets.imdb.load_data()
    assert len(x_test) == 2
    assert {int(y): x for x, y in zip(x_train, y_train)}[0] == [1, 4, 8, 2]  # the largest number is out
    (x_train, y_train), _ = datasets.imdb.load_data(
        num_words=8, skip_top=5, start_char=None, index_from=0, oov_char=None
    )
    assert {int(y): x for x, y in zip(x_train, y_train)} == {0: [5], 1: [], 2: [7, 7, 7, 7], 3: []}
    (x_train, y_train), _ = datasets.imdb.load_data(maxlen=4)
    assert sorted(y_train.tolist()) == [1, 3]
    with pytest.raises(ValueError, match="maxlen"):
        datasets.imdb.load_data(maxlen=1)
    (folder / "imdb_word_index.json").write_text(json.dumps({"film": 1}))
    assert datasets.imdb.get_word_index() == {"film": 1}


def test_reuters(folder):
    np.savez(folder / "reuters.npz", x=lists(*[(k, k + 1) for k in range(1, 11)]), y=np.arange(1, 11))
    (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data()
    assert len(x_train) == 8 and len(x_test) == 2
    for x, y in zip([*x_train, *x_test], [*y_train, *y_test]):
        assert x == [1, y + 3, y + 4 if y < 10 else 2]
    assert len(datasets.reuters.get_label_names()) == 46


@pytest.mark.parametrize("name", ["boston_housing", "california_housing"])
def test_houses(folder, name):
    x = np.arange(1400.0).reshape(700, 2)
    np.savez(folder / f"{name}.npz", x=x, y=x[:, 0])
    module = getattr(datasets, name)
    (x_train, y_train), (x_test, y_test) = module.load_data(test_split=0.5)
    assert x_train.shape == (350, 2) and x_test.shape == (350, 2)
    np.testing.assert_array_equal(x_train[:, 0], y_train)
    order = np.arange(700)
    np.random.RandomState(113).shuffle(order)  # Keras's order
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), x[order, 0])
    with pytest.raises(ValueError, match="test_split"):
        module.load_data(test_split=1)
    if name == "california_housing":
        assert len(module.load_data("small")[0][0]) == 480
        with pytest.raises(ValueError, match="version"):
            module.load_data("huge")


@pytest.mark.parametrize(
    "name, file",
    [
        ("mnist", "mnist.npz"), ("fashion_mnist", "train-images-idx3-ubyte.gz"), ("cifar10", "cifar-10-python.tar.gz"),
        ("cifar100", "cifar-100-python.tar.gz"), ("imdb", "imdb.npz"), ("reuters", "reuters.npz"),
        ("boston_housing", "boston_housing.npz"), ("california_housing", "california_housing.npz"),
    ],
)  # fmt: skip
def test_a_missing_file_is_named_with_the_place_where_it_belongs(folder, name, file):
    with pytest.raises(FileNotFoundError) as error:
        getattr(datasets, name).load_data()
    assert file in str(error.value) and str(folder) in str(error.value) and "https://" in str(error.value)


def test_files_cannot_run_code(folder):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(folder / "made"),)

    evil = np.empty(1, dtype=object)
    evil[0] = Evil()
    np.savez(folder / "reuters.npz", x=evil, y=np.zeros(1))
    with pytest.raises(pickle.UnpicklingError, match="Refusing"):
        datasets.reuters.load_data()
    assert not (folder / "made").exists()


def test_other_files_are_refused(folder):
    write_four(folder / "mnist")
    (folder / "mnist" / f"{local.IDX_FILES[0]}.gz").write_bytes(b"hello")
    with pytest.raises(ValueError, match="format of MNIST"):
        datasets.mnist.load_data()
