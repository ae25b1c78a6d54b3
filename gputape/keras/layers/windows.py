"""Sizes and layouts of layers that slide a window: convolutions and pools."""

from __future__ import annotations

from typing import Any

from .. import backend


def normalized(value: Any, rank: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """An int or a sequence of `rank` ints as a tuple; ValueError otherwise."""
    told = f"The `{name}` argument must be a tuple of {rank} integers. Received {name}={value}"
    if isinstance(value, int):
        made: tuple[Any, ...] = (value,) * rank
    else:
        try:
            made = tuple(value)
        except TypeError:
            raise ValueError(told) from None
        if len(made) != rank:
            raise ValueError(told)
        try:
            made = tuple(int(v) for v in made)
        except (TypeError, ValueError):
            raise ValueError(f"{told}, including values that are no integers") from None
    wrong = {v for v in made if v < (0 if allow_zero else 1)}
    if wrong:
        wanted = ">= 0" if allow_zero else "> 0"
        raise ValueError(f"{told}, including values {wrong} that do not satisfy `value {wanted}`")
    return made


def standard_format(data_format: str | None) -> str:
    """ "channels_last" or "channels_first"; the configured default for None; ValueError otherwise."""
    made = backend.image_data_format() if data_format is None else str(data_format).lower()
    if made not in ("channels_last", "channels_first"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
            f"Received: data_format={data_format}"
        )
    return made


def tf_format(data_format: str, rank: int) -> str:
    """The same in the words of tf.nn: "NHWC" and its kin."""
    axes = "DHW"[-rank:]
    return f"N{axes}C" if data_format == "channels_last" else f"NC{axes}"


def conv_output_length(n: int | None, window: int, padding: str, stride: int, dilation: int = 1) -> int | None:
    """How many windows fit along an axis of `n`; None if `n` is not known."""
    if n is None:
        return None
    reach = (window - 1) * dilation + 1
    return -(-n // stride) if padding in ("same", "causal") else (n - reach) // stride + 1


def deconv_length(
    n: int | None, window: int, stride: int, padding: str, output_padding: int | None, dilation: int = 1
) -> int | None:
    """The length whose convolution gives `n`, the smallest that fits unless `output_padding` says more."""
    if n is None:
        return None
    reach = (window - 1) * dilation + 1
    if output_padding is None:
        return n * stride + max(reach - stride, 0) if padding == "valid" else n * stride
    before = 0 if padding == "valid" else reach // 2
    return (n - 1) * stride + reach - 2 * before + output_padding
