"""Borders of cells: they cover the axis with cells of k or k + 1 elements."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import cells
from gputape.registry import OPS
from tests.ops.declared import declared


def test_every_op_is_here():
    assert declared(cells) == {"draw_borders"}


@pytest.mark.parametrize("size, count", [(6, 6), (6, 4), (7, 4), (25, 17), (30, 11), (5, 1)])
@pytest.mark.parametrize("pseudo_random", [False, True])
def test_cells(size, count, pseudo_random):
    state = tf.random.Generator.from_seed(size)._state
    seen = set()
    for _ in range(20):
        made = OPS["draw_borders"](state, size=size, count=count, pseudo_random=pseudo_random).numpy()
        assert (made[0], made[-1], len(made)) == (0, size, count + 1)
        steps = np.diff(made)
        assert (
            steps.min() >= (1 if pseudo_random else size // count) and steps.max() <= -(-size // count) + pseudo_random
        )
        seen.add(tuple(made))
    assert len(seen) > 1 or size % count == 0
