"""From class probabilities over time to sequences of labels: the likeliest class at each time, or a search over prefixes.

The results have as many labels as they happen to have: SparseTensors of shape (batch, longest), made on the host.
"""

from __future__ import annotations

import bisect
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..sparse import SparseTensor
from ..tensor import Tensor, as_tensor
from .ctc import packed
from .shape import static


def _checked(name: str, inputs: Any, sequence_length: Any) -> tuple[Any, Any]:
    x = as_tensor(inputs, np.dtype(np.float32))
    length = as_tensor(sequence_length)
    if len(x.shape) != 3 or len(length.shape) != 1 or length.shape[0] != x.shape[1]:
        raise InvalidArgumentError(
            f"{name}: inputs {x.shape} must have shape (time, batch, classes), sequence_length {length.shape} (batch,)"
        )
    steps = x._array.shape[0]
    lengths = length._read("sequence_length")
    if lengths.size and lengths.max() > steps:
        raise FailedPreconditionError(f"{name}: sequence_length({int(lengths.argmax())}) <= {steps} [Op:{name}]")
    return x, length


def _sparse(rows: list[Any]) -> Any:
    """Lists of labels as a SparseTensor (batch, longest) of int64."""
    indices = [(k, j) for k, row in enumerate(rows) for j in range(len(row))]
    values = np.asarray([label for row in rows for label in row], np.int64)
    shape = (len(rows), max((len(row) for row in rows), default=0))
    return SparseTensor(np.asarray(indices, np.int64).reshape(-1, 2), Tensor(values), shape)


@public
def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: Any = None
) -> tuple[list[Any], Any]:
    """The likeliest class at each time, blanks left out: ([SparseTensor], minus the sums of their logits (batch, 1)).

    Args:
        inputs: logits (time, batch, classes), of which `sequence_length` (batch,) count.
        merge_repeated: whether a class at several times in a row is one label.
        blank_index: the class that means no label, negative from the end; default the last.

    FailedPreconditionError for a sequence_length beyond the time.

    >>> import gputape as tf
    >>> decoded, _ = tf.nn.ctc_greedy_decoder([[[9.0, 0, 0]], [[9, 0, 0]], [[0, 0, 9]], [[0, 9, 0]]], [4])
    >>> decoded[0].values.numpy().tolist()
    [0, 1]
    """
    x, length = _checked("ctc_greedy_decoder", inputs, sequence_length)
    steps, _, classes = (int(n) for n in x.shape)
    blank = classes - 1 if blank_index is None else static(blank_index)
    blank += classes if blank < 0 else 0
    if not 0 <= blank < classes:
        raise InvalidArgumentError(f"ctc_greedy_decoder: blank_index={blank_index} is no class of {classes}")
    best = OPS["transpose"](OPS["argmax"](x, 2), [1, 0])
    inside = OPS["cast"](OPS["range"](steps), length.dtype)[None, :] < length[:, None]
    keep = OPS["logical_and"](inside, OPS["not_equal"](best, blank))
    if merge_repeated and steps:
        differs = OPS["pad"](OPS["not_equal"](best[:, 1:], best[:, :-1]), [[0, 0], [1, 0]], constant_values=True)
        keep = OPS["logical_and"](keep, differs)
    labels, count = packed(best, keep)
    logits = OPS["select"](inside, OPS["transpose"](OPS["reduce_max"](x, 2), [1, 0]), 0.0)
    rows = [row[:n] for row, n in zip(labels._read("labels"), count._read("labels"), strict=True)]
    return [_sparse(rows)], -OPS["reduce_sum"](logits, 1, keepdims=True)


@op(mixed=("sequence_length",), dynamic=True)
def prefix_scores(xp, inputs, sequence_length, *, beam_width, top_paths):
    """The likeliest prefixes of each sample: labels (batch, top_paths, time), -1 behind the last, and log p."""
    logits = np.asarray(inputs.tolist(), np.float64)
    log_p = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    steps, batch, _ = log_p.shape
    labels = np.full((batch, top_paths, steps), -1, np.int64)
    scores = np.full((batch, top_paths), -np.inf)
    for k, length in enumerate(sequence_length.tolist()):
        found = _search(log_p[:length, k], beam_width)
        for place, (prefix, score) in enumerate(found[:top_paths]):
            labels[k, place, : len(prefix)] = prefix
            scores[k, place] = score
    return xp.asarray(labels), xp.asarray(scores.astype(inputs.dtype))


def _search(log_p: Any, beam_width: int) -> list[tuple[tuple[int, ...], float]]:
    """Prefixes and their log p, the likeliest first; log_p (time, classes), the last class being no label.

    Each prefix has two scores: of the alignments that end in a blank, and of those that end in its last label.
    """
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
    for now in log_p:
        totals = {prefix: float(np.logaddexp(*ends)) for prefix, ends in beam.items()}
        order = sorted(beam, key=lambda prefix: -totals[prefix])
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        for prefix in order:
            label = beam[prefix][1]
            if prefix and (parent := prefix[:-1]) in beam:
                repeated = len(parent) > 0 and parent[-1] == prefix[-1]
                label = np.logaddexp(label, beam[parent][0] if repeated else totals[parent])
            grown[prefix] = (totals[prefix] + now[-1], label + now[prefix[-1]] if prefix else -np.inf)
        ranking = sorted((float(np.logaddexp(*ends)), prefix) for prefix, ends in grown.items())
        for prefix in order:
            scores = totals[prefix] + now[:-1]
            if prefix:
                scores[prefix[-1]] = beam[prefix][0] + now[prefix[-1]]
            likely = (
                range(len(scores)) if len(ranking) < beam_width else np.flatnonzero(scores > ranking[0][0]).tolist()
            )
            for c in likely:
                longer, score = (*prefix, c), float(scores[c])
                if longer in grown or (len(ranking) >= beam_width and score <= ranking[0][0]):
                    continue
                grown[longer] = (-np.inf, score)
                bisect.insort(ranking, (score, longer))
                if len(ranking) > beam_width:
                    del grown[ranking.pop(0)[1]]
        beam = grown
    return sorted(((p, float(np.logaddexp(*ends))) for p, ends in beam.items()), key=lambda found: -found[1])


@public
def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Any], Any]:
    """The `top_paths` likeliest sequences of labels: (a SparseTensor for each, log probabilities (batch, top_paths)).

    Args:
        inputs: logits (time, batch, classes), of which `sequence_length` (batch,) count; the last class is no label.
        beam_width: how many prefixes are kept at each time.

    Where there are fewer paths, the missing ones are empty and score -infinity. Graves 2012, "Sequence transduction
    with recurrent neural networks", section 2.4.
    """
    x, length = _checked("ctc_beam_search_decoder", inputs, sequence_length)
    width, paths = static(beam_width), static(top_paths)
    if paths > width:
        raise InvalidArgumentError(
            f"ctc_beam_search_decoder: requested more paths than the beam width: {paths} > {width}"
        )
    labels, scores = prefix_scores(x, length, beam_width=width, top_paths=paths)
    found = labels._read("labels")
    return [_sparse([row[row >= 0] for row in found[:, k]]) for k in range(paths)], scores


NAMES = {
    "tf.nn.ctc_greedy_decoder": ctc_greedy_decoder,
    "tf.nn.ctc_beam_search_decoder": ctc_beam_search_decoder,
}
