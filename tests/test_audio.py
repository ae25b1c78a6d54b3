"""WAV files: the bytes that TensorFlow 2.21 writes, what it reads back, refusals."""

import io
import wave

import numpy as np
import pytest

import gputape as tf

AUDIO = [[0.0, 0.5], [-1.0, 1.0], [0.123, -0.7], [2.0, -3.0]]
WAV = (  # tf.audio.encode_wav(AUDIO, 8000)
    b"RIFF4\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00@\x1f\x00\x00\x00}\x00\x00\x04\x00\x10\x00data\x10\x00\x00"
    b"\x00\x00\x00\x00@\x00\x80\xff\x7f\xbe\x0ff\xa6\xff\x7f\x00\x80"
)
TOP = 32767 / 32768


def test_bytes():
    assert tf.audio.encode_wav(AUDIO, 8000).numpy() == WAV


def test_samples():
    audio, rate = tf.audio.decode_wav(WAV)
    assert rate.dtype == tf.int32 and rate.numpy() == 8000 and audio.dtype == tf.float32
    np.testing.assert_array_equal(audio, [[0, 0.5], [-1, TOP], [0.12298583984375, -0.70001220703125], [TOP, -1]])
    assert tf.audio.decode_wav(WAV, 1, 2).audio.numpy().tolist() == [[0], [-1]]
    assert tf.audio.decode_wav(WAV, 3, 2).audio.numpy().tolist() == [[0, 0.5, 0.5], [-1, TOP, TOP]]
    assert tf.audio.decode_wav(WAV, desired_samples=6).audio.numpy()[4:].tolist() == [[0, 0], [0, 0]]


def test_refusals():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no WAV file"):
        tf.audio.decode_wav(b"abc")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 1, 8000, 1, "NONE", None))
        out.writeframes(b"\x00")
    with pytest.raises(tf.errors.InvalidArgumentError, match="16-bit WAV files, but received 8"):
        tf.audio.decode_wav(file.getvalue())
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\(samples, channels\), got \(3,\)"):
        tf.audio.encode_wav([1.0, 2.0, 3.0], 8000)
