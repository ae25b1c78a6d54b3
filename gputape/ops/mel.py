"""The mel scale of pitch: weights from frequencies to mel bands, and cepstral coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..op import public
from ..tensor import as_tensor
from .dct import dct
from .shape import static


def _mel(hertz: Any) -> Any:
    """The formula of the Hidden Markov Toolkit's book."""
    return 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)


@public
def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0,
    upper_edge_hertz: Any = 3800.0,
    dtype: Any = "float32",
    name: str | None = None,
) -> Any:
    """Weights (num_spectrogram_bins, num_mel_bins): triangles at equal distances on the mel scale.

    The bins are frequencies from 0 to sample_rate / 2; bin 0 weighs nothing. ValueError unless the counts are positive
    and 0 <= lower_edge_hertz < upper_edge_hertz <= sample_rate / 2.

    >>> import gputape as tf
    >>> tf.signal.linear_to_mel_weight_matrix(2, 4).numpy().round(2)
    array([[0.  , 0.  ],
           [0.4 , 0.6 ],
           [0.  , 0.51],
           [0.  , 0.  ]], dtype=float32)
    """
    bands, bins, wanted = static(num_mel_bins), static(num_spectrogram_bins), as_dtype(dtype)
    rate, low, high = (float(np.asarray(v)) for v in (sample_rate, lower_edge_hertz, upper_edge_hertz))
    for wrong, told in (
        (bands <= 0, f"num_mel_bins must be positive. Got: {bands}"),
        (low < 0, f"lower_edge_hertz must be non-negative. Got: {low}"),
        (low >= high, f"lower_edge_hertz {low} >= upper_edge_hertz {high}"),
        (rate <= 0, f"sample_rate must be positive. Got: {rate}"),
        (high > rate / 2, f"upper_edge_hertz must not be larger than the Nyquist frequency {rate / 2}. Got: {high}"),
        (not wanted.is_floating, f"dtype must be a floating point type. Got: {wanted!r}"),
    ):
        if wrong:
            raise ValueError(f"linear_to_mel_weight_matrix: {told}")
    pitch = _mel(np.linspace(0.0, rate / 2, bins)[1:])[:, None]
    edges = np.linspace(_mel(low), _mel(high), bands + 2)
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((pitch - left) / (middle - left), (right - pitch) / (right - middle)))
    return as_tensor(np.pad(weights, [[1, 0], [0, 0]]).astype(wanted.numpy))


@public
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Mel-frequency cepstral coefficients of log spectrograms (..., bands), in the same shape: dct / sqrt(2 bands).

    ValueError for an empty last axis.
    """
    x = as_tensor(log_mel_spectrograms)
    bands = x._array.shape[-1]
    if not bands:
        raise ValueError("mfccs_from_log_mel_spectrograms: num_mel_bins must be positive. Got: 0")
    return dct(x) * float(1 / np.sqrt(2.0 * bands))


NAMES = {
    "tf.signal.linear_to_mel_weight_matrix": linear_to_mel_weight_matrix,
    "tf.signal.mfccs_from_log_mel_spectrograms": mfccs_from_log_mel_spectrograms,
}
