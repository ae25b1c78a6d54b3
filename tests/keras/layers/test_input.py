import pytest

from gputape import keras
from gputape.keras.layers import InputLayer


def test_shapes_and_names():
    x = keras.Input((3, None), name="x")
    assert (x.shape, x.dtype, x.name) == ((None, 3, None), "float32", "x")
    assert keras.Input((2,), batch_size=4, dtype="int32").shape == (4, 2)
    assert keras.Input(batch_shape=(None,)).shape == (None,)
    layer = InputLayer(shape=(3,), name="layer")
    assert layer.output is x or layer.output.shape == (None, 3)
    assert InputLayer.from_config(layer.get_config()).batch_shape == (None, 3)
    inner = keras.KerasTensor((4, 3))
    assert InputLayer(input_tensor=inner).output is inner


@pytest.mark.parametrize(
    "kwargs, told",
    [
        ({}, "must pass a `shape`"),
        ({"shape": (2,), "batch_shape": (1, 2)}, "both `shape` and `batch_shape`"),
        ({"batch_size": 1, "batch_shape": (1, 2)}, "both `batch_size` and `batch_shape`"),
        ({"shape": (2,), "tensor": keras.KerasTensor((1, 3))}, "incompatible `shape`"),
        ({"dtype": "int32", "tensor": keras.KerasTensor((1, 3))}, "incompatible `dtype`"),
        ({"tensor": 3}, "must be a KerasTensor"),
        ({"shape": (2,), "ragged": True}, "not supported"),
        ({"shape": (2,), "colour": 1}, "Unrecognized keyword"),
    ],
)
def test_refusals(kwargs, told):
    with pytest.raises(ValueError, match=told):
        keras.Input(**kwargs)
