"""Random bits: those of NumPy's Philox, on the CPU and in the kernel, at every size."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import random as family
from gputape.registry import OPS
from tests.ops.declared import declared

KEY, DRAW = 1234567890123, 7


def numpy_words(count, bits):
    raw = np.random.Philox(key=[KEY, 0], counter=[0, DRAW, 0, 0]).random_raw(count)
    return raw if bits == 64 else raw.view(np.uint32)[:count]


def test_all_names_are_tried():
    assert declared(family) == {"random_words", "random_bits", "random_draws", "random_sample", "random_permutation"}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 1000, 3001])
def test_bits_are_those_of_numpys_philox(device, count, bits):
    with cuda.count_launches() as counter:
        made = OPS["random_words"](tf.constant([KEY, DRAW], "int64"), count=count, bits=bits)
    np.testing.assert_array_equal(made.numpy(), numpy_words(count, bits))
    assert made.dtype == f"uint{bits}"
    assert bool(counter.launches) == (device != "cpu" and count > 0)


def test_a_generators_state_counts_its_draws(device):
    state = tf.Variable(np.asarray([KEY, DRAW, 0]))
    first = OPS["random_bits"](state, count=5, bits=32).numpy()
    second = OPS["random_bits"](state, count=5, bits=32).numpy()
    np.testing.assert_array_equal(first, numpy_words(5, 32))
    assert not np.array_equal(first, second) and state.numpy().tolist() == [KEY, DRAW + 2, 0]


def test_samples_and_permutations_follow_from_the_state():
    def draws():
        state = tf.Variable(np.asarray([KEY, DRAW, 0]))
        sample = OPS["random_sample"](
            state, tf.constant(3.0), distribution="poisson", shape=(4,), dtype=np.dtype("int32")
        )
        return sample.numpy(), OPS["random_permutation"](state, count=6).numpy()

    (a, p), (b, q) = draws(), draws()
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(p, q)
    assert sorted(p) == list(range(6))
    pure = OPS["random_draws"](
        tf.constant([KEY, DRAW], "int64"), tf.constant(3.0), distribution="poisson", shape=(4,), dtype=np.dtype("int32")
    )
    np.testing.assert_array_equal(pure.numpy(), a)
