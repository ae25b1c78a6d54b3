"""Classes drawn at random: all within the range, in the right proportions, anew at each call."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import candidate
from gputape.registry import OPS
from tests.ops.declared import declared

WEIGHTS = np.array([1.0, 0.0, 2.0, 5.0])
RATES = {
    "uniform": np.full(4, 0.25),
    "log_uniform": np.log(np.arange(2, 6) / np.arange(1, 5)) / np.log(5),
    "weighted": WEIGHTS / 8,
}


def draw(state, distribution, count, unique):
    how = {"distribution": distribution, "range_max": 4, "count": count, "unique": unique}
    return OPS["draw_candidates"](state, np.cumsum(WEIGHTS), **how)


def test_every_op_is_here():
    assert declared(candidate) == {"draw_candidates"}


@pytest.mark.parametrize("distribution", RATES)
def test_proportions(distribution):
    found, tries = draw(tf.random.Generator.from_seed(1)._state, distribution, 20_000, False)
    rates = np.bincount(found, minlength=4) / 20_000
    np.testing.assert_allclose(rates, RATES[distribution], atol=0.02)
    assert tries.numpy() == 20_000 and found.dtype == tf.int64


@pytest.mark.parametrize("distribution", RATES)
def test_without_repetition(distribution):
    state = tf.random.Generator.from_seed(2)._state
    found, tries = draw(state, distribution, 3, True)
    assert len(set(found.numpy().tolist())) == 3 and tries.numpy() >= 3
    if distribution == "weighted":
        assert 1 not in found.numpy()


def test_every_call_draws_anew_and_a_seed_repeats():
    state, again = (tf.random.Generator.from_seed(3)._state for _ in range(2))
    first, second = (draw(state, "uniform", 50, False)[0].numpy() for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(draw(again, "uniform", 50, False)[0], first)
