"""tf.audio: WAV files of 16 bits a sample as float tensors, and back."""

from __future__ import annotations

import io
import wave
from collections import namedtuple
from typing import Any

import numpy as np

from .errors import InvalidArgumentError
from .op import op, public
from .ops.shape import static
from .ops.strings import packed, text
from .registry import OPS
from .tensor import convert_to_tensor

DecodeWav = namedtuple("DecodeWav", ["audio", "sample_rate"])
_FULL = 32768.0  # a sample of 1.0


@op(dynamic=True)  # type: ignore[untyped-decorator]
def wav_samples(xp: Any, contents: Any, *, channels: int, samples: int) -> Any:
    try:
        with wave.open(io.BytesIO(contents.item())) as file:
            width, found, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise InvalidArgumentError(f"decode_wav: the contents are no WAV file of PCM samples: {error}") from None
    if width != 2:
        raise InvalidArgumentError(f"decode_wav: Can only read 16-bit WAV files, but received {8 * width}")
    audio = np.frombuffer(data, "<i2").reshape(-1, found).astype(np.float32) / np.float32(_FULL)
    if channels > 0:
        audio = audio[:, np.minimum(np.arange(channels), found - 1)]
    if samples > 0:
        audio = np.pad(audio[:samples], [(0, max(samples - len(audio), 0)), (0, 0)])
    return np.ascontiguousarray(audio), np.asarray(rate, np.int32)


@public
def decode_wav(contents: Any, desired_channels: Any = -1, desired_samples: Any = -1, name: str | None = None) -> Any:
    """(audio, sample_rate) of a WAV file of 16 bits a sample: float32 (samples, channels) from -1 to 1, an int32 scalar.

    Args:
        contents: the bytes of the file, a scalar string tensor.
        desired_channels: how many; the last one is repeated or the rest left out. Default all.
        desired_samples: how many; zeros are appended or the rest left out. Default all.

    InvalidArgumentError for other contents.

    >>> import gputape as tf
    >>> wav = tf.audio.encode_wav([[0.0], [0.5], [-1.0]], 8000)
    >>> audio, rate = tf.audio.decode_wav(wav)
    >>> audio.numpy().ravel(), int(rate)
    (array([ 0. ,  0.5, -1. ], dtype=float32), 8000)
    """
    made = wav_samples(text(contents, "decode_wav"), channels=static(desired_channels), samples=static(desired_samples))
    return DecodeWav(*made)


@op
def wav_file(xp: Any, audio: Any, *, rate: int) -> Any:
    samples = np.clip(np.trunc(audio * _FULL + np.copysign(0.5, audio)), -_FULL, _FULL - 1)  # rounded as in C
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(audio.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return packed([file.getvalue()], ())


@public
def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Any:
    """The bytes of a WAV file of 16 bits a sample, a scalar string tensor; `audio` is float32 (samples, channels).

    Samples beyond -1 and 1 are clipped. InvalidArgumentError for another shape.
    """
    audio = OPS["on_host"](convert_to_tensor(audio, dtype="float32"))
    if audio._array.ndim != 2 or 0 in audio._array.shape:
        raise InvalidArgumentError(f"encode_wav: audio must be (samples, channels), got {tuple(audio.shape)}")
    return wav_file(audio, rate=static(sample_rate))


NAMES = {"tf.audio.decode_wav": decode_wav, "tf.audio.encode_wav": encode_wav}
