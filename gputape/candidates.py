"""Training with very many classes: a few of them drawn at random stand for all. Jean et al. 2014, section 3."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .dtypes import float32
from .errors import InvalidArgumentError
from .op import public
from .ops.shape import static
from .random import _generator
from .registry import OPS
from .tensor import as_tensor


class Candidates(NamedTuple):
    """Classes drawn (int64), and how often the true ones and they are expected among as many draws (float32)."""

    sampled_candidates: Any
    true_expected_count: Any
    sampled_expected_count: Any


class AccidentalHits(NamedTuple):
    """What `compute_accidental_hits` returns."""

    indices: Any
    ids: Any
    weights: Any


def _true(name: str, true_classes: Any, num_true: Any) -> Any:
    true = OPS["cast"](as_tensor(true_classes), "int64")
    if len(true.shape) != 2 or true.shape[1] != num_true:
        raise InvalidArgumentError(
            f"{name}: true_classes {tuple(true.shape)} must have shape (batch, num_true), num_true being {num_true}"
        )
    return true


def _drawn(
    name: str,
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: bool,
    range_max: Any,
    seed: Any,
    weights: Any = None,
    distribution: str = "weighted",
) -> Candidates:
    true, count, classes = _true(name, true_classes, static(num_true)), static(num_sampled), static(range_max)
    able = classes if weights is None else int(np.count_nonzero(weights))
    if count < 1 or classes < 1 or (unique and count > able):
        raise InvalidArgumentError(
            f"{name}: Sampler's range is too small: {count} {'different ' if unique else ''}classes of {able}"
        )
    sums = np.zeros(1) if weights is None else np.cumsum(weights)
    sampled, tries = OPS["draw_candidates"](
        _generator(seed)._state, sums, distribution=distribution, range_max=classes, count=count, unique=bool(unique)
    )

    def expected(chosen: Any) -> Any:
        if distribution == "uniform":
            p = OPS["fill"](chosen.shape, as_tensor(1.0 / classes))
        elif distribution == "log_uniform":
            c = OPS["cast"](chosen, float32)
            p = OPS["log1p"](1.0 / (c + 1.0)) / math.log1p(classes)
        else:
            p = OPS["gather"](as_tensor((weights / sums[-1]).astype(np.float32)), chosen)
        return -OPS["expm1"](tries * OPS["log1p"](-p)) if unique else p * tries

    return Candidates(sampled, expected(true), expected(sampled))


@public
def uniform_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: bool,
    range_max: Any,
    seed: Any = None,
    name: str | None = None,
) -> Candidates:
    """`num_sampled` classes below `range_max`, all equally likely.

    Args:
        true_classes: int64 (batch, num_true), whose expected counts are told; they are not left out.
        unique: whether the classes drawn are all different.

    InvalidArgumentError if there are not so many classes.

    >>> import gputape as tf
    >>> made = tf.random.uniform_candidate_sampler([[1, 2]], 2, 3, False, 6)
    >>> made.sampled_candidates.shape, made.true_expected_count.numpy()
    (TensorShape([3]), array([[0.5, 0.5]], dtype=float32))
    """
    arguments = (true_classes, num_true, num_sampled, unique, range_max, seed)
    return _drawn("uniform_candidate_sampler", *arguments, distribution="uniform")


@public
def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: bool,
    range_max: Any,
    seed: Any = None,
    name: str | None = None,
) -> Candidates:
    """As `uniform_candidate_sampler`, class c having probability log((c + 2) / (c + 1)) / log(range_max + 1).

    For classes that are numbered by falling frequency, as words of a vocabulary are.
    """
    arguments = (true_classes, num_true, num_sampled, unique, range_max, seed)
    return _drawn("log_uniform_candidate_sampler", *arguments, distribution="log_uniform")


@public
def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: bool,
    range_max: Any,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Any = (),
    seed: Any = None,
    name: str | None = None,
) -> Candidates:
    """As `uniform_candidate_sampler`, the classes having given weights.

    Args:
        vocab_file: a file whose lines end in ",weight"; or `unigrams`, the weights themselves.
        distortion: the power to which the weights are raised.
        num_reserved_ids: that many classes in front have weight 0.
        num_shards, shard: only every num_shards-th class is drawn, beginning with `shard`.

    InvalidArgumentError unless there are as many weights as classes.
    """
    if bool(vocab_file) == bool(len(unigrams)):
        raise InvalidArgumentError("fixed_unigram_candidate_sampler: give either vocab_file or unigrams")
    if vocab_file:
        with open(vocab_file, encoding="utf-8") as lines:
            unigrams = [float(line.rsplit(",", 1)[-1]) for line in lines if line.strip()]
    given = np.asarray(unigrams, np.float64) ** distortion
    weights = np.concatenate([np.zeros(num_reserved_ids), given])
    if len(weights) != static(range_max):
        raise InvalidArgumentError(
            f"fixed_unigram_candidate_sampler: range is {static(range_max)} must be equal to weights size {len(weights)}"
        )
    weights = np.where(np.arange(len(weights)) % num_shards == shard, weights, 0)
    arguments = (true_classes, num_true, num_sampled, unique, range_max, seed)
    return _drawn("fixed_unigram_candidate_sampler", *arguments, weights)


@public
def all_candidate_sampler(
    true_classes: Any, num_true: Any, num_sampled: Any, unique: bool, seed: Any = None, name: str | None = None
) -> Candidates:
    """All classes 0 ... num_sampled - 1, each expected once: what turns a sampled loss into the full one."""
    true = _true("all_candidate_sampler", true_classes, static(num_true))
    count = static(num_sampled)
    return Candidates(OPS["range"](as_tensor(np.int64(count))), OPS["ones"](true.shape), OPS["ones"]([count]))


@public
def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: Any, seed: Any = None, name: str | None = None
) -> AccidentalHits:
    """Where sampled classes are true ones: (row, place among the sampled, -3.4e38 to add to the logit there)."""
    true = _true("compute_accidental_hits", true_classes, static(num_true))
    hits = OPS["equal"](OPS["expand_dims"](true, 2), OPS["cast"](as_tensor(sampled_candidates), "int64"))
    found = OPS["where"](hits)  # (row, which of the true classes, which of the sampled)
    weights = OPS["fill"]([found.shape[0]], as_tensor(np.finfo(np.float32).min))
    return AccidentalHits(OPS["cast"](found[:, 0], "int32"), found[:, 2], weights)


def _rows(weights: Any, ids: Any) -> Any:
    """Rows of the classes' weights, which may be a list of blocks, one below the other."""
    whole = OPS["concat"](list(weights), 0) if isinstance(weights, (list, tuple)) else weights
    return OPS["embedding_lookup"](whole, ids)


def _logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: int,
    sampled_values: Any,
    remove_accidental_hits: bool,
    seed: Any = None,
) -> tuple[Any, Any]:
    """Logits of the true and the sampled classes, minus the logarithms of their expected counts; and their targets."""
    x = as_tensor(inputs)
    labels = OPS["reshape"](OPS["cast"](as_tensor(labels), "int64"), [-1, num_true])
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes, seed)
    sampled, true_count, sampled_count = (as_tensor(v) for v in sampled_values)
    batch, size = int(labels.shape[0]), int(sampled.shape[0])
    ids = OPS["concat"]([OPS["reshape"](labels, [-1]), OPS["cast"](sampled, "int64")], 0)
    w, b = _rows(weights, ids), _rows(biases, ids)
    true_w = OPS["reshape"](w[: batch * num_true], [batch, num_true, -1])
    true = OPS["reduce_sum"](OPS["expand_dims"](x, 1) * true_w, 2) + OPS["reshape"](
        b[: batch * num_true], [batch, num_true]
    )
    other = OPS["matmul"](x, w[batch * num_true :], transpose_b=True) + b[batch * num_true :]
    if remove_accidental_hits:
        hits = OPS["reduce_any"](OPS["equal"](OPS["expand_dims"](labels, 2), OPS["cast"](sampled, "int64")), 1)
        other = OPS["select"](hits, other + float(np.finfo(np.float32).min), other)
    log = OPS["log"]
    true = true - OPS["cast"](log(true_count), x.dtype)
    other = other - OPS["cast"](log(sampled_count), x.dtype)
    targets = [OPS["ones_like"](true) / float(num_true), OPS["zeros"]([batch, size], x.dtype)]
    return OPS["concat"]([true, other], 1), OPS["stop_gradient"](OPS["concat"](targets, 1))


@public
def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    seed: Any = None,
    name: str | None = "sampled_softmax_loss",
) -> Any:
    """The softmax cross-entropy over the true and `num_sampled` other classes, (batch,): a cheap stand-in for all.

    Args:
        weights, biases: (num_classes, dim) and (num_classes,), or lists of blocks of rows.
        labels: int64 (batch, num_true). inputs: (batch, dim).
        sampled_values: what a candidate sampler gave; default `log_uniform_candidate_sampler`, without repetition.
        remove_accidental_hits: whether sampled classes that are true ones are left out.

    For training only: at evaluation use the full softmax.
    """
    logits, targets = _logits(
        *(weights, biases, labels, inputs, num_sampled, num_classes, num_true),
        *(sampled_values, remove_accidental_hits, seed),
    )
    return OPS["softmax_cross_entropy_with_logits"](targets, logits)


@public
def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    name: str | None = "nce_loss",
) -> Any:
    """Noise-contrastive estimation, (batch,): sigmoid cross-entropies of the true and the sampled classes, summed.

    Arguments as `sampled_softmax_loss`. Gutmann and Hyvärinen 2010.
    """
    logits, targets = _logits(
        *(weights, biases, labels, inputs, num_sampled, num_classes, num_true),
        *(sampled_values, remove_accidental_hits),
    )
    return OPS["reduce_sum"](OPS["sigmoid_cross_entropy_with_logits"](targets, logits), 1)


_SAMPLERS: tuple[Any, ...] = (uniform_candidate_sampler, log_uniform_candidate_sampler)
_BOTH: tuple[Any, ...] = (fixed_unigram_candidate_sampler, all_candidate_sampler)
NAMES: dict[str, Any] = {
    **{f"tf.random.{f.__name__}": f for f in (*_SAMPLERS, *_BOTH)},
    **{f"tf.nn.{f.__name__}": f for f in _BOTH},
    "tf.nn.compute_accidental_hits": compute_accidental_hits,
    "tf.nn.sampled_softmax_loss": sampled_softmax_loss,
    "tf.nn.nce_loss": nce_loss,
}
