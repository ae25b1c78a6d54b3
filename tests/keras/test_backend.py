import threading

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import backend, dtype_policies, scopes


@pytest.mark.parametrize(
    "given, name",
    [
        (None, "float32"),
        ("half", "float16"),
        (np.int64, "int64"),
        (tf.bool, "bool"),
        (float, "float32"),
        (int, "int32"),
    ],
)
def test_standardize_dtype(given, name):
    made = backend.standardize_dtype(given)
    assert made == name and type(made) is str


def test_unknown_dtypes_and_shapes():
    with pytest.raises(ValueError, match="Invalid dtype"):
        backend.standardize_dtype("float33")
    assert backend.standardize_shape([np.int64(2), None]) == (2, None)
    for shape in (None, 3, (2, -1), (2, 1.5), ("a",)):
        with pytest.raises(ValueError):
            backend.standardize_shape(shape)


# Recorded from keras.backend.result_type of Keras 3.15.
RESULTS = {
    ("bool", "int8"): "int8", ("uint8", "int8"): "int16", ("uint32", "int32"): "int64", ("uint64", "int64"): "float32",
    ("uint8", "int32"): "int32", ("int64", "float16"): "float16", ("bfloat16", "float16"): "float32",
    ("float32", "float64"): "float64", ("int32", float): "float32", ("float16", float): "float16",
    ("bool", int): "int32", ("uint8", int): "uint8", (int, float): "float32", (int,): "int32",
}  # fmt: skip


@pytest.mark.parametrize("dtypes", RESULTS)
def test_result_type(dtypes):
    assert backend.result_type(*dtypes) == RESULTS[dtypes] == backend.result_type(*reversed(dtypes))


def test_settings_are_checked_and_used(monkeypatch):
    monkeypatch.setitem(dtype_policies._global, "policy", None)  # no test before this one has chosen a policy
    try:
        keras.config.set_floatx("float64")
        assert keras.layers.Dense(1).dtype == "float64"
    finally:
        keras.config.set_floatx("float32")
    with pytest.raises(ValueError, match="floatx"):
        keras.config.set_floatx("int32")
    with pytest.raises(ValueError, match="data_format"):
        backend.standardize_data_format("channels_middle")
    assert backend.standardize_data_format("Channels_First") == "channels_first"


def test_names_count_up_until_the_session_is_cleared():
    backend.clear_session()
    assert [scopes.auto_name("LayerNorm2D") for _ in range(3)] == ["layer_norm2d", "layer_norm2d_1", "layer_norm2d_2"]
    assert backend.get_uid("x") == 1 and backend.get_uid("x") == 2
    backend.clear_session()
    assert scopes.auto_name("LayerNorm2D") == "layer_norm2d"


def test_threads_do_not_share_scopes():
    seen = []
    with scopes.name_scope("outer"):
        thread = threading.Thread(target=lambda: seen.append(scopes.current_path()))
        thread.start()
        thread.join()
        assert scopes.current_path() == "outer"
    assert seen == [""]


def test_masks_live_as_long_as_their_tensors():
    x, mask = tf.ones((2, 3)), tf.constant([True, False])
    assert scopes.get_keras_mask(x) is None
    scopes.set_keras_mask(x, mask)
    assert scopes.get_keras_mask(x) is mask
    scopes.set_keras_mask(x, None)
    assert scopes.get_keras_mask(x) is None
    scopes.set_keras_mask(x, mask)
    count = len(scopes._masks)
    del x
    assert len(scopes._masks) == count - 1
