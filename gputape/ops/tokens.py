"""tf.strings.split, bytes_split, ngrams: strings taken apart into rows of pieces, and pieces in a row put together."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import op, public
from ..ragged.dispatch import ragged
from ..ragged.partition import splits_of
from ..ragged.ragged_tensor import RaggedTensor
from ..registry import OPS
from ..tensor import Tensor
from .strings import _bytes, packed, text


@op(dynamic=True)
def string_pieces(xp, x, *, cut):
    """What `cut` makes of each string, one after the other, and where the pieces of each begin and end."""
    parts = [cut(v) for v in x.ravel().tolist()]
    flat = [piece for part in parts for piece in part]
    return packed(flat, (len(flat),)), splits_of([len(part) for part in parts])


def rows_of_pieces(name: str, input: Any, cut: Callable[[bytes], Any]) -> Any:
    """The pieces of each string as a new innermost axis: a vector for a scalar, otherwise a RaggedTensor."""
    if isinstance(input, RaggedTensor):
        return input.with_flat_values(rows_of_pieces(name, input.flat_values, cut))
    x = text(input, name)
    shape = x._array.shape
    values, splits = string_pieces(x, cut=cut)
    if not shape:
        return values
    made: Any = RaggedTensor(values, splits._array)
    for axis in range(len(shape) - 1, 0, -1):
        rows = int(np.prod(shape[:axis]))
        made = RaggedTensor(made, np.arange(rows + 1) * shape[axis], shape[axis])
    return made


@public
def string_split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """Each string cut at `sep` (default: white space, of which none is left), at most `maxsplit` times.

    Returns a vector for a scalar, otherwise a RaggedTensor with an axis more than `input`. Reference: tf.strings.split.

    >>> import gputape as tf
    >>> tf.strings.split(["hello world", "a b c"])
    <tf.RaggedTensor [[b'hello', b'world'], [b'a', b'b', b'c']]>
    """
    separator = _bytes(sep) if sep is not None else b""
    if maxsplit == 0:
        return rows_of_pieces("string_split", input, lambda v: [v])
    return rows_of_pieces("string_split", input, lambda v: v.split(separator or None, maxsplit))


@public
def string_bytes_split(input: Any, name: str | None = None) -> Any:
    """Each string as its bytes, strings of length 1: a vector for a scalar, otherwise a RaggedTensor.

    >>> import gputape as tf
    >>> tf.strings.bytes_split("hi").numpy()
    array([b'h', b'i'], dtype=object)
    """
    return rows_of_pieces("string_bytes_split", input, lambda v: [v[k : k + 1] for k in range(len(v))])


@public
def ngrams(
    data: Any,
    ngram_width: Any,
    separator: Any = " ",
    pad_values: Any = None,
    padding_width: int | None = None,
    preserve_short_sequences: bool = False,
    name: str | None = None,
) -> Any:
    """Each run of `ngram_width` (an int or a list of them) strings of the innermost axis, joined by `separator`.

    pad_values: a string, or a pair for left and right, put at the ends of each row: `padding_width` of them, at most and
    by default ngram_width - 1. preserve_short_sequences: a row that is too short is one n-gram. Dense data give a
    dense tensor, ragged data a RaggedTensor. ValueError for scalars and for widths below 1.

    >>> import gputape as tf
    >>> tf.strings.ngrams(["A", "B", "C"], 2).numpy()
    array([b'A B', b'B C'], dtype=object)
    """
    widths = [int(w) for w in (ngram_width if isinstance(ngram_width, (list, tuple)) else [ngram_width])]
    if any(w < 1 for w in widths):
        raise ValueError(f"All ngram_widths must be greater than 0. Got {ngram_width}")
    if pad_values is None and padding_width is not None:
        raise ValueError("pad_values must be provided if padding_width is set.")
    if padding_width is not None and padding_width < 1:
        raise ValueError(f"padding_width must be greater than 0. Got {padding_width}")
    left, right = (pad_values if isinstance(pad_values, (list, tuple)) else (pad_values, pad_values)) or (None, None)
    told = separator, None if left is None else (_bytes(left), _bytes(right)), padding_width, preserve_short_sequences
    if isinstance(data, RaggedTensor):
        if data.ragged_rank > 1:
            return data.with_values(
                ngrams(data.values, widths, separator, pad_values, padding_width, preserve_short_sequences)
            )
        values, splits = grams(data.values, row_splits=data._splits, widths=widths, how=told)
        return RaggedTensor(values, splits._array.astype(data._splits.dtype))
    x = text(data, "ngrams")
    shape = x._array.shape
    if not shape:
        raise ValueError("Data must have rank>0")
    rows = int(np.prod(shape[:-1]))
    values, splits = grams(OPS["reshape"](x, [-1]), row_splits=np.arange(rows + 1) * shape[-1], widths=widths, how=told)
    return OPS["reshape"](values, [*shape[:-1], int(splits._array[1]) if rows else 0])


@op(dynamic=True)
def grams(xp, x, *, row_splits, widths, how):
    """The n-grams of each row of a vector and their row splits."""
    separator, pad, padding_width, keep_short = how
    separator, strings, made = _bytes(separator), x.tolist(), []
    for begin, end in itertools.pairwise(row_splits):
        row: list[bytes] = []
        for width in widths:
            size = 0 if pad is None else min(width - 1, width - 1 if padding_width is None else padding_width)
            filled = [*([pad[0]] if pad else []) * size, *strings[begin:end], *([pad[1]] if pad else []) * size]
            row += [separator.join(filled[k : k + width]) for k in range(len(filled) - width + 1)]
        if not row and keep_short and end > begin:
            row = [separator.join(filled)]
        made.append(row)
    flat = [g for row in made for g in row]
    return packed(flat, (len(flat),)), splits_of([len(row) for row in made])


@ragged("string_split")
def _(input: Any, sep: Any = None, maxsplit: int = -1) -> Any:
    return string_split(input, sep, maxsplit)


NAMES: dict[str, Any] = {
    "tf.strings.bytes_split": string_bytes_split,
    "tf.strings.ngrams": ngrams,
    "tf.strings.split": string_split,
}
__all__ = [
    "NAMES",
    "Tensor",
    "grams",
    "ngrams",
    "string_pieces",
    "rows_of_pieces",
    "string_bytes_split",
    "string_split",
]
