from __future__ import annotations

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import initializers

RANDOM = ("RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "GlorotUniform", "GlorotNormal")
RANDOM = (*RANDOM, "LecunNormal", "LecunUniform", "HeNormal", "HeUniform", "Orthogonal")


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "bfloat16"])
@pytest.mark.parametrize("name", [*RANDOM, "Zeros", "Ones", "Constant", "Identity"])
def test_shape_and_dtype(name, dtype):
    x = getattr(initializers, name)()((3, 5), dtype=dtype)
    assert tuple(x.shape) == (3, 5) and x.dtype == dtype


@pytest.mark.parametrize("name", RANDOM)
def test_seeds_and_configs(name):
    kind = getattr(initializers, name)
    one = kind(seed=3)
    np.testing.assert_array_equal(one((4, 6)).numpy(), one((4, 6)).numpy())
    np.testing.assert_array_equal(one((4, 6)).numpy(), kind.from_config(one.get_config())((4, 6)).numpy())
    assert (one((4, 6)).numpy() != kind(seed=4)((4, 6)).numpy()).any()
    assert (kind()((4, 6)).numpy() != kind()((4, 6)).numpy()).any()
    assert type(initializers.get(initializers.serialize(one))) is kind
    with pytest.raises(ValueError, match="seed"):
        kind(seed="1")


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("GlorotUniform", 2 / 300),
        ("GlorotNormal", 2 / 300),
        ("LecunNormal", 1 / 100),
        ("LecunUniform", 1 / 100),
        ("HeNormal", 2 / 100),
        ("HeUniform", 2 / 100),
        ("RandomNormal", 0.05**2),
        ("RandomUniform", 0.1**2 / 12),
        ("TruncatedNormal", (0.05 * 0.8796) ** 2),
    ],
)
def test_variances(name, variance):
    x = getattr(initializers, name)(seed=1)((100, 200)).numpy()
    assert abs(x.mean()) < 0.02 * np.sqrt(variance)
    np.testing.assert_allclose(x.var(), variance, rtol=0.03)


def test_orthogonal_matrices():
    for shape in ((4, 7), (7, 4), (2, 3, 4), (5, 5)):
        q = initializers.Orthogonal(gain=2.0, seed=1)(shape).numpy().reshape(-1, shape[-1])
        product = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)
    with pytest.raises(ValueError, match="two-dimensional"):
        initializers.Orthogonal()((3,))


def test_variance_scaling_modes_and_errors():
    kind = initializers.VarianceScaling
    for mode, fan in (("fan_in", 50), ("fan_out", 200), ("fan_avg", 125)):
        for distribution in ("uniform", "normal", "untruncated_normal"):
            x = kind(2.0, mode, distribution, seed=5)((50, 200)).numpy()
            np.testing.assert_allclose(x.var(), 2.0 / fan, rtol=0.06)
    assert initializers.compute_fans(()) == (1, 1) and initializers.compute_fans((3,)) == (3, 3)
    assert initializers.compute_fans((2, 3, 5), input_axes=(0, 1), output_axes=(2,)) == (6, 5)
    for wrong in ({"scale": 0.0}, {"mode": "fan"}, {"distribution": "gamma"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            kind(**wrong)


def test_fixed_values():
    np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)).numpy(), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)).numpy(), [[2, 0, 0], [0, 2, 0]])
    with pytest.raises(ValueError, match="2D"):
        initializers.Identity()((2,))
    given = initializers.get(np.arange(3))
    np.testing.assert_array_equal(given((3,), dtype="int32").numpy(), [0, 1, 2])
    with pytest.raises(ValueError, match="shape"):
        given((4,))
    assert keras.Variable(initializers.get(tf.ones(2)), shape=(2,)).numpy().tolist() == [1, 1]
    for wrong in ({"side": "left"}, {"window": "none"}, {"scaling": "half"}):
        with pytest.raises(ValueError, match=next(iter(wrong.values()))):
            initializers.STFT(**wrong)


def test_identifiers():
    assert initializers.get(None) is None
    for name in ("zeros", "zero", "ones", "normal", "uniform", "he_normal", "HeNormal", "orthogonal", "identity"):
        assert isinstance(initializers.get(name), initializers.Initializer)
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    for wrong in ("nothing", 3):
        with pytest.raises(ValueError, match="initializer"):
            initializers.get(wrong)
    clone = initializers.RandomNormal(2.0, seed=1).clone()
    assert clone.mean == 2.0
