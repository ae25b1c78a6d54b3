"""Spectrograms of sound: STFTSpectrogram, a convolution whose kernels may be trained, and MelSpectrogram."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from .. import initializers
from ..ops.spectra import stft
from ..symbolic import KerasTensor
from .data_layer import DataLayer
from .layer import Layer
from .windows import conv_output_length, standard_format

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of signals (batch, time, channels), each channel on its own.

    A convolution with cosines and sines, as the STFT initializer makes them; they are weights, and trained unless
    `trainable=False`.

    Args:
        mode: what of the transform: "log" (of the magnitude, default), "magnitude", "psd" (power; frequencies that
            stand for two count twice), "real", "imag", "angle" or "stft" (real, then imaginary parts).
        frame_length: elements of a frame. frame_step: from frame to frame, default frame_length // 2.
        fft_length: default the smallest power of two that is at least `frame_length`.
        window, scaling, periodic: the STFT initializer's.
        padding: "valid" (default) or "same".
        expand_dims: whether frequencies and channels are axes of their own: (batch, time, frequencies, channels)
            instead of (batch, time, channels * frequencies).
        data_format: "channels_first" for (batch, channels, time) -> (batch, channels * frequencies, time), or
            (batch, channels, time, frequencies).

    Raises ValueError for other arguments, TypeError for inputs that are no floats.

    >>> from gputape import keras
    >>> keras.layers.STFTSpectrogram(frame_length=8)(keras.ops.ones((1, 32, 2))).shape
    TensorShape([1, 7, 10])
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if mode not in _MODES:
            raise ValueError(f"Output mode is invalid, it must be one of {', '.join(_MODES)}. Received: mode={mode}")
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(
                "`frame_step` should be a positive integer not greater than `frame_length`. Received "
                f"frame_step={frame_step}, frame_length={frame_length}"
            )
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(
                "`fft_length` should be not less than `frame_length`. Received "
                f"fft_length={fft_length}, frame_length={frame_length}"
            )
        if padding not in ("valid", "same"):
            raise ValueError(f"Padding is invalid, it should be 'valid', 'same'. Received: padding={padding}")
        self.mode, self.frame_length, self.frame_step, self.fft_length = mode, frame_length, frame_step, fft_length
        self.window, self.periodic, self.scaling = window, periodic, scaling
        self.padding, self.expand_dims = padding, expand_dims
        self.data_format = standard_format(data_format)
        self._step = frame_step or frame_length // 2
        self._size = fft_length or 1 << (frame_length - 1).bit_length()
        for side in ("real", "imag"):  # raises for what it does not know
            initializers.STFT(side, window, scaling, periodic)

    def build(self, input_shape: Any) -> None:
        def kernel(side: str) -> Any:
            if self.mode in ("real", "imag") and self.mode != side:
                return None
            shape = (self.frame_length, 1, self._size // 2 + 1)
            made = initializers.STFT(side, self.window, self.scaling, self.periodic)
            return self.add_weight(name=f"{side}_kernel", shape=shape, initializer=made)

        self.real_kernel, self.imag_kernel = kernel("real"), kernel("imag")

    def call(self, inputs: Any) -> Any:
        if not inputs.dtype.is_floating:
            raise TypeError(
                f"Invalid input type. Expected `float16`, `float32` or `float64`. Received: {inputs.dtype.name}"
            )
        x = inputs if self.data_format == "channels_first" else tf.transpose(inputs, [0, 2, 1])
        _, channels, time = x.shape
        x = tf.reshape(x, [-1, time, 1])
        real, imag = (
            None if kernel is None else tf.nn.conv1d(x, kernel, self._step, self.padding.upper())
            for kernel in (self.real_kernel, self.imag_kernel)
        )
        y = self._told(real, imag)
        y = tf.reshape(y, [-1, channels, *y.shape[1:]])  # (batch, channels, time, frequencies)
        if self.data_format == "channels_first":
            return y if self.expand_dims else self._joined(tf.transpose(y, [0, 1, 3, 2]), 1)
        return tf.transpose(y, [0, 2, 3, 1]) if self.expand_dims else self._joined(tf.transpose(y, [0, 2, 1, 3]), 2)

    @staticmethod
    def _joined(y: Any, axis: int) -> Any:
        """`axis` and the one behind it as one."""
        shape = list(y.shape)
        return tf.reshape(y, [-1, *shape[1:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]])

    def _told(self, real: Any, imag: Any) -> Any:
        """What `mode` asks for, of the two parts."""
        if self.mode in ("real", "imag"):
            return real if self.mode == "real" else imag
        if self.mode == "stft":
            return tf.concat([real, imag], -1)
        if self.mode == "angle":
            return tf.atan2(imag, real)
        power = real * real + imag * imag
        if self.mode == "psd":
            alone = [k == 0 or 2 * k == self._size for k in range(self._size // 2 + 1)]
            return tf.where(alone, power, 2.0 * power)
        magnitude = tf.sqrt(tf.maximum(power, 1e-14 if power.dtype.size > 2 else 1e-7))  # silence has finite slopes
        return tf.math.log(magnitude) if self.mode == "log" else magnitude

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        first = self.data_format == "channels_first"
        channels, time = input_shape[1 if first else 2], input_shape[2 if first else 1]
        frames = None if time is None else conv_output_length(time, self.frame_length, self.padding, self._step)
        frequencies = (self._size // 2 + 1) * (2 if self.mode == "stft" else 1)
        if self.expand_dims:
            return (
                (input_shape[0], channels, frames, frequencies)
                if first
                else (input_shape[0], frames, frequencies, channels)
            )
        both = None if channels is None else channels * frequencies
        return (input_shape[0], both, frames) if first else (input_shape[0], frames, both)


class MelSpectrogram(DataLayer):
    """Sound (samples,) or (batch, samples) as power in bands of the mel scale: (..., num_mel_bins, frames).

    Args:
        fft_length: elements of a frame. sequence_stride: from frame to frame.
        sequence_length: how long the window is, default `fft_length`.
        window: "hann" (default), "hamming", an array of `sequence_length` elements or None.
        sampling_rate: samples a second.
        num_mel_bins, min_freq, max_freq: how many bands, and between which frequencies (default up to half the rate).
        power_to_db: whether the result is in decibels: 10 log10(power / ref_power), both at least `min_power`, and not
            more than `top_db` below the largest.
        mag_exp: the power of the magnitude, default 2.

    >>> from gputape import keras
    >>> keras.layers.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=4)(keras.ops.ones((2, 160))).shape
    TensorShape([2, 4, 11])
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        if fft_length < self.sequence_length:
            raise ValueError(
                "`fft_length` must be greater than or equal to `sequence_length`. Received: "
                f"fft_length={fft_length}, sequence_length={sequence_length}"
            )
        self.window, self.sampling_rate, self.num_mel_bins = window, sampling_rate, num_mel_bins
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        x = tf.cast(inputs, "float64" if self.compute_dtype == "float64" else "float32")
        lone = len(x.shape) == 1
        x = x[None] if lone else x
        real, imag = stft(x, self.sequence_length, self.sequence_stride, self.fft_length, self.window)
        power = tf.pow(tf.sqrt(tf.maximum(real * real + imag * imag, 1e-30)), self.mag_exp)
        bins = self.fft_length // 2 + 1
        bands = tf.signal.linear_to_mel_weight_matrix(
            self.num_mel_bins, bins, self.sampling_rate, self.min_freq, self.max_freq, power.dtype
        )
        y = tf.transpose(tf.matmul(power, bands), [0, 2, 1])
        y = self._decibels(y) if self.power_to_db else y
        return tf.cast(y[0] if lone else y, self.compute_dtype)

    def _decibels(self, power: Any) -> Any:
        scale = 10.0 / math.log(10.0)
        reference = scale * math.log(max(self.ref_power, self.min_power))
        y = scale * tf.math.log(tf.maximum(power, self.min_power)) - reference
        return tf.maximum(y, tf.reduce_max(y) - self.top_db)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        time = input_shape[-1]
        frames = (
            None if time is None else (time + self.fft_length // 2 * 2 - self.fft_length) // self.sequence_stride + 1
        )
        return (*input_shape[:-1], self.num_mel_bins, frames)

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sequence_length": self.sequence_length, "max_freq": self.max_freq}
