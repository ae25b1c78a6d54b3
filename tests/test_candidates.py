"""Candidate samplers and the losses over what they draw."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.testing import check_gradients

RNG = np.random.default_rng(16)
W, B, X = RNG.standard_normal((20, 4)), RNG.standard_normal(20), RNG.standard_normal((5, 4))
LABELS = np.array([[1, 2], [3, 0], [2, 5], [19, 4], [0, 1]])
TRUE = tf.constant([[1, 2], [3, 4]], tf.int64)


@pytest.mark.parametrize("unique", [False, True])
def test_uniform(unique):
    made = tf.random.uniform_candidate_sampler(TRUE, 2, 5, unique, 10, seed=1)
    found = made.sampled_candidates.numpy()
    assert found.shape == (5,) and found.max() < 10 and (not unique or len(set(found)) == 5)
    count = made.true_expected_count.numpy()
    assert (
        (count == count[0, 0]).all()
        and count.shape == (2, 2)
        and (made.sampled_expected_count.numpy() == count[0, 0]).all()
    )
    assert count[0, 0] == 0.5 or unique


def test_log_uniform_counts():
    made = tf.random.log_uniform_candidate_sampler(TRUE, 2, 5, False, 10)
    classes = TRUE.numpy()
    np.testing.assert_allclose(
        made.true_expected_count, 5 * np.log((classes + 2) / (classes + 1)) / np.log(11), rtol=1e-5
    )


def test_unique_counts_follow_the_number_of_draws():
    made = tf.random.uniform_candidate_sampler(TRUE, 2, 10, True, 10)
    tries = np.log(1 - made.true_expected_count.numpy()) / np.log(0.9)
    np.testing.assert_allclose(tries, np.round(tries), atol=1e-2)
    assert tries.min() > 9.5
    assert sorted(made.sampled_candidates.numpy()) == list(range(10))


def test_fixed_unigrams(tmp_path):
    counts = tf.random.fixed_unigram_candidate_sampler(
        TRUE[:1], 2, 3, False, 3, unigrams=[1.0, 2.0, 3.0], distortion=2.0
    )
    np.testing.assert_allclose(counts.true_expected_count, [[3 * 4 / 14, 3 * 9 / 14]], rtol=1e-6)
    (tmp_path / "words").write_text("a,1\nb,2\nc,3\n")
    file = tf.random.fixed_unigram_candidate_sampler(
        TRUE[:1], 2, 3, False, 4, vocab_file=str(tmp_path / "words"), num_reserved_ids=1
    )
    np.testing.assert_allclose(file.true_expected_count, [[3 * 1 / 6, 3 * 2 / 6]], rtol=1e-6)
    shard = tf.random.fixed_unigram_candidate_sampler(
        TRUE[:1], 2, 50, False, 4, unigrams=[1.0] * 4, num_shards=2, shard=1
    )
    assert set(shard.sampled_candidates.numpy()) == {1, 3}


def test_all_candidates():
    made = tf.random.all_candidate_sampler(TRUE, 2, 4, True)
    assert made.sampled_candidates.numpy().tolist() == [0, 1, 2, 3]
    assert made.true_expected_count.numpy().tolist() == [[1, 1], [1, 1]]


def test_accidental_hits():
    made = tf.nn.compute_accidental_hits(TRUE, tf.constant([2, 4, 7, 1], tf.int64), 2)
    assert made.indices.numpy().tolist() == [0, 0, 1] and made.ids.numpy().tolist() == [3, 0, 1]
    assert (made.weights.numpy() == np.finfo(np.float32).min).all()


def test_all_classes_give_the_full_loss():
    """With every class drawn once and hits removed, the sampled softmax is the softmax."""
    labels = LABELS[:, :1]
    sampled = tf.random.all_candidate_sampler(labels, 1, 20, True)
    made = tf.nn.sampled_softmax_loss(W, B, labels, X, 20, 20, sampled_values=sampled)
    full = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[:, 0], X @ W.T + B)
    np.testing.assert_allclose(made, full, rtol=1e-6)


@pytest.mark.parametrize("remove", [False, True])
def test_nce_by_its_definition(remove):
    sampled = np.array([2, 7, 1])
    counts = RNG.uniform(0.1, 1, (5, 2)), RNG.uniform(0.1, 1, 3)
    made = tf.nn.nce_loss(W, B, LABELS, X, 3, 20, 2, (sampled, *counts), remove).numpy()
    for row in range(5):
        true = W[LABELS[row]] @ X[row] + B[LABELS[row]] - np.log(counts[0][row])
        other = W[sampled] @ X[row] + B[sampled] - np.log(counts[1])
        if remove:
            other = other[[c not in LABELS[row] for c in sampled]]
        cost = np.sum(np.log1p(np.exp(true)) - true / 2) + np.sum(np.log1p(np.exp(other)))
        np.testing.assert_allclose(made[row], cost, rtol=1e-6)


def test_blocks_of_weights():
    sampled = (np.array([2, 7, 1]), np.ones((5, 2)), np.ones(3))
    whole = tf.nn.sampled_softmax_loss(W, B, LABELS, X, 3, 20, 2, sampled)
    blocks = tf.nn.sampled_softmax_loss([W[:12], W[12:]], B, LABELS, X, 3, 20, 2, sampled)
    np.testing.assert_array_equal(whole, blocks)


def test_gradients():
    sampled = (np.array([2, 7]), np.full((2, 2), 0.5), np.full(2, 0.25))
    for f in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss):
        check_gradients(lambda w, b, x, f=f: f(w, b, LABELS[:2], x, 2, 8, 2, sampled), W[:8], B[:8], X[:2], atol=1e-5)


def test_functions_draw_anew():
    f = tf.function(lambda: tf.random.uniform_candidate_sampler(TRUE, 2, 40, False, 1000).sampled_candidates)
    assert len({tuple(f().numpy()) for _ in range(3)}) == 3
    loss = tf.function(lambda x: tf.nn.sampled_softmax_loss(W, B, LABELS, x, 5, 20, 2))
    assert loss(tf.constant(X)).shape == (5,)


def test_errors():
    with pytest.raises(InvalidArgumentError, match="range is too small"):
        tf.random.uniform_candidate_sampler(TRUE, 2, 15, True, 10)
    with pytest.raises(InvalidArgumentError, match="num_true being 3"):
        tf.random.log_uniform_candidate_sampler(TRUE, 3, 5, True, 10)
    with pytest.raises(InvalidArgumentError, match="weights size 3"):
        tf.random.fixed_unigram_candidate_sampler(TRUE, 2, 3, False, 4, unigrams=[1.0, 2.0, 3.0])
    with pytest.raises(InvalidArgumentError, match="either vocab_file or unigrams"):
        tf.random.fixed_unigram_candidate_sampler(TRUE, 2, 3, False, 4)
