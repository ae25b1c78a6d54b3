"""Files of models and weights: read from Keras, written in its layout, whole or not there, and nothing run from them."""

import io
import json
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from gputape import keras
from gputape.keras.saving.files import inside, replacing
from gputape.keras.saving.walk import walk

REFERENCES = Path(__file__).parents[2] / "references"
KERAS_FILE = REFERENCES / "saving.keras"


def small(units=2):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(units)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def layout(file):
    found = {}

    def note(name, item):
        found[name] = (sorted(item.attrs), getattr(item, "shape", None), str(getattr(item, "dtype", "")))

    with h5py.File(file) as h5:
        h5.visititems(note)
    return found


def archived(path):
    return io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5"))


def test_a_file_of_keras_gives_its_predictions_and_optimizer_state():
    model = keras.saving.load_model(KERAS_FILE)
    expected = np.load(REFERENCES / "saving.npz")
    np.testing.assert_allclose(model.predict(expected["x"], verbose=0), expected["y"], rtol=1e-5, atol=1e-6)
    state = np.concatenate([np.ravel(np.asarray(v)) for v in model.optimizer.variables])
    np.testing.assert_allclose(state, expected["optimizer"], rtol=1e-6)


def test_the_layout_is_that_of_keras(tmp_path):
    keras.saving.load_model(KERAS_FILE).save(tmp_path / "own.keras")
    assert layout(archived(tmp_path / "own.keras")) == layout(archived(KERAS_FILE))
    assert zipfile.ZipFile(tmp_path / "own.keras").namelist() == zipfile.ZipFile(KERAS_FILE).namelist()


@pytest.mark.parametrize("name", ["m.weights.h5", "m.npz"])
def test_weights_come_back_with_the_optimizer(tmp_path, name):
    model, other = small(), small()
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save_weights(tmp_path / name)
    other.load_weights(tmp_path / name)
    assert same(model, other)
    for a, b in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("name", ["m.weights.h5", "m.npz"])
def test_bfloat16_keeps_its_bits(tmp_path, name):
    model, other = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")]) for _ in range(2))
    model.save_weights(tmp_path / name)
    other.load_weights(tmp_path / name)
    assert same(model, other)


def test_a_folder_and_an_open_file(tmp_path):
    model = small()
    keras.saving.save_model(model, tmp_path / "folder", zipped=False)
    assert same(model, keras.saving.load_model(tmp_path / "folder"))
    file = io.BytesIO()
    keras.saving.save_model(model, file)
    assert same(model, keras.saving.load_model(file))


def test_load_without_compiling(tmp_path):
    small().save(tmp_path / "m.keras")
    model = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    assert not model.compiled and model.optimizer is None


def test_weights_of_a_whole_model(tmp_path):
    model, other = small(), small()
    model.save(tmp_path / "m.keras")
    other.load_weights(tmp_path / "m.keras")
    assert same(model, other)


def test_mismatch_is_an_error_or_skipped(tmp_path):
    model, other = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(n)]) for n in (2, 5))
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="A total of 1 objects could not be loaded"):
        other.load_weights(tmp_path / "m.weights.h5")
    other.layers[0].set_weights([np.zeros((3, 4)), np.zeros(4)])
    with pytest.warns(UserWarning, match="could not be loaded"):
        other.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(other.layers[0].get_weights()[0], model.layers[0].get_weights()[0])


def test_objects_to_skip_stay_as_they_are(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    model.save_weights(tmp_path / "m.weights.h5")
    for layer in model.layers:
        layer.set_weights([np.full(w.shape, 7.0) for w in layer.get_weights()])
    model.load_weights(tmp_path / "m.weights.h5", objects_to_skip=[model.layers[1]])
    assert (model.layers[1].get_weights()[0] == 7).all() and not (model.layers[0].get_weights()[0] == 7).any()


class Holder(keras.Model):
    """A subclass with layers in nested containers and files of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [[keras.layers.Dense(2), keras.layers.Dense(2)], {"a": keras.layers.Dense(2)}]
        self.words = "one two"

    def call(self, x):
        return self.blocks[1]["a"](self.blocks[0][1](self.blocks[0][0](x)))

    def save_assets(self, folder):
        (Path(folder) / "words.txt").write_text(self.words)

    def load_assets(self, folder):
        self.words = (Path(folder) / "words.txt").read_text()


def test_containers_assets_and_custom_objects(tmp_path):
    model = Holder()
    model.build((None, 2))
    model.words = "three"
    assert [path for path, _ in walk(model)] == [
        "",
        "blocks/container/dense",
        "blocks/container/dense_1",
        "blocks/container_1/dense",
    ]
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"Holder": Holder})
    assert same(model, again) and again.words == "three"
    with pytest.raises(TypeError, match="Holder"):
        keras.saving.load_model(tmp_path / "m.keras")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_only_if_wanted(tmp_path, monkeypatch):
    model = small()
    path = tmp_path / "m.npz"
    path.write_bytes(b"old")
    monkeypatch.setattr("builtins.input", lambda _: "n")
    keras.saving.save_weights(model, path, overwrite=False)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x"])
def test_names_outside_of_the_folder_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match="outside"):
        inside(tmp_path, name)


def test_an_archive_whose_assets_escape_is_refused(tmp_path):
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("assets/../../../escaped", b"x")
    with pytest.raises(ValueError, match="outside"):
        keras.saving.load_model(path)


def test_links_in_weights_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "a") as h5:
        del h5["layers/dense/vars/0"]
        h5["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(ValueError, match="ExternalLink"):
        model.load_weights(path)


def test_lambdas_are_refused_in_safe_mode(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: 2 * x)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="safe_mode=False"):
        keras.saving.load_model(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(again.predict(np.ones((1, 3)), verbose=0), [[2, 2, 2]])


def test_errors_name_what_to_do(tmp_path, monkeypatch):
    model = small()
    with pytest.raises(ValueError, match=r"must end in `\.weights\.h5`"):
        model.save_weights(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"add a `\.keras` extension"):
        model.save(tmp_path / "m.tf")
    with pytest.raises(ValueError, match="File not found"):
        keras.saving.load_model(tmp_path / "no.keras")
    with pytest.raises(ValueError, match="File format not supported"):
        keras.saving.load_model(tmp_path / "no.h5")
    with pytest.raises(ValueError, match="not yet been built"):
        keras.Sequential([keras.layers.Dense(1)]).save_weights(tmp_path / "m.npz")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({}))
    with pytest.raises(ValueError, match=r"has no config\.json"):
        keras.saving.load_model(tmp_path / "empty.keras")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"gputape\[files\]"):
        model.save_weights(tmp_path / "m.weights.h5")
    assert not list(tmp_path.glob("*.tmp"))


def test_lists_that_properties_make_anew_are_told_apart():
    class Holder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self._inner = keras.layers.Dense(1)

        @property
        def numbers(self):
            return [1, 2]

        @property
        def parts(self):
            return [self._inner]

    paths = [path for path, _ in walk(keras.Sequential([Holder() for _ in range(20)]))]
    assert sum(path.endswith("parts/dense") for path in paths) == 20
