"""pad_sequences: lists of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Any:
    """The sequences as rows of one length: shorter ones padded with `value`, longer ones cut.

    Args:
        maxlen: default the length of the longest.
        padding, truncating: "pre" or "post": where to pad and where to cut; ValueError otherwise.

    >>> from gputape import keras
    >>> keras.utils.pad_sequences([[1], [2, 3]])
    array([[0, 1],
           [2, 3]], dtype=int32)
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    for s in sequences:
        if not hasattr(s, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {s}")
    lengths = [len(s) for s in sequences]
    maxlen = max(lengths, default=0) if maxlen is None else maxlen
    inner = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    if isinstance(value, str) and not np.issubdtype(dtype, np.str_) and dtype is not object:
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\nYou should set `dtype=object` for "
            "variable length strings."
        )
    for argument, given in (("Truncating", truncating), ("Padding", padding)):
        if given not in ("pre", "post"):
            raise ValueError(f'{argument} type "{given}" not understood')
    made = np.full((len(lengths), maxlen, *inner), value, dtype=dtype)
    for row, s in zip(made, sequences):
        if not len(s) or not maxlen:
            continue
        kept = np.asarray(s[-maxlen:] if truncating == "pre" else s[:maxlen], dtype=dtype)
        if kept.shape[1:] != inner:
            raise ValueError(f"Shape of sample {kept.shape[1:]} of sequence is different from expected shape {inner}")
        row[slice(len(kept)) if padding == "post" else slice(-len(kept), None)] = kept
    return made
