"""tf.strings.unicode_*: strings as code points and as characters, encodings, scripts.

Encodings are read by Python's codecs, which cut invalid bytes into the same pieces as TensorFlow's library does.
"""

from __future__ import annotations

import codecs
import itertools
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..ragged.dispatch import FLAT, ragged
from ..ragged.partition import splits_of
from ..ragged.ragged_tensor import RaggedTensor
from ..tensor import placed
from .shape import view
from .strings import hosted, packed, per_string, text

OUTPUTS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}


class Reader:
    """How strings are decoded: the encoding, what to do with invalid bytes and with control characters.

    errors: "replace" by the character `replacement`, "ignore", or "strict": InvalidArgumentError.
    """

    def __init__(self, name: str, encoding: str, errors: str, replacement: int, replace_control: bool) -> None:
        if errors not in ("replace", "ignore", "strict"):
            raise InvalidArgumentError(f"{name}: errors={errors!r} is not one of 'replace', 'ignore', 'strict'")
        if not 0 <= replacement <= 0x10FFFF or 0xD800 <= replacement < 0xE000:
            raise InvalidArgumentError(f"{name}: replacement_char={replacement} is no character")
        try:
            self.codec = codecs.lookup(encoding).name
        except LookupError:
            raise InvalidArgumentError(f"{name}: Could not create converter for input encoding: {encoding}") from None
        self.name, self.errors, self.replacement, self.replace_control = name, errors, replacement, replace_control

    def characters(self, value: bytes) -> list[tuple[str, int]]:
        """The characters of a string, each with the place of its first byte."""
        found: list[tuple[str, int]] = []
        at = 0
        while at < len(value):
            try:
                good, error = value[at:].decode(self.codec), None
            except UnicodeDecodeError as caught:
                error = caught
                good = value[at : at + error.start].decode(self.codec)
            start = at
            for c in good:
                found.append((c, start))
                start += len(c.encode(self.codec))
            if error is None:
                break
            if self.errors == "strict":
                raise InvalidArgumentError(f"{self.name}: Invalid formatting on input string {value!r}")
            if self.errors == "replace":
                found.append((chr(self.replacement), at + error.start))
            at += error.end
        if self.replace_control:
            found = [(chr(self.replacement) if c < " " else c, start) for c, start in found]
        return found

    def text(self, value: bytes) -> str:
        """The string as Python's."""
        if not self.replace_control:
            try:
                return value.decode(self.codec)
            except UnicodeDecodeError:
                pass
        return "".join([c for c, _ in self.characters(value)])


@op(dynamic=True)
def characters_of(xp, x, *, reader, codec):
    """All characters (encoded by `codec`, or as int32 code points for None), their byte offsets, and row splits."""
    rows = [reader.characters(v) for v in x.ravel().tolist()]
    flat = [c for row in rows for c, _ in row]
    values = (
        placed(np.array([ord(c) for c in flat], np.int32))
        if codec is None
        else packed([c.encode(codec) for c in flat], -1)
    )
    offsets = np.array([at for row in rows for _, at in row], np.int64)
    return values, offsets, splits_of([len(row) for row in rows])


def _characters(input: Any, reader: Reader, codec: str | None) -> tuple[Any, Any]:
    """Characters and offsets with a new innermost axis: vectors for a scalar, otherwise RaggedTensors."""
    if isinstance(input, RaggedTensor):
        values, offsets = _characters(input.flat_values, reader, codec)
        return input.with_flat_values(values), input.with_flat_values(offsets)
    x = text(input, reader.name)
    shape = x._array.shape
    values, offsets, splits = characters_of(x, reader=reader, codec=codec)
    if not shape:
        return values, offsets
    made = []
    for flat in (values, offsets):
        rows: Any = RaggedTensor(flat, splits._array)
        for axis in range(len(shape) - 1, 0, -1):
            count = int(np.prod(shape[:axis]))
            rows = RaggedTensor(rows, np.arange(count + 1) * shape[axis], shape[axis])
        made.append(rows)
    return made[0], made[1]


@public
def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """The code points of each string, int32: a vector for a scalar, otherwise a RaggedTensor.

    errors: invalid bytes are replaced by `replacement_char` ("replace"), left out ("ignore"), or an
    InvalidArgumentError ("strict"). replace_control_characters: whether U+0000 to U+001F are replaced too.

    >>> import gputape as tf
    >>> tf.strings.unicode_decode("aé", "UTF-8").numpy()
    array([ 97, 233], dtype=int32)
    """
    reader = Reader("unicode_decode", input_encoding, errors, replacement_char, replace_control_characters)
    return _characters(input, reader, None)[0]


@public
def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """`unicode_decode`, and beside it for each character the place of its first byte, int64."""
    reader = Reader("unicode_decode", input_encoding, errors, replacement_char, replace_control_characters)
    return _characters(input, reader, None)


@public
def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """The characters of each string as strings in the same encoding: a vector for a scalar, otherwise a RaggedTensor.

    >>> import gputape as tf
    >>> tf.strings.unicode_split(["hé", "x"], "UTF-8")
    <tf.RaggedTensor [[b'h', b'\\xc3\\xa9'], [b'x']]>
    """
    reader = Reader("unicode_split", input_encoding, errors, replacement_char, False)
    return _characters(input, reader, reader.codec)[0]


@public
def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """`unicode_split`, and beside it for each character the place of its first byte, int64."""
    reader = Reader("unicode_split", input_encoding, errors, replacement_char, False)
    return _characters(input, reader, reader.codec)


def _output(name: str, encoding: str) -> str:
    if encoding not in OUTPUTS:
        raise InvalidArgumentError(f"{name}: output_encoding={encoding!r} is not one of {', '.join(OUTPUTS)}")
    return OUTPUTS[encoding]


@op
def encoded(xp, codes, *, row_splits, codec, errors, replacement):
    valid = (codes >= 0) & (codes <= 0x10FFFF) & ~((codes >= 0xD800) & (codes < 0xE000))
    if errors == "strict" and not valid.all():
        raise InvalidArgumentError("unicode_encode: Code point is out of range for Unicode, or is a surrogate.")
    letters = [chr(c) if good else chr(replacement) if errors == "replace" else "" for c, good in zip(codes, valid)]
    bounds = itertools.pairwise(row_splits)
    return packed(["".join(letters[a:b]).encode(codec) for a, b in bounds], (len(row_splits) - 1,))


@public
def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """The strings of the code points along the innermost axis of `input`, a tensor or RaggedTensor of int32.

    output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE". errors: what to do with numbers that are no characters.

    >>> import gputape as tf
    >>> tf.strings.unicode_encode([[97, 233], [98, 99]], "UTF-8").numpy()
    array([b'a\\xc3\\xa9', b'bc'], dtype=object)
    """
    codec = _output("unicode_encode", output_encoding)
    if isinstance(input, RaggedTensor):
        inner = input.values
        if isinstance(inner, RaggedTensor) or len(inner.shape) > 1:
            return input.with_values(unicode_encode(inner, output_encoding, errors, replacement_char))
        return encoded(
            hosted(inner), row_splits=input._splits, codec=codec, errors=errors, replacement=replacement_char
        )
    x = hosted(input)
    if x._array.dtype != np.int32 or not x._array.ndim:
        raise InvalidArgumentError(
            f"unicode_encode: input must be int32 of at least one axis, not {x.dtype.name} {x.shape}"
        )
    shape = x._array.shape
    splits = np.arange(int(np.prod(shape[:-1])) + 1) * shape[-1]
    made = encoded(
        view(x, shape=(x._array.size,)), row_splits=splits, codec=codec, errors=errors, replacement=replacement_char
    )
    return view(made, shape=shape[:-1])


@ragged("unicode_encode")
def _(input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533) -> Any:
    return unicode_encode(input, output_encoding, errors, replacement_char)


@public
def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """The strings in another encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE". Invalid bytes as in `unicode_decode`.

    >>> import gputape as tf
    >>> tf.strings.unicode_transcode("é", "UTF-8", "UTF-16-BE").numpy()
    b'\\x00\\xe9'
    """
    codec = _output("unicode_transcode", output_encoding)
    reader = Reader("unicode_transcode", input_encoding, errors, replacement_char, replace_control_characters)
    return per_string(text(input, "unicode_transcode"), make=lambda v: reader.text(v).encode(codec))


FLAT |= {"unicode_transcode"}
NAMES: dict[str, Any] = {
    "tf.strings.unicode_decode": unicode_decode,
    "tf.strings.unicode_decode_with_offsets": unicode_decode_with_offsets,
    "tf.strings.unicode_encode": unicode_encode,
    "tf.strings.unicode_split": unicode_split,
    "tf.strings.unicode_split_with_offsets": unicode_split_with_offsets,
    "tf.strings.unicode_transcode": unicode_transcode,
}
