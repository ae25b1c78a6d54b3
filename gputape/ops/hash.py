"""Hashes of strings: tf.strings.to_hash_bucket, to_hash_bucket_fast, to_hash_bucket_strong, tf.fingerprint.

Strings of one length are hashed together, in 64-bit arithmetic that wraps around. The functions are
Murmur2 64A (A. Appleby), FarmHash Fingerprint64 (G. Pike) and SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein), bit for bit
as TensorFlow has them, so that a hashed vocabulary means the same in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..ragged.dispatch import FLAT
from ..tensor import placed
from .shape import static
from .strings import _bytes, hosted, text

U = np.uint64


def words(rows: Any, at: int, size: int = 8) -> Any:
    """The little-endian number in `size` bytes from place `at` of each row."""
    kind = "<u8" if size == 8 else "<u4"
    return np.ascontiguousarray(rows[:, at : at + size]).view(kind)[:, 0].astype(np.uint64)


def shift(x: Any, count: int) -> Any:
    return x >> U(count)


def rotate(x: Any, right: int) -> Any:
    return x >> U(right) | x << U(64 - right)


# -- Murmur2, 64 bits


def murmur(rows: Any) -> Any:
    """Murmur2 64A with the seed 0xDECAFCAFFE of each row of bytes."""
    count, size = rows.shape
    m = U(0xC6A4A7935BD1E995)
    h = np.full(count, U(0xDECAFCAFFE) ^ U(size * 0xC6A4A7935BD1E995 % 2**64))
    for at in range(0, size - size % 8, 8):
        k = words(rows, at) * m
        h = (h ^ (k ^ shift(k, 47)) * m) * m
    if size % 8:
        for k in range(size % 8):
            h = h ^ rows[:, size - size % 8 + k].astype(np.uint64) << U(8 * k)
        h = h * m
    h = (h ^ shift(h, 47)) * m
    return h ^ shift(h, 47)


# -- FarmHash

K0, K1, K2 = U(0xC3A5C85C97CB3127), U(0xB492B66FBE98F273), U(0x9AE16A3B2F90404F)


def _mixed(u: Any, v: Any, mul: Any) -> Any:
    """Two words to one."""
    a = (u ^ v) * mul
    b = (v ^ a ^ shift(a, 47)) * mul
    return (b ^ shift(b, 47)) * mul


def _folded(x: Any) -> Any:
    return x ^ shift(x, 47)


def _short(rows: Any) -> Any:
    """Up to 16 bytes."""
    n = rows.shape[1]
    if n >= 8:
        mul = K2 + U(2 * n)
        a, b = words(rows, 0) + K2, words(rows, n - 8)
        return _mixed(rotate(b, 37) * mul + a, (rotate(a, 25) + b) * mul, mul)
    if n >= 4:
        return _mixed(U(n) + (words(rows, 0, 4) << U(3)), words(rows, n - 4, 4), K2 + U(2 * n))
    if n:
        a, b, c = (rows[:, k].astype(np.uint64) for k in (0, n >> 1, n - 1))
        return _folded((a + (b << U(8))) * K2 ^ (U(n) + (c << U(2))) * K0) * K2
    return np.full(len(rows), K2)


def _medium(rows: Any) -> Any:
    """17 to 64 bytes."""
    n = rows.shape[1]
    mul = K2 + U(2 * n)
    a, b = words(rows, 0) * (K1 if n <= 32 else K2), words(rows, 8)
    c, d = words(rows, n - 8) * mul, words(rows, n - 16) * K2
    y = rotate(a + b, 43) + rotate(c, 30) + d
    z = _mixed(y, a + rotate(b + K2, 18) + c, mul)
    if n <= 32:
        return z
    e, f = words(rows, 16) * mul, words(rows, 24)
    g, h = (y + words(rows, n - 32)) * mul, (z + words(rows, n - 24)) * mul
    return _mixed(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, mul)


def _weak(rows: Any, at: int, a: Any, b: Any) -> tuple[Any, Any]:
    """32 bytes and two seeds to two words."""
    w, x, y, z = (words(rows, at + 8 * k) for k in range(4))
    a = a + w
    b = rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + rotate(a, 44) + c


def _long(rows: Any) -> Any:
    """More than 64 bytes: blocks of 64, the last one counted from the end."""
    count, n = rows.shape
    y0 = 81 * int(K1) + 113
    y = np.full(count, U(y0 % 2**64))
    z = _folded(y * K2 + U(113)) * K2
    v: tuple[Any, Any] = (np.zeros(count, U), np.zeros(count, U))
    w = v
    x = np.full(count, U(81 * int(K2) % 2**64)) + words(rows, 0)
    for at in range(0, (n - 1) // 64 * 64, 64):
        x = rotate(x + y + v[0] + words(rows, at + 8), 37) * K1
        y = rotate(y + v[1] + words(rows, at + 48), 42) * K1
        x = x ^ w[1]
        y = y + v[0] + words(rows, at + 40)
        z = rotate(z + w[0], 33) * K1
        v = _weak(rows, at, v[1] * K1, x + w[0])
        w = _weak(rows, at + 32, z + w[1], y + words(rows, at + 16))
        x, z = z, x
    mul, at = K1 + ((z & U(255)) << U(1)), n - 64
    w = w[0] + U((n - 1) & 63), w[1]
    v = v[0] + w[0], v[1]
    w = w[0] + v[0], w[1]
    x = rotate(x + y + v[0] + words(rows, at + 8), 37) * mul
    y = rotate(y + v[1] + words(rows, at + 48), 42) * mul
    x = x ^ w[1] * U(9)
    y = y + v[0] * U(9) + words(rows, at + 40)
    z = rotate(z + w[0], 33) * mul
    v = _weak(rows, at, v[1] * mul, x + w[0])
    w = _weak(rows, at + 32, z + w[1], y + words(rows, at + 16))
    x, z = z, x
    return _mixed(_mixed(v[0], w[0], mul) + _folded(y) * K0 + z, _mixed(v[1], w[1], mul) + x, mul)


def farm(rows: Any) -> Any:
    """FarmHash Fingerprint64 of each row of bytes."""
    n = rows.shape[1]
    return _short(rows) if n <= 16 else _medium(rows) if n <= 64 else _long(rows)


# -- SipHash


def sip(rows: Any, key: tuple[int, int]) -> Any:
    """SipHash-2-4 of each row of bytes under a key of two words."""
    count, n = rows.shape
    k0, k1 = U(key[0]), U(key[1])
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [np.full(count, U(s) ^ k) for s, k in zip(start, (k0, k1, k0, k1))]

    def mix(rounds: int) -> None:
        for _ in range(rounds):
            v[0], v[2] = v[0] + v[1], v[2] + v[3]
            v[1], v[3] = rotate(v[1], 51) ^ v[0], rotate(v[3], 48) ^ v[2]
            v[0] = rotate(v[0], 32)
            v[2], v[0] = v[2] + v[1], v[0] + v[3]
            v[1], v[3] = rotate(v[1], 47) ^ v[2], rotate(v[3], 43) ^ v[0]
            v[2] = rotate(v[2], 32)

    tail = np.zeros((count, 8), np.uint8)
    tail[:, : n % 8] = rows[:, n - n % 8 :]
    tail[:, 7] = n % 256
    for word in [*[words(rows, at) for at in range(0, n - n % 8, 8)], words(tail, 0)]:
        v[3] = v[3] ^ word
        mix(2)
        v[0] = v[0] ^ word
    v[2] = v[2] ^ U(255)
    mix(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# -- ops


def hashed(strings: list[bytes], of_rows: Callable[[Any], Any]) -> Any:
    """The hash of each string, uint64: `of_rows` of the strings of each length, as a matrix of bytes."""
    made = np.empty(len(strings), np.uint64)
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    for size in np.unique(lengths):
        places = np.flatnonzero(lengths == size)
        rows = np.frombuffer(b"".join([strings[k] for k in places]), np.uint8).reshape(len(places), size)
        made[places] = of_rows(rows)
    return made


@op
def hash_bucket(xp, x, *, of_rows, buckets):
    return placed((hashed(x.ravel().tolist(), of_rows) % U(buckets)).astype(np.int64).reshape(x.shape))


def _bucket(name: str, input: Any, num_buckets: Any, of_rows: Any) -> Any:
    count = static(num_buckets)
    if count < 1:
        raise InvalidArgumentError(f"{name}: num_buckets={count} must be at least minimum 1")
    return hash_bucket(text(input, name), of_rows=of_rows, buckets=count)


@public
def to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """A number in [0, num_buckets) for each string, int64: its FarmHash modulo num_buckets, the same at every run.

    >>> import gputape as tf
    >>> tf.strings.to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3).numpy()
    array([0, 2, 2])
    """
    return _bucket("to_hash_bucket_fast", input, num_buckets, farm)


@public
def to_hash_bucket(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """A number in [0, num_buckets) for each string, int64, by an older hash; use `to_hash_bucket_fast`."""
    return _bucket("to_hash_bucket", input, num_buckets, murmur)


@public
def to_hash_bucket_strong(input: Any, num_buckets: Any, key: Any, name: str | None = None) -> Any:
    """A number in [0, num_buckets) for each string, int64: SipHash under `key`, two integers that are kept secret."""
    words_of_key = [int(k) % 2**64 for k in key]
    if len(words_of_key) != 2:
        raise InvalidArgumentError(f"to_hash_bucket_strong: Key must have 2 elements, got {len(words_of_key)}")
    pair = words_of_key[0], words_of_key[1]
    return _bucket("to_hash_bucket_strong", input, num_buckets, lambda rows: sip(rows, pair))


@op
def fingerprints(xp, data):
    if data.dtype != object:
        rows = np.ascontiguousarray(data).view(np.uint8).reshape(len(data), -1)
        return farm(rows)[:, None].view(np.uint8)
    strings = data.reshape(len(data), -1)
    made = hashed(strings.ravel().tolist(), farm).reshape(strings.shape)
    if data.ndim > 1:
        made = farm(np.ascontiguousarray(made).view(np.uint8))[:, None]
    return np.ascontiguousarray(made).view(np.uint8)


@public
def fingerprint(data: Any, method: Any = "farmhash64", name: str | None = None) -> Any:
    """FarmHash of each row of `data` (its bytes, or its strings), uint8 of shape (rows, 8).

    >>> import gputape as tf
    >>> tf.fingerprint(["a"]).numpy()
    array([[227, 117, 223, 182, 101,  66,  69, 179]], dtype=uint8)
    """
    if _bytes(method) != b"farmhash64":
        raise InvalidArgumentError(f"fingerprint: Unsupported fingerprint method: {method}")
    x = hosted(data)
    if not x._array.ndim:
        raise InvalidArgumentError("fingerprint: data must have at least one axis")
    return fingerprints(x)


FLAT |= {"to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong"}
NAMES: dict[str, Any] = {
    "tf.fingerprint": fingerprint,
    "tf.strings.to_hash_bucket": to_hash_bucket,
    "tf.strings.to_hash_bucket_fast": to_hash_bucket_fast,
    "tf.strings.to_hash_bucket_strong": to_hash_bucket_strong,
}
