"""Protocol buffers: the wire format, and messages declared as tables of fields.

A field on the wire is a key (number << 3 | kind) and a value: kind 0 a varint, 1 eight bytes, 2 a length and that many
bytes, 5 four bytes. Numbers in a repeated field may come packed, as one value of kind 2.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

M = TypeVar("M", bound="Message")
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class DecodeError(ValueError):
    """Bytes that are no message of the kind."""


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    number &= 0xFFFFFFFFFFFFFFFF
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise DecodeError("Error parsing message: a truncated or overlong varint")
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, at


def field(number: int, kind: int, value: Any) -> bytes:
    """A field: its key and its value; `value` is an int for varints, otherwise bytes."""
    key = varint(number << 3 | kind)
    if kind == VARINT:
        return key + varint(value)
    return key + varint(len(value)) + value if kind == BYTES else key + value  # type: ignore[no-any-return]


def fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """(number, kind, value) of each field in turn: ints for varints, otherwise bytes. DecodeError for what is no message."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = read_varint(data, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if number == 0 or size < 0 or at + size > len(data):
            raise DecodeError("Error parsing message: a truncated field or an unknown wire type")
        yield number, kind, data[at : at + size]
        at += size


def read_varints(data: bytes) -> list[int]:
    """The numbers of a packed field."""
    if data.isascii():
        return list(data)
    at, found = 0, []
    while at < len(data):
        number, at = read_varint(data, at)
        found.append(number)
    return found


def signed(number: int) -> int:
    return number - 2**64 if number >> 63 else number


class Field(NamedTuple):
    """A field of a message: its number, its kind ("bytes", "float", "int64", "map", "message") and a message's class.

    Numbers and bytes are repeated; a "map" goes from strings to messages of `of`; `repeated` messages make a list.
    """

    number: int
    kind: str
    of: Any = None
    repeated: bool = False


class Values(list[Any]):
    """The values of a repeated field; each is checked as it comes in."""

    def __init__(self, kind: str, values: Iterable[Any] = ()) -> None:
        self.kind = kind
        super().__init__()
        self.extend(values)

    def checked(self, value: Any) -> Any:
        if self.kind == "bytes":
            if not isinstance(value, bytes):
                raise TypeError(f"{value!r} has type {type(value).__name__}, but expected one of: bytes")
            return value
        if isinstance(value, (str, bytes)) or (self.kind == "int64" and not hasattr(value, "__index__")):
            raise TypeError(f"{value!r} has type {type(value).__name__}, but expected one of: {self.kind}")
        if self.kind == "float":
            return float(np.float32(value))
        number = int(value)
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"Value out of range: {number}")
        return number

    def append(self, value: Any) -> None:
        super().append(self.checked(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self.checked(v) for v in values])


class Messages(list[Any]):
    """The messages of a repeated field."""

    def __init__(self, of: Any, values: Iterable[Any] = ()) -> None:
        self.of = of
        super().__init__(values)

    def add(self, **values: Any) -> Any:
        """A new message at the end, to be filled."""
        self.append(self.of(**values))
        return self[-1]


class MessageMap(dict[str, Any]):
    """Messages by name; a name that is asked for is there, as in a defaultdict."""

    def __init__(self, of: Any, values: Any = ()) -> None:
        self.of = of
        super().__init__({(k.decode() if isinstance(k, bytes) else k): v for k, v in dict(values).items()})

    def __missing__(self, name: str) -> Any:
        self[name] = self.of()
        return self[name]


class Message:
    """A message: attributes for its FIELDS, and its bytes by SerializeToString and FromString.

    ONEOF names fields of which at most one is set. A message within a message counts as set when it was given, read, or
    holds something.
    """

    FIELDS: ClassVar[dict[str, Field]] = {}
    ONEOF: ClassVar[str | None] = None

    def __init__(self, **values: Any) -> None:
        self._given = {name for name, value in values.items() if value is not None}
        for name, spec in self.FIELDS.items():
            value = values.pop(name, None)
            if spec.kind == "map":
                made: Any = MessageMap(spec.of, value or ())
            elif spec.kind == "message":
                made = Messages(spec.of, value or ()) if spec.repeated else spec.of() if value is None else value
            else:
                made = Values(spec.kind, () if value is None else value)
            setattr(self, name, made)
        if values:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{sorted(values)[0]}" field.')

    def HasField(self, name: str) -> bool:
        """Whether the message in this field is set."""
        if name not in self.FIELDS:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        return name in self._given or bool(getattr(self, name))

    def WhichOneof(self, group: str) -> str | None:
        """The name of the field of the group that is set; None if there is none."""
        if group != self.ONEOF:
            raise ValueError(f'Protocol message {type(self).__name__} has no oneof "{group}" field.')
        return next((name for name in self.FIELDS if self.HasField(name)), None)

    def __bool__(self) -> bool:
        return bool(self._given) or any(getattr(self, name) for name in self.FIELDS)

    # -- bytes
    def SerializeToString(self, deterministic: bool | None = None) -> bytes:
        """The message on the wire; the names of maps in order."""
        parts = []
        for name, spec in self.FIELDS.items():
            value = getattr(self, name)
            if spec.kind == "bytes":
                parts += [field(spec.number, BYTES, v) for v in value]
            elif spec.kind == "float" and value:
                parts.append(field(spec.number, BYTES, struct.pack(f"<{len(value)}f", *value)))
            elif spec.kind == "int64" and value:
                parts.append(field(spec.number, BYTES, b"".join(map(varint, value))))
            elif spec.kind == "map":
                for key in sorted(value):
                    entry = field(1, BYTES, key.encode()) + field(2, BYTES, value[key].SerializeToString())
                    parts.append(field(spec.number, BYTES, entry))
            elif spec.kind == "message":
                inner = value if spec.repeated else [value] if self.HasField(name) else []
                parts += [field(spec.number, BYTES, v.SerializeToString()) for v in inner]
        return b"".join(parts)

    def ByteSize(self) -> int:
        return len(self.SerializeToString())

    @classmethod
    def FromString(cls: type[M], serialized: Any) -> M:
        """The message that the bytes (or a scalar string tensor's bytes) hold. DecodeError if they hold none."""
        made = cls()
        made.MergeFromString(serialized)
        return made

    def ParseFromString(self, serialized: Any) -> int:
        """Read the bytes into this message, which is emptied first; the number of bytes."""
        self.Clear()
        return self.MergeFromString(serialized)

    def MergeFromString(self, serialized: Any) -> int:
        """Read the bytes into this message beside what it holds; the number of bytes."""
        data = bytes(serialized)
        by_number = {spec.number: (name, spec) for name, spec in self.FIELDS.items()}
        for number, kind, value in fields(data):
            if number in by_number:
                self._merge(*by_number[number], kind, value)
        return len(data)

    def _merge(self, name: str, spec: Field, kind: int, value: Any) -> None:
        held = getattr(self, name)
        if spec.kind == "bytes":
            held.append(value)
        elif spec.kind == "float":
            list.extend(held, np.frombuffer(value, "<f4").tolist())
        elif spec.kind == "int64":
            list.extend(held, [signed(v) for v in ([value] if kind == VARINT else read_varints(value))])
        elif spec.kind == "map":
            entry = {n: v for n, _, v in fields(value)}
            held[entry.get(1, b"").decode()] = spec.of.FromString(entry.get(2, b""))
        elif spec.repeated:
            held.append(spec.of.FromString(value))
        else:
            if self.ONEOF:
                self.Clear()
                held = getattr(self, name)
            held.MergeFromString(value)
            self._given.add(name)

    def Clear(self) -> None:
        Message.__init__(self)

    def CopyFrom(self, other: Any) -> None:
        self.ParseFromString(other.SerializeToString())

    # -- text
    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.SerializeToString() == other.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "".join(line + "\n" for line in self._lines())

    def _lines(self) -> list[str]:
        lines: list[str] = []
        for name, spec in self.FIELDS.items():
            value = getattr(self, name)
            if spec.kind == "map":
                for key in sorted(value):
                    lines += [f"{name} {{", f"  key: {quoted(key.encode())}", "  value {"]
                    lines += ["    " + line for line in value[key]._lines()] + ["  }", "}"]
            elif spec.kind == "message":
                for inner in value if spec.repeated else [value] if self.HasField(name) else []:
                    lines += [f"{name} {{", *["  " + line for line in inner._lines()], "}"]
            else:
                lines += [f"{name}: {quoted(v) if spec.kind == 'bytes' else short(v)}" for v in value]
        return lines


def quoted(value: bytes) -> str:
    """Bytes in quotes, with C's escapes."""
    known = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return '"' + "".join(known.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in value) + '"'


def short(value: Any) -> str:
    """A number; a float with the fewest digits that give its 32 bits back."""
    if isinstance(value, int):
        return str(value)
    text = str(np.float32(value))
    return text.removesuffix(".0") if "e" not in text else text
