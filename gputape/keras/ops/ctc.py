"""keras.ops of sequences of labels without an alignment in time: ctc_loss, ctc_decode."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .promotion import floating, tensor


def _logits(x: Any) -> Any:
    x = floating(x)
    return tf.cast(x, "float32") if x.dtype.size == 2 else x


def ctc_loss(target, output, target_length, output_length, mask_index=0):
    """-log p(target | output) of each sample, over all alignments; half types give float32.

    Args:
        target: labels (batch, size); `target_length` (batch,) of each row count.
        output: logits (batch, time, classes); `output_length` (batch,) of each row count.
        mask_index: the class that stands for no label.
    """
    target, output = tensor(target), _logits(output)
    lengths = [tensor(v) for v in (target_length, output_length)]
    return tf.nn.ctc_loss(target, output, *lengths, logits_time_major=False, blank_index=mask_index)


def ctc_decode(
    inputs,
    sequence_lengths,
    strategy="greedy",
    beam_width=100,
    top_paths=1,
    merge_repeated=True,
    mask_index=0,
):
    """The likeliest labels: (decoded, scores), int32 (paths, batch, time) filled up with -1, and (batch, paths).

    Args:
        inputs: logits (batch, time, classes), of which `sequence_lengths` (batch,) count.
        strategy: "greedy" (default), the likeliest class at each time, the score being minus the sum of their logits;
            or "beam_search": `top_paths` of the `beam_width` likeliest prefixes, with their logarithms of probability.
        merge_repeated: greedy: whether a class at several times in a row is one label.
        mask_index: the class that stands for no label.
    """
    x = tf.transpose(_logits(inputs), [1, 0, 2])
    steps, batch, classes = (int(s) for s in x.shape)
    lengths = tf.cast(tensor(sequence_lengths), "int32")
    if strategy == "greedy":
        paths, scores = tf.nn.ctc_greedy_decoder(x, lengths, merge_repeated, mask_index)
        moved = 0
    elif strategy == "beam_search":
        mask = mask_index % classes
        x = tf.concat([x[..., :mask], x[..., mask + 1 :], x[..., mask : mask + 1]], -1)  # the last class is no label
        paths, scores = tf.nn.ctc_beam_search_decoder(x, lengths, beam_width, top_paths)
        moved = 1
    else:
        raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")
    rows = []
    for path in paths:
        values = tf.cast(path.values, "int32")
        if moved:
            values = tf.where(values >= mask, values + 1, values)
        rows.append(tf.tensor_scatter_nd_update(tf.fill([batch, steps], -1), path.indices, values))
    return tf.stack(rows), scores


_PUBLIC = (ctc_loss, ctc_decode)
NAMES = {f.__name__: f for f in _PUBLIC}
