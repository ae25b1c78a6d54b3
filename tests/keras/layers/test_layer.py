import copy
import pickle

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import layers
from gputape.keras.backend import get_keras_mask, set_keras_mask
from gputape.keras.layers import InputSpec

X = np.ones((2, 3), "float32")


class Scale(layers.Layer):
    """A layer of one variable, with a call that knows training and masks."""

    def __init__(self, start=2.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(self.start), name="f"
        )

    def call(self, x, training=None, mask=None):
        self.seen = (training, mask)
        return x * self.factor


class Block(layers.Layer):
    """A layer of layers that it makes no `build` for."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Scale()
        self.rest = [Scale(), {"last": Scale(trainable=False)}]

    def call(self, x):
        for layer in (self.first, self.rest[0], self.rest[1]["last"]):
            x = layer(x)
        return x


def test_built_on_the_first_call():
    layer = Scale(name="scale")
    assert not layer.built and layer.weights == [] and layer.path is None
    assert layer(X).numpy().tolist() == (2 * X).tolist()
    assert layer.built and layer.path == "scale" and [w.path for w in layer.weights] == ["scale/f"]
    assert layer.get_build_config() == {"input_shape": (2, 3)}
    again = Scale()
    again.build_from_config(layer.get_build_config())
    assert again.factor.shape == (3,)


def test_state_of_layers_inside():
    block = Block(name="block")
    block(X)
    assert [w.path for w in block.weights] == [f"block/{n}/f" for n in (block.first.name, *_names(block))]
    assert len(block.trainable_variables) == 2 and len(block.non_trainable_weights) == 1
    block.trainable = False
    assert block.trainable_variables == [] and not block.first.trainable
    block.trainable = True
    assert len(block.trainable_variables) == 3 and block.count_params() == 9
    values = [w + 1 for w in block.get_weights()]
    block.set_weights(values)
    np.testing.assert_array_equal(block.first.factor, values[0])
    with pytest.raises(ValueError, match="expecting 3 weights"):
        block.set_weights(values[:1])
    with pytest.raises(ValueError, match="not compatible"):
        block.set_weights([*values[:2], np.ones(7)])


def _names(block):
    return block.rest[0].name, block.rest[1]["last"].name


def test_no_state_after_build():
    layer = Scale()
    layer(X)
    with pytest.raises(ValueError, match="already built"):
        layer.late = layers.Dense(1)
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=())
    del layer.factor
    assert layer.weights == []


def test_add_weight_in_both_orders():
    class Weights(layers.Layer):
        def __init__(self):
            super().__init__()
            self.a = self.add_weight((2,), "ones", "float16")
            self.b = self.add_weight("b", (3,), "float32", "zeros", None, False)
            self.c = self.add_weight(name="c", shape=[1], dtype="int32")
            self.plain = tf.Variable(1.0)

    layer = Weights()
    assert (layer.a.dtype, layer.b.name, layer.b.trainable, layer.c.numpy().tolist()) == ("float16", "b", False, [0])
    assert len(layer.weights) == 4 and any(w is layer.plain for w in layer.trainable_weights)
    with pytest.raises(ValueError, match="both positionally"):
        layer.add_weight((2,), shape=(2,))


def test_arguments_of_the_base():
    with pytest.raises(ValueError, match="Unrecognized keyword"):
        Scale(unknown=1)
    with pytest.raises(ValueError, match="boolean"):
        Scale(trainable=1)

    class Forgot(layers.Layer):
        def __init__(self):
            self.inner = layers.Dense(1)

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Forgot()(X)
    with pytest.raises(ValueError, match="keyword argument"):
        Scale()(X, True)
    with pytest.raises(NotImplementedError, match="call"):
        layers.Layer()(X)


@pytest.mark.parametrize(
    "spec, shape, told",
    [
        (InputSpec(ndim=2), (2, 3, 4), "expected ndim=2, found ndim=3"),
        (InputSpec(min_ndim=3), (2, 3), "expected min_ndim=3"),
        (InputSpec(max_ndim=1), (2, 3), "expected max_ndim=1"),
        (InputSpec(axes={-1: 4}), (2, 3), "expected axis -1"),
        (InputSpec(shape=(None, 5)), (2, 3), r"expected shape=\(None, 5\), found shape=\(2, 3\)"),
        (InputSpec(dtype="int32"), (2, 3), "expected dtype=int32, found dtype=float32"),
        ([InputSpec(), InputSpec()], (2, 3), r"expects 2 input\(s\), but it received 1"),
    ],
)
def test_input_specs(spec, shape, told):
    layer = layers.Identity()
    layer.input_spec = spec
    with pytest.raises(ValueError, match=told):
        layer(np.ones(shape, "float32"))


def test_training_reaches_the_layers_inside_and_no_further():
    inner, after = Scale(), Scale()

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner, self.after = inner, after

        def call(self, x, fixed=False):
            return self.after(self.inner(x, training=True) if fixed else self.inner(x))

    outer = Outer()
    for training in (True, False, None):
        outer(X, training=training)
        assert inner.seen[0] is training and after.seen[0] is training
    outer(X, fixed=True, training=False)
    assert inner.seen[0] is True and after.seen[0] is False


def test_masks_travel():
    mask = tf.constant([True, False])
    x = tf.constant(X)
    set_keras_mask(x, mask)
    layer = Scale()
    layer.supports_masking = True
    y = layer(x)
    assert layer.seen[1] is mask and get_keras_mask(y) is mask
    assert get_keras_mask(layers.Dense(1, dtype="float64")(y)) is mask, "a cast keeps the mask"
    with pytest.warns(UserWarning, match="does not support masking"):
        assert get_keras_mask(Scale()(x)) is None

    class Pair(layers.Layer):
        def call(self, query, value, query_mask=None, value_mask=None):
            self.masks = query_mask, value_mask
            return query

    pair = Pair()
    with pytest.warns(UserWarning):
        pair(x, tf.ones((2, 3)))
    assert pair.masks[0] is mask and pair.masks[1] is None


def test_losses():
    class Penalty(layers.Layer):
        def __init__(self):
            super().__init__(activity_regularizer=keras.regularizers.L2(0.5))
            self.dense = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L1(1.0))

        def call(self, x):
            self.add_loss(tf.reduce_sum(x))
            return self.dense(x)

    layer = Penalty()
    for _ in range(2):  # the losses of the last call only
        layer(X)
        assert [float(loss) for loss in layer.losses] == [6.0, 0.5 * 18 / 2, 3.0]
    with pytest.raises(ValueError, match="invalid value"):
        layer.add_loss("no tensor")


def test_shapes_of_custom_layers():
    class Pairs(layers.Layer):
        def call(self, inputs):
            return {"sum": inputs["a"] + inputs["b"], "parts": [inputs["a"][:, :1]]}

    out = Pairs()({"a": keras.Input((4,)), "b": keras.Input((4,))})
    assert (out["sum"].shape, out["parts"][0].shape) == ((None, 4), (None, 1))

    class Wrong(layers.Layer):
        def call(self, x):
            return x

        def compute_output_shape(self, input_shape):
            return 3

    with pytest.raises(ValueError, match="cannot be interpreted as a shape"):
        Wrong()(keras.Input((3,)))


def test_build_by_several_shapes():
    class Two(layers.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = a_shape, b_shape

        def call(self, a, b=None):
            return a

    layer = Two()
    layer(X, b=np.ones((5,), "float32"))
    assert layer.shapes == ((2, 3), (5,)) and layer.get_build_config() == {
        "shapes_dict": {"a_shape": (2, 3), "b_shape": (5,)}
    }

    class Misnamed(layers.Layer):
        def build(self, a, b):
            pass

        def call(self, a, b):
            return a

    with pytest.raises(ValueError, match="_shape"):
        Misnamed()(X, X)


def test_errors_tell_the_layer_and_its_arguments():
    class Wrong(layers.Layer):
        def call(self, x, factor=3):
            return tf.matmul(x, tf.ones((7, 7)))

    with pytest.raises(tf.errors.InvalidArgumentError) as told:
        Wrong(name="bad")(X, factor=4)
    text = str(told.value)
    assert (
        "Wrong.call(), layer 'bad'" in text
        and "x=tf.Tensor(shape=(2, 3), dtype=float32)" in text
        and "factor=4" in text
    )


def test_configs():
    layer = Scale(start=5.0, name="s", dtype="float64", trainable=False)
    again = Scale.from_config(layer.get_config())
    assert (again.start, again.name, again.dtype, again.trainable) == (5.0, "s", "float64", False)

    class Opaque(layers.Layer):
        def __init__(self, function):
            super().__init__()
            self.function = function

    with pytest.raises(NotImplementedError, match="get_config"):
        Opaque(len).get_config()
    with pytest.raises(TypeError, match="Error when deserializing class 'Scale'"):
        Scale.from_config({"nonsense": 1})


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_copies(duplicate):
    layer = layers.Dense(2, name="d")
    layer(X)
    other = duplicate(layer)
    np.testing.assert_array_equal(other(X), layer(X))
    other.bias.assign([1.0, 1.0])
    assert layer.bias.numpy().tolist() == [0.0, 0.0] and other.name == "d"


def test_saved_variables():
    layer, other = Scale(), Scale()
    layer(X), other(X)
    layer.factor.assign([5.0, 6.0, 7.0])
    store = {}
    layer.save_own_variables(store)
    other.load_own_variables(store)
    assert other.factor.numpy().tolist() == [5.0, 6.0, 7.0]
    with pytest.raises(ValueError, match="never built"):
        Scale().load_own_variables(store)


def test_stateless_call():
    layer = Scale()
    layer(X)
    with tf.GradientTape() as tape:
        value = tf.constant([1.0, 2.0, 3.0])
        tape.watch(value)
        y, others = layer.stateless_call([value], [], X)
    assert y.numpy()[0].tolist() == [1.0, 2.0, 3.0] and others == [] and layer.factor.numpy()[0] == 2.0
    assert tape.gradient(y, value).numpy().tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(ValueError, match="expected 1 variables"):
        layer.stateless_call([], [], X)


def test_the_call_works_inside_a_recorded_function():
    layer = Block()

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True))
        return loss, tape.gradient(loss, layer.trainable_variables)

    for x in (X, 2 * X):
        loss, gradients = step(tf.constant(x))
        assert float(loss) == pytest.approx(8 * x.sum()) and len(gradients) == 2


def test_ragged_and_sparse_tensors_are_inputs():
    class Twice(keras.layers.Layer):
        def call(self, x):
            return x * 2

    ragged = tf.ragged.constant([[1], [2, 3]])
    assert Twice()(ragged).to_list() == [[2], [4, 6]]
    assert not keras.backend.is_keras_tensor(ragged) and keras.backend.is_keras_tensor(keras.Input((2,)))
    sparse = tf.sparse.from_dense([[0.0, 1.0]])
    assert tf.sparse.to_dense(keras.layers.Identity()(sparse)).numpy().tolist() == [[0.0, 1.0]]
