"""tf.saved_model: what is saved, what comes back without its class, and what cannot be saved."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

OPEN = tf.TensorSpec([None, 3])


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([[1.0], [2.0], [3.0]], name="w")
        self.parts = [tf.Variable(10.0, trainable=False), {"k": tf.Variable([b"a"])}]
        self.calls = tf.Variable(0)

    @tf.function(input_signature=[OPEN])
    def __call__(self, x):
        self.calls.assign_add(1)
        return x @ self.w + self.parts[0]

    @tf.function
    def pair(self, x, y):
        return {"sum": x + y, "more": (x * 2.0, y[0])}


def reloaded(obj, folder, **kwargs):
    tf.saved_model.save(obj, folder, **kwargs)
    return tf.saved_model.load(folder)


@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_a_module_for_any_number_of_rows(tmp_path, rows):
    linear = Linear()
    loaded = reloaded(linear, tmp_path)
    x = np.arange(3.0 * rows, dtype="float32").reshape(rows, 3)
    np.testing.assert_array_equal(loaded(x).numpy(), linear(x).numpy())
    assert int(loaded.calls) == 1 and type(loaded).__name__ != "Linear"


def test_variables_come_back(tmp_path):
    loaded = reloaded(Linear(), tmp_path)
    assert [v.name for v in loaded.trainable_variables if v.name == "w:0"] == ["w:0"]
    assert loaded.parts[0].numpy() == 10.0 and not loaded.parts[0].trainable
    assert loaded.parts[1]["k"].numpy().tolist() == [b"a"]
    assert len(loaded.variables) == 4


def test_gradients_and_training_of_what_was_loaded(tmp_path):
    loaded, x = reloaded(Linear(), tmp_path), tf.ones([2, 3])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(loaded(x))
    np.testing.assert_array_equal(tape.gradient(y, loaded.w).numpy(), [[2.0]] * 3)
    loaded.w.assign(tf.zeros([3, 1]))
    assert loaded(x).numpy().tolist() == [[10.0], [10.0]]


def test_structures_of_arguments_and_results(tmp_path):
    linear = Linear()
    linear.pair(tf.constant([1.0]), tf.constant([2.0]))
    linear.pair(tf.constant([1.0, 2.0]), tf.constant([2.0, 3.0]))
    loaded = reloaded(linear, tmp_path)
    made = loaded.pair(tf.constant([1.0, 2.0]), tf.constant([5.0, 6.0]))
    assert made["sum"].numpy().tolist() == [6.0, 8.0] and made["more"][1].numpy() == 5.0
    with pytest.raises(ValueError, match="Could not find matching concrete function"):
        loaded.pair(tf.zeros([3]), tf.zeros([3]))


def test_signatures(tmp_path):
    linear = Linear()

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="features")])
    def predict(x):
        return {"scores": linear(x)}

    both = {"serving_default": predict, "call": linear.__call__.get_concrete_function(tf.TensorSpec([2, 3]))}
    loaded = reloaded(linear, tmp_path, signatures=both)
    assert sorted(loaded.signatures) == ["call", "serving_default"]
    serve = loaded.signatures["serving_default"]
    assert serve(features=tf.ones([1, 3]))["scores"].numpy().tolist() == [[16.0]]
    assert list(loaded.signatures["call"](tf.ones([2, 3]))) == ["output_0"]
    with pytest.raises(TypeError, match="features"):
        serve(x=tf.ones([1, 3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="wants"):
        serve(features=tf.ones([1, 4]))


def test_a_keras_model(tmp_path):
    inputs = keras.Input((4, 4, 2), name="image")
    x = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(keras.layers.Dropout(0.5)(x)))
    loaded = reloaded(model, tmp_path)
    image = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
    np.testing.assert_allclose(loaded(image).numpy(), model(image).numpy(), rtol=1e-6)
    served = loaded.signatures["serving_default"](image=image)["output_0"]
    np.testing.assert_allclose(served.numpy(), model(image).numpy(), rtol=1e-6)


def test_sizes_in_reshapes_and_constants(tmp_path):
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4])])
    def f(x):
        rows, columns = x.shape[0], x.shape[1]
        flat = tf.reshape(x, [rows * columns * 2, 2]) + tf.ones([rows * columns * 2, 1])
        return tf.reduce_mean(flat, 0), tf.cast(tf.range(columns), tf.float32) + x[:, :, 0]

    module.f = f
    loaded = reloaded(module, tmp_path)
    for shape in ((1, 2, 4), (5, 3, 4)):
        x = np.random.default_rng(1).normal(size=shape).astype("float32")
        for a, b in zip(loaded.f(x), f(x), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


def test_what_cannot_be_saved(tmp_path):
    module, stranger = tf.Module(), tf.Variable(1.0)

    def saving(f, spec=OPEN):
        module.f = tf.function(f, input_signature=[spec])
        tf.saved_model.save(module, tmp_path)

    with pytest.raises(ValueError, match="cannot be replayed"):
        saving(lambda x: x if x[0, 0] > 0 else -x)
    with pytest.raises(AssertionError, match="untracked"):
        saving(lambda x: x * stranger)
    with pytest.raises(ValueError, match="sizes of None"):
        saving(lambda x: x * float(x.shape[0] ** 2))
    with pytest.raises(ValueError, match="without an input_signature"):
        tf.saved_model.save(module, tmp_path, signatures=tf.function(lambda x: x))


def test_errors_of_loading(tmp_path):
    assert not tf.saved_model.contains_saved_model(tmp_path)
    with pytest.raises(OSError, match="SavedModel file does not exist"):
        tf.saved_model.load(tmp_path)
    loaded = reloaded(tf.Module(), tmp_path)
    assert tf.saved_model.contains_saved_model(tmp_path)
    with pytest.raises(TypeError, match="no saved __call__"):
        loaded(1.0)
    (tmp_path / "saved_model.json").write_text("{}")
    with pytest.raises(OSError, match="not a saved model"):
        tf.saved_model.load(tmp_path)


def test_open_sizes_of_one_axis_are_one_size(tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda x, y: x + y, input_signature=[OPEN, OPEN])
    loaded = reloaded(module, tmp_path)
    assert loaded.f(tf.ones([4, 3]), tf.ones([4, 3])).shape == (4, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="sizes 4 and 1 along axis 0"):
        loaded.f(tf.ones([4, 3]), tf.ones([1, 3]))


def test_tensors_of_unknown_rank_may_have_any_up_to_four_axes(tmp_path):
    class Scale(tf.Module):
        def __init__(self):
            self.factor = tf.Variable(2.0)

        @tf.function
        def __call__(self, x):
            print("recording", x)
            return x * self.factor

    module = Scale()
    call = module.__call__.get_concrete_function(tf.TensorSpec(None, tf.float32))
    tf.saved_model.save(module, tmp_path, signatures=call)
    loaded = tf.saved_model.load(tmp_path)
    serve = loaded.signatures["serving_default"]
    for shape in ((), (3,), (2, 5), (1, 2, 3, 4)):
        x = tf.ones(shape)
        np.testing.assert_array_equal(loaded(x), 2 * np.ones(shape, np.float32))
        np.testing.assert_array_equal(serve(x=x)["output_0"], loaded(x))
    assert serve.structured_outputs == {"output_0": tf.TensorSpec(None, tf.float32, "output_0")}
    with pytest.raises(ValueError, match="Could not find matching"):
        loaded(tf.ones([1] * 5))


def test_every_call_is_saved_with_its_plain_arguments_and_keywords(tmp_path):
    class Module(tf.Module):
        @tf.function
        def __call__(self, x, training=False):
            return x * 2.0 if training else tf.reduce_sum(x)

    module = Module()
    module([[1.0, 2.0]])
    module(tf.ones([2]), training=True)
    module.__call__.get_concrete_function(x=tf.TensorSpec([None], tf.float32))
    tf.saved_model.save(module, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    assert loaded([[1.0, 2.0]]).numpy() == 3.0
    assert loaded(tf.ones([2]), True).numpy().tolist() == [2.0, 2.0]
    assert loaded(x=tf.ones([7]), training=False).numpy() == 7.0
    with pytest.raises(ValueError, match="Could not find matching"):
        loaded(tf.ones([3]), training=True)


def test_a_signature_that_cannot_be_saved_is_left_out_with_a_warning(tmp_path, caplog):
    class Module(tf.Module):
        @tf.function
        def __call__(self, x):
            return x if x.dtype == tf.float32 or x > 0 else -x

    module = Module()
    module(tf.constant(1.0))
    module(tf.constant(1))
    tf.saved_model.save(module, tmp_path)
    assert "is left out" in caplog.text and "read into Python" in caplog.text
    assert tf.saved_model.load(tmp_path)(tf.constant(3.0)).numpy() == 3.0


def test_functions_of_strings(tmp_path):
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def lower(self, text):
            return tf.strings.lower(text), tf.strings.length(text)

    tf.saved_model.save(Module(), tmp_path)
    lower, length = tf.saved_model.load(tmp_path).lower(tf.constant(["Ab", "C", ""]))
    assert lower.numpy().tolist() == [b"ab", b"c", b""] and length.numpy().tolist() == [2, 1, 0]
