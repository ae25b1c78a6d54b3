"""Decoders against paths that are easy to see, and the beam search against the cost of all label sequences."""

import itertools

import numpy as np
import pytest

import gputape as tf
from gputape.errors import FailedPreconditionError, InvalidArgumentError
from gputape.ops import ctc_decoder
from tests.ops.declared import declared

RNG = np.random.default_rng(9)


def rows(sparse):
    dense = tf.sparse.to_dense(sparse, -1).numpy()
    return [row[row >= 0].tolist() for row in dense]


def one_hot(path, classes=3):
    return 5.0 * np.eye(classes, dtype=np.float32)[path][:, None]


def test_every_op_is_here():
    assert declared(ctc_decoder) == {"ctc_greedy_decoder", "ctc_beam_search_decoder", "prefix_scores"}


@pytest.mark.parametrize("merge, expected", [(True, [0, 1, 0]), (False, [0, 0, 1, 0])])
def test_greedy(merge, expected):
    (found,), score = tf.nn.ctc_greedy_decoder(one_hot([0, 0, 1, 2, 0, 2]), [6], merge_repeated=merge)
    assert rows(found) == [expected]
    assert found.values.dtype == tf.int64 and score.numpy().tolist() == [[-30.0]]


def test_greedy_stops_at_the_length():
    x = np.concatenate([one_hot([0, 2, 1, 0]), one_hot([1, 1, 1, 1])], 1)
    (found,), score = tf.nn.ctc_greedy_decoder(x, [3, 0])
    assert rows(found) == [[0, 1], []]
    assert found.dense_shape.numpy().tolist() == [2, 2]
    assert score.numpy().ravel().tolist() == [-15, 0]


@pytest.mark.parametrize("blank", [0, -3])
def test_greedy_with_another_blank(blank):
    (found,), _ = tf.nn.ctc_greedy_decoder(one_hot([0, 1, 0, 1, 2]), [5], blank_index=blank)
    assert rows(found) == [[1, 1, 2]]


def test_wide_beam_finds_all_sequences_in_order():
    logits = RNG.standard_normal((4, 1, 3))
    every = [list(p) for n in range(5) for p in itertools.product(range(2), repeat=n)]
    costs = {}
    for labels in every:
        padded = np.array([labels + [0] * (4 - len(labels))])
        cost = tf.nn.ctc_loss(padded, tf.constant(logits), [len(labels)], [4], blank_index=2).numpy()[0]
        if cost < 700:
            costs[tuple(labels)] = -cost
    paths, scores = tf.nn.ctc_beam_search_decoder(tf.constant(logits), [4], beam_width=50, top_paths=len(costs))
    ranked = sorted(costs, key=costs.get, reverse=True)
    assert [tuple(rows(p)[0]) for p in paths] == ranked
    np.testing.assert_allclose(scores.numpy()[0], [costs[p] for p in ranked], rtol=1e-10)


def test_beam_of_a_batch():
    x = np.concatenate([one_hot([0, 2, 1, 0]), one_hot([1, 1, 2, 1])], 1)
    (first, _), scores = tf.nn.ctc_beam_search_decoder(x, [4, 3], beam_width=8, top_paths=2)
    assert rows(first) == [[0, 1, 0], [1]]
    assert scores.shape == (2, 2) and scores.dtype == tf.float32


def test_missing_paths_are_empty():
    paths, scores = tf.nn.ctc_beam_search_decoder(one_hot([0]), [0], beam_width=5, top_paths=2)
    assert [rows(p) for p in paths] == [[[]], [[]]]
    assert scores.numpy().tolist() == [[0, -np.inf]]


def test_errors():
    with pytest.raises(FailedPreconditionError, match=r"sequence_length\(0\) <= 2"):
        tf.nn.ctc_greedy_decoder(one_hot([0, 1]), [3])
    with pytest.raises(InvalidArgumentError, match="more paths than the beam width: 3 > 2"):
        tf.nn.ctc_beam_search_decoder(one_hot([0, 1]), [2], 2, 3)
    with pytest.raises(InvalidArgumentError, match="must have shape"):
        tf.nn.ctc_greedy_decoder(one_hot([0, 1]), [2, 2])
    with pytest.raises(InvalidArgumentError, match="blank_index=3"):
        tf.nn.ctc_greedy_decoder(one_hot([0, 1]), [2], blank_index=3)
