"""Activations, constraints, regularizers, losses and metrics by name, by config and as objects; what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import activations, constraints, losses, metrics, regularizers

MODULES = (activations, constraints, losses, metrics, regularizers)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_wrong_identifiers(module):
    for wrong in ("no such thing", 3):
        with pytest.raises(ValueError, match="Could not interpret"):
            module.get(wrong)


def test_none_and_callables():
    assert activations.get(None) is activations.linear
    for module in (constraints, losses, metrics, regularizers):
        assert module.get(None) is None
        assert module.get(len) is len


def test_activations_are_saved_by_name():
    for name in ("relu", "softmax", "swish", "gelu"):
        function = activations.get(name)
        saved = activations.serialize(function)
        assert isinstance(saved, str) and activations.deserialize(saved) is function is activations.get(saved)


def test_activation_properties():
    x = tf.constant([[0.1, 0.9, -2.0], [3.0, 1.0, 2.5]])
    for axis in (0, 1, -1):
        y = activations.sparsemax(x, axis=axis).numpy()
        np.testing.assert_allclose(y.sum(axis), 1.0, rtol=1e-6)
        assert (y >= 0).all() and (y == 0).any()
    np.testing.assert_allclose(activations.sparsemax(x).numpy()[0], [0.1, 0.9, 0.0], atol=1e-6)
    np.testing.assert_allclose(tf.reduce_sum(activations.softmax(x, axis=[0, 1])).numpy(), 1.0, rtol=1e-6)
    np.testing.assert_allclose(
        activations.log_softmax(x, axis=(0, 1)).numpy(), np.log(activations.softmax(x, (0, 1))), 1e-5
    )
    with pytest.raises(ValueError, match="divisible by 2"):
        activations.glu(x)


def test_activations_take_lists_arrays_and_symbolic_tensors():
    rows = [[0.5, -1.0, 2.0, 4.0]]
    for name in (
        "relu",
        "softmax",
        "sparsemax",
        "glu",
        "hard_silu",
        "mish",
        "squareplus",
        "soft_shrink",
        "sparse_plus",
    ):
        function = activations.get(name)
        expected = function(tf.constant(rows)).numpy()
        np.testing.assert_array_equal(function(rows).numpy(), expected)
        np.testing.assert_array_equal(function(np.array(rows, "float32")).numpy(), expected)
        x = keras.Input((4,))
        np.testing.assert_array_equal(keras.Model(x, function(x))(tf.constant(rows)).numpy(), expected)


def test_constraints_and_regularizers_by_name():
    for module, names in (
        (constraints, ("max_norm", "MaxNorm", "non_neg", "unit_norm", "min_max_norm")),
        (regularizers, ("l1", "l2", "l1_l2", "L1L2", "orthogonal_regularizer")),
    ):
        for name in names:
            one = module.get(name)
            assert module.get(module.serialize(one)).get_config() == one.get_config()
    for wrong in (-1.0, "a", float("nan")):
        with pytest.raises(ValueError, match="non-negative"):
            regularizers.L2(wrong)
    with pytest.raises(ValueError, match="mode"):
        regularizers.OrthogonalRegularizer(mode="all")
    with pytest.raises(ValueError, match="rank 2"):
        regularizers.OrthogonalRegularizer()(tf.ones(3))
    x = keras.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        penalty = regularizers.L1L2(0.5, 0.25)(x)
    np.testing.assert_allclose(tape.gradient(penalty, x).numpy(), [[1.0, 1.5]])
