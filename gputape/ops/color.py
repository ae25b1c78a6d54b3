"""The colours of images: element types, brightness, contrast, hue and saturation, and other systems than RGB."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .image import as_image
from .shape import static


@public
def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """`image` as `dtype`, its values scaled: integers span their positive range, floats [0, 1].

    saturate: values outside the range of `dtype` become its nearest value instead of wrapping around.

    >>> import gputape as tf
    >>> tf.image.convert_image_dtype(tf.constant([0, 255], tf.uint8), tf.float32).numpy()
    array([0., 1.], dtype=float32)
    """
    image, dtype = as_tensor(image), as_dtype(dtype)
    old = image.dtype
    for which in (old, dtype):
        if not (which.is_floating or which.is_integer):
            raise AttributeError(f"convert_image_dtype: dtype must be either floating point or integer, not {which!r}")
    cast = OPS["saturate_cast" if saturate else "cast"]
    if old == dtype:
        return image
    if old.is_floating:
        return OPS["cast"](image, dtype) if dtype.is_floating else cast(image * (dtype.max + 0.5), dtype)
    if dtype.is_floating:
        return OPS["cast"](image, dtype) * (1.0 / old.max)
    if old.max > dtype.max:
        return cast(image // ((old.max + 1) // (dtype.max + 1)), dtype)
    return cast(image, dtype) * ((dtype.max + 1) // (old.max + 1))


def _as_float(image: Any) -> Any:
    """`image` as float32 in [0, 1]; float16 and float32 stay."""
    return image if image.dtype in ("float16", "float32") else convert_image_dtype(image, "float32")


@public
def adjust_brightness(image: Any, delta: Any) -> Any:
    """`delta`, a part of the full range, added to every value; the dtype stays. Reference: tf.image.adjust_brightness.

    >>> import gputape as tf
    >>> tf.image.adjust_brightness([[[0.5]]], 0.25).numpy().item()
    0.75
    """
    image = as_tensor(image)
    x = _as_float(image)
    return convert_image_dtype(x + OPS["cast"](as_tensor(delta), x.dtype), image.dtype, saturate=True)


@public
def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """(x - mean) * contrast_factor + mean, with the mean over height and width of each channel.

    As in TensorFlow it has no gradient: asking for one raises LookupError.
    """
    images = as_tensor(images)
    if images._array.ndim < 3:
        raise InvalidArgumentError(
            f"adjust_contrast: images must have shape (..., height, width, channels), got {tuple(images._array.shape)}"
        )
    x = OPS["cast"](_as_float(images), "float32")
    y = contrast_adjusted(x, OPS["cast"](as_tensor(contrast_factor), "float32"))
    return convert_image_dtype(y, images.dtype, saturate=True)


@op
def contrast_adjusted(xp, x, factor):
    mean = x.mean((-3, -2), keepdims=True)
    return (x - mean) * factor + mean


@contrast_adjusted.gradient
def _(dy):
    raise LookupError(
        "gradient registry has no entry for: AdjustContrastv2: TensorFlow has none, write it in other ops"
    )


@public
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """gain * x ** gamma of values in [0, 1]; ValueError for a negative gamma."""
    image = as_tensor(image)
    if isinstance(gamma, (int, float)) and gamma < 0:
        raise ValueError(f"adjust_gamma: Gamma should be a non-negative real number, got {gamma}")
    x = _as_float(image)
    return convert_image_dtype(gain * x**gamma, image.dtype, saturate=True)


def _channels(name: str, image: Any, wanted: int = 3) -> Any:
    image = as_tensor(image)
    shape = tuple(image._array.shape)
    if not shape or shape[-1] != wanted:
        raise InvalidArgumentError(f"{name}: the last dimension must have size {wanted}, got shape {shape} [Op:{name}]")
    return image


def _of_floats(name: str, image: Any) -> Any:
    image = _channels(name, image)
    if not image.dtype.is_floating:
        raise InvalidArgumentError(f"{name}: images must be floating point, got {image.dtype.name} [Op:{name}]")
    return image


@public
def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Red, green and blue in [0, 1] (the last axis) as hue, saturation and value in [0, 1]; grey has hue 0.

    >>> import gputape as tf
    >>> tf.image.rgb_to_hsv([1.0, 0.5, 0.0]).numpy().round(4)
    array([0.0833, 1.    , 1.    ], dtype=float32)
    """
    images = _of_floats("rgb_to_hsv", images)
    select = OPS["select"]
    r, g, b = OPS["unstack"](images, axis=-1)
    value = OPS["maximum"](OPS["maximum"](r, g), b)
    chroma = value - OPS["minimum"](OPS["minimum"](r, g), b)
    one = OPS["ones_like"](value)
    saturation = select(value > 0, chroma / select(value > 0, value, one), 0.0)
    sixth = 1 / (6 * select(chroma > 0, chroma, one))
    other = select(OPS["equal"](g, value), sixth * (b - r) + 2 / 6, sixth * (r - g) + 4 / 6)
    hue = select(OPS["equal"](r, value), sixth * (g - b), other)
    hue = select(chroma > 0, select(hue < 0, hue + 1, hue), 0.0)
    return OPS["stack"]([hue, saturation, value], -1)


@public
def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Hue, saturation and value in [0, 1] (the last axis) as red, green and blue."""
    images = _of_floats("hsv_to_rgb", images)
    hue, saturation, value = OPS["unstack"](images, axis=-1)
    h, distance, clip = hue * 6, OPS["abs"], OPS["clip_by_value"]
    parts = [distance(h - 3) - 1, 2 - distance(h - 2), 2 - distance(h - 4)]
    return OPS["stack"]([((clip(p, 0.0, 1.0) - 1) * saturation + 1) * value for p in parts], -1)


@public
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """RGB images with `delta`, a part of the circle in [-1, 1], added to their hue; InvalidArgumentError beyond."""
    if isinstance(delta, (int, float)) and not -1 <= delta <= 1:
        raise InvalidArgumentError(f"adjust_hue: delta must be in the interval [-1, 1], got {delta}")
    return _in_hsv("adjust_hue", image, lambda h, s, v: (OPS["floormod"](h + delta, 1.0), s, v))


@public
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """RGB images with their saturation multiplied by `saturation_factor`, at most 1."""
    factor = saturation_factor
    return _in_hsv("adjust_saturation", image, lambda h, s, v: (h, OPS["clip_by_value"](s * factor, 0.0, 1.0), v))


def _in_hsv(name: str, image: Any, change: Any) -> Any:
    image = _channels(name, image)
    x = OPS["cast"](_as_float(image), "float32")
    hsv = change(*OPS["unstack"](rgb_to_hsv(x), axis=-1))
    return convert_image_dtype(hsv_to_rgb(OPS["stack"](list(hsv), -1)), image.dtype)


@public
def per_image_standardization(image: Any) -> Any:
    """Each image with mean 0 and standard deviation 1: (x - mean) / max(stddev, 1 / sqrt(size)).

    >>> import gputape as tf
    >>> tf.image.per_image_standardization([[[1.0], [3.0]]]).numpy().reshape(-1)
    array([-1.,  1.], dtype=float32)
    """
    image = as_image("per_image_standardization", image)
    x = OPS["cast"](image, "float32")
    size = int(np.prod(x._array.shape[-3:]))
    mean = OPS["reduce_mean"](x, [-3, -2, -1], keepdims=True)
    deviation = OPS["reduce_std"](x, [-3, -2, -1], keepdims=True)
    return (x - mean) / OPS["maximum"](deviation, 1 / max(size, 1) ** 0.5)


@public
def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """One channel of brightness: 0.2989 red + 0.587 green + 0.114 blue; the dtype stays."""
    images = _channels("rgb_to_grayscale", images)
    x = images if images.dtype.is_floating else convert_image_dtype(images, "float32")
    grey = OPS["tensordot"](x, OPS["cast"](as_tensor([0.2989, 0.587, 0.114]), x.dtype), [[-1], [-1]])
    return convert_image_dtype(OPS["expand_dims"](grey, -1), images.dtype)


@public
def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """Three equal channels of one."""
    images = _channels("grayscale_to_rgb", images, 1)
    return OPS["tile"](images, [1] * (images._array.ndim - 1) + [3])


_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))

_FROM_YIQ = ((1.0, 1.0, 1.0), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))
_FROM_YUV = ((1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0))


def _mixed(name: str, images: Any, matrix: Any) -> Any:
    """The channels (last axis) times a matrix; TypeError for integers."""
    images = _channels(name, images)
    if not images.dtype.is_floating:
        raise TypeError(f"{name}: images must be floating point, got {images.dtype.name}: tf.image.convert_image_dtype")
    return OPS["tensordot"](images, OPS["cast"](as_tensor(np.asarray(matrix)), images.dtype), [[-1], [0]])


@public
def rgb_to_yiq(images: Any) -> Any:
    """Red, green and blue as Y, I and Q of the NTSC colour system."""
    return _mixed("rgb_to_yiq", images, _YIQ)


@public
def yiq_to_rgb(images: Any) -> Any:
    """Y, I and Q of the NTSC colour system as red, green and blue."""
    return _mixed("yiq_to_rgb", images, _FROM_YIQ)


@public
def rgb_to_yuv(images: Any) -> Any:
    """Red, green and blue as Y, U and V of the PAL colour system."""
    return _mixed("rgb_to_yuv", images, _YUV)


@public
def yuv_to_rgb(images: Any) -> Any:
    """Y, U and V of the PAL colour system as red, green and blue."""
    return _mixed("yuv_to_rgb", images, _FROM_YUV)


# -- comparing images, and their edges


def _scaled(name: str, a: Any, b: Any, max_val: Any) -> tuple[Any, Any, Any]:
    a, b = as_tensor(a), as_tensor(b)
    if a._array.shape[-3:] != b._array.shape[-3:] or a._array.ndim < 3:
        raise ValueError(
            f"{name}: both must be images (..., height, width, channels) of one size, got {tuple(a._array.shape)} and "
            f"{tuple(b._array.shape)}"
        )
    top = convert_image_dtype(OPS["cast"](as_tensor(max_val), a.dtype), "float32")
    return convert_image_dtype(a, "float32"), convert_image_dtype(b, "float32"), top


@public
def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """Peak signal-to-noise ratio of each image in decibels: 20 log10(max_val) - 10 log10(mean squared difference)."""
    a, b, top = _scaled("psnr", a, b, max_val)
    error = OPS["reduce_mean"](OPS["squared_difference"](a, b), [-3, -2, -1])
    return (20 * OPS["log"](top) - 10 * OPS["log"](error)) / float(np.log(10))


@public
def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Any:
    """Structural similarity of each pair of images, at most 1 (Wang et al. 2004), over Gaussian windows.

    Args:
        return_index_map: similarities of all windows instead of their mean.
    """
    x, y, top = _scaled("ssim", img1, img2, max_val)
    shape = x._array.shape
    if min(shape[-3:-1]) < filter_size:
        raise InvalidArgumentError(f"ssim: images of shape {tuple(shape)} are smaller than filter_size {filter_size}")
    t = np.arange(filter_size) - (filter_size - 1) / 2
    window = np.exp(-0.5 * (t[:, None] ** 2 + t**2) / filter_sigma**2)
    window = np.repeat((window / window.sum()).astype(np.float32)[:, :, None, None], shape[-1], 2)

    def blurred(z: Any) -> Any:
        lead = z._array.shape[:-3]
        z = OPS["depthwise_conv2d"](OPS["reshape"](z, (-1, *z._array.shape[-3:])), window, [1, 1, 1, 1], "VALID")
        return OPS["reshape"](z, (*lead, *z._array.shape[1:]))

    c1, c2 = (k1 * top) ** 2, (k2 * top) ** 2
    mean_x, mean_y = blurred(x), blurred(y)
    both, squares = mean_x * mean_y * 2, mean_x**2 + mean_y**2
    contrast = (blurred(x * y) * 2 - both + c2) / (blurred(x**2 + y**2) - squares + c2)
    index = (both + c1) / (squares + c1) * contrast
    return OPS["reduce_mean"](index, [-1] if return_index_map else [-3, -2, -1])


@public
def total_variation(images: Any, name: str | None = None) -> Any:
    """The sum of absolute differences of neighbouring pixels of each image."""
    x = as_image("total_variation", images)
    return OPS["reduce_sum"](OPS["abs"](x[..., 1:, :, :] - x[..., :-1, :, :]), [-3, -2, -1]) + OPS["reduce_sum"](
        OPS["abs"](x[..., 1:, :] - x[..., :-1, :]), [-3, -2, -1]
    )


@public
def image_gradients(image: Any) -> Any:
    """(dy, dx) of images (batch, height, width, channels): differences to the next row and column, 0 at the end."""
    x = as_tensor(image)
    if x._array.ndim != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], got shape {tuple(x._array.shape)}"
        )
    down = OPS["pad"](x[:, 1:] - x[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    return down, OPS["pad"](x[:, :, 1:] - x[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])


@public
def sobel_edges(image: Any) -> Any:
    """Sobel's (dy, dx) of images (batch, height, width, channels), in a new last axis of size 2."""
    x = as_tensor(image)
    channels = static(x._array.shape)[-1]
    down = np.outer([-1, 0, 1], [1, 2, 1])
    kernels = np.repeat(np.stack([down, down.T], -1)[:, :, None, :], channels, 2)
    around = OPS["pad"](x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    edges = OPS["depthwise_conv2d"](around, OPS["cast"](as_tensor(kernels), x.dtype), [1, 1, 1, 1], "VALID")
    return OPS["reshape"](edges, (*x._array.shape, 2))


_PUBLIC = (
    convert_image_dtype, adjust_brightness, adjust_contrast, adjust_gamma, rgb_to_hsv, hsv_to_rgb, adjust_hue,
    adjust_saturation, per_image_standardization, rgb_to_grayscale, grayscale_to_rgb, rgb_to_yiq, yiq_to_rgb,
    rgb_to_yuv, yuv_to_rgb, psnr, ssim, total_variation, image_gradients, sobel_edges,
)  # fmt: skip
NAMES = {f"tf.image.{f.__name__}": f for f in _PUBLIC}
