"""The losses' base class, their arguments and errors, and what numbers cannot show. Values: test_parts.py."""

from __future__ import annotations

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import losses
from gputape.keras.scopes import set_keras_mask
from gputape.testing import check_gradients

CLASSES = [n for n in losses.__all__ if n[0].isupper() and n not in ("Loss", "Reduction", "LossFunctionWrapper", "CTC")]
CLASSES = [n for n in CLASSES if isinstance(getattr(losses, n), type)]


@pytest.mark.parametrize("name", CLASSES)
def test_configs_round_trip(name):
    loss = getattr(losses, name)(reduction="sum", name="mine")
    again = losses.get(losses.serialize(loss))
    assert type(again) is type(loss) and again.get_config() == loss.get_config() and again.name == "mine"
    assert losses.get(name).get_config().keys() == loss.get_config().keys()


def test_names_of_functions():
    for name in ("mse", "MSE", "mae", "kld", "bce", "BCE", "mean_squared_error", "sparse_categorical_crossentropy"):
        assert callable(losses.get(name))
    assert losses.get("mse") is losses.mean_squared_error is losses.MSE
    wrapped = losses.LossFunctionWrapper(losses.huber, delta=2.0)
    assert losses.LossFunctionWrapper.from_config(wrapped.get_config())._fn_kwargs == {"delta": 2.0}


def test_reductions():
    y = tf.constant([[0.0], [0.0]]), tf.constant([[1.0], [3.0]])
    for reduction, expected in (("auto", 5), ("mean", 5), ("sum", 10), (losses.Reduction.SUM_OVER_BATCH_SIZE, 5)):
        assert float(losses.MeanSquaredError(reduction=reduction)(*y)) == expected
    for reduction in (None, "none", losses.Reduction.NONE):
        np.testing.assert_array_equal(losses.MeanSquaredError(reduction=reduction)(*y).numpy(), [1, 9])
    weighted = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert float(weighted(*y, sample_weight=[3.0, 1.0])) == 3.0
    with pytest.raises(ValueError, match="reduction"):
        losses.MeanSquaredError(reduction="median")
    losses.Reduction.validate("auto")
    with pytest.raises(ValueError, match="Invalid Reduction Key"):
        losses.Reduction.validate("median")


def test_masks_leave_samples_out():
    y_true, y_pred = tf.zeros((3, 1)), tf.constant([[1.0], [2.0], [3.0]])
    set_keras_mask(y_pred, tf.constant([True, False, True]))
    assert float(losses.MeanSquaredError()(y_true, y_pred)) == 5.0
    assert float(losses.MeanSquaredError(reduction="sum")(y_true, y_pred)) == 10.0
    assert float(losses.MeanSquaredError(reduction="sum")(y_true, y_pred, sample_weight=[1.0, 1.0, 2.0])) == 19.0


def test_dtypes():
    y = [[0, 1]], [[1, 1]]
    assert losses.MeanSquaredError()(*y).dtype == "float32"
    assert losses.MeanSquaredError(dtype="float64")(*y).dtype == "float64"
    assert losses.MeanSquaredError(dtype="float16")(np.zeros((2, 2)), np.ones((2, 2))).dtype == "float16"
    assert losses.mean_squared_error(np.zeros((2, 2)), np.ones((2, 2), "float64")).dtype == "float64"


def test_structures_of_outputs():
    class Pair(losses.Loss):
        def call(self, y_true, y_pred):
            return tf.abs(y_true["a"] - y_pred["a"]) + tf.abs(y_true["b"] - y_pred["b"])

    value = Pair()({"a": np.zeros(2), "b": np.zeros(2)}, {"a": np.ones(2), "b": np.ones(2)})
    assert float(value) == 2.0
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()([1.0], [1.0])


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_shapes_must_agree(name, from_logits):
    y_true = np.zeros((4, 3)) if name != "sparse_categorical_crossentropy" else np.zeros(3, "int32")
    with pytest.raises(ValueError, match="same shape"):
        getattr(losses, name)(y_true, np.ones((4, 2), "float32"), from_logits=from_logits)


def test_other_errors():
    with pytest.raises(ValueError, match="axis=-1"):
        losses.sparse_categorical_crossentropy([0], [[0.5, 0.5]], axis=0)
    with pytest.raises(ValueError, match="axis"):
        losses.categorical_crossentropy([[0, 1]], [[0.5, 0.5]], axis=True)
    with pytest.warns(SyntaxWarning, match="num_classes > 1"):
        losses.categorical_crossentropy([[1]], [[0.5]])
    with pytest.raises(ValueError, match="q must be"):
        losses.CategoricalGeneralizedCrossEntropy(1.5)
    with pytest.raises(ValueError, match=r"rank|shape"):
        losses.ctc(np.zeros(3, "int32"), np.zeros((3, 2, 2), "float32"))
    with pytest.raises(tf.errors.InvalidArgumentError), tf.device("/CPU:0"):
        losses.sparse_categorical_crossentropy([3], [[0.5, 0.5]], from_logits=True)


def test_crossentropy_of_an_activation_is_exact():
    """A probability of 0 or 1 still has its gradient when the loss can reach the logits."""
    x = tf.constant([[200.0, 0.0]])
    for activation, loss, label in (
        (keras.activations.softmax, losses.categorical_crossentropy, [[0.0, 1.0]]),
        (keras.activations.softmax, losses.sparse_categorical_crossentropy, [1]),
        (keras.activations.sigmoid, losses.binary_crossentropy, [[0.0, 0.0]]),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(loss(label, activation(x)))
        assert float(value) > 90 and tape.gradient(value, x).numpy()[0, 0] > 0.4
    with pytest.warns(UserWarning, match="from_logits=True"):
        losses.categorical_crossentropy([[0.0, 1.0]], keras.activations.softmax(x), from_logits=True)


def test_ctc_is_the_sum_over_alignments():
    logits = np.random.RandomState(0).standard_normal((1, 4, 3)).astype("float32")
    p = np.exp(logits[0]) / np.exp(logits[0]).sum(-1, keepdims=True)
    for label in ([1], [1, 2], [1, 1], [2, 1, 2]):
        total = 0.0
        for path in np.ndindex(3, 3, 3, 3):
            merged = [c for k, c in enumerate(path) if c and (k == 0 or path[k - 1] != c)]
            total += np.prod([p[t, c] for t, c in enumerate(path)]) if merged == label else 0.0
        padded = np.array([label + [0] * (4 - len(label))], "int32")
        np.testing.assert_allclose(losses.ctc(padded, logits).numpy(), [-np.log(total)], rtol=1e-5)


def test_second_gradients():
    y, p = np.array([[1.0, 0.0, 0.0]]), np.array([[0.2, 0.5, 0.3]])
    for loss in (losses.mean_squared_error, losses.categorical_crossentropy, losses.kl_divergence, losses.log_cosh):
        check_gradients(lambda x, loss=loss: loss(y, x), p, order=2)
    check_gradients(lambda x: losses.categorical_crossentropy(y, x, from_logits=True), p, order=2)
    check_gradients(lambda x: losses.ctc(np.array([[1, 2]], "int32"), x), np.arange(12.0).reshape(1, 4, 3) / 7)
