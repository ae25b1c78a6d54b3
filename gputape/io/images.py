"""Pictures: JPEG, PNG, GIF and BMP decoded to tensors and back. Pillow does it: pip install "gputape[images]"."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..cuda import to_host
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError, missing_extra
from ..op import op, public
from ..ops.shape import static
from ..ops.strings import packed, per_string, text
from ..registry import OPS
from ..tensor import as_tensor, placed

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
CHANNELS = {"JPEG": (0, 1, 3), "PNG": (0, 1, 2, 3, 4), "GIF": (0, 3), "BMP": (0, 3, 4)}
BEGINNINGS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP"}


def pillow() -> Any:
    """The module PIL.Image; ImportError that says how to get it."""
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("Pillow", "images") from None
    return Image


def kind_of(data: bytes) -> str:
    """The format that the bytes begin like: "JPEG", "PNG", "GIF", "BMP" or ""."""
    return next((kind for begin, kind in BEGINNINGS.items() if data.startswith(begin)), "")


def opened(name: str, data: bytes, kinds: tuple[str, ...]) -> Any:
    """A Pillow image; InvalidArgumentError for bytes of another format or damaged ones."""
    if kind_of(data) not in kinds:
        raise InvalidArgumentError(
            f"{name}: Unknown image file format. One of {', '.join(kinds)} required; the contents begin with {data[:8]!r}"
        )
    try:
        image = pillow().open(io.BytesIO(data))
        image.load()
    except (OSError, SyntaxError) as error:
        raise InvalidArgumentError(f"{name}: the picture is damaged: {error}") from None
    return image


def pixels(image: Any, channels: int) -> Any:
    """(height, width, channels) of uint8, or uint16 where the file has 16 bits; channels 0 means those of the file."""
    if image.mode.startswith("I;16") or image.mode == "I":
        deep = np.repeat(np.asarray(image).astype(np.uint16)[:, :, None], max(channels, 1), axis=2)
        deep[:, :, 3:] = 65535
        return deep
    if not channels:
        transparent = "transparency" in image.info and image.mode in ("P", "L", "RGB")
        own = {"1": 1, "L": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 3, "YCbCr": 3}.get(image.mode, 3)
        channels = {1: 2, 3: 4}.get(own, own) if transparent else own
    made = np.asarray(image.convert(MODES[channels]))
    return made.reshape(*made.shape[:2], channels)


def frames(image: Any) -> Any:
    """All pictures of a GIF, (frames, height, width, 3)."""
    made = []
    for k in range(getattr(image, "n_frames", 1)):
        image.seek(k)
        made.append(np.asarray(image.convert("RGB")))
    return np.stack(made)


@op(dynamic=True)  # type: ignore[untyped-decorator]
def decoded_image(
    xp: Any, contents: Any, *, caller: str, kinds: tuple[str, ...], channels: int, dtype: Any, animated: bool | None
) -> Any:
    data = contents.item()
    image, kind = opened(caller, data, kinds), kind_of(data)
    if channels not in CHANNELS[kind]:
        raise InvalidArgumentError(f"{caller}: channels must be one of {CHANNELS[kind]} for {kind}, got {channels}")
    if kind == "GIF":
        made = frames(image)
        if animated is None and len(made) > 1:
            raise InvalidArgumentError(f"{caller}: got {len(made)} frames, use tf.io.decode_gif or tf.io.decode_image")
        made = made if animated else made[0]
    else:
        made = pixels(image, channels)
        made = made[None] if kinds[0] == "GIF" else made
    if dtype == np.uint16 and made.dtype == np.uint8:
        made = made.astype(np.uint16) * (257 if kind == "PNG" else 256)
    elif dtype == np.uint8 and made.dtype == np.uint16:
        made = (made >> 8).astype(np.uint8)
    return placed(made)


def _decoded(
    name: str, contents: Any, kinds: tuple[str, ...], channels: Any, dtype: Any = "uint8", animated: bool | None = True
) -> Any:
    x, count, kind = text(contents, name), static(channels) or 0, as_dtype(dtype)
    if x._array.ndim:
        raise InvalidArgumentError(
            f"{name}: contents must be scalar, got shape {list(x.shape)}: use tf.map_fn for several"
        )
    if count not in (0, *MODES):
        raise InvalidArgumentError(f"{name}: channels must be 0, 1, 3 or 4, got {count}")
    if kind not in ("uint8", "uint16", "float32"):
        raise InvalidArgumentError(f"{name}: dtype must be uint8, uint16 or float32, got {kind.name}")
    made = decoded_image(x, caller=name, kinds=kinds, channels=count, dtype=kind.numpy, animated=animated)
    return OPS["convert_image_dtype"](made, kind) if kind.is_floating else made


_STILL = ("JPEG", "PNG", "GIF")


@public
def decode_image(
    contents: Any, channels: Any = None, dtype: Any = "uint8", name: str | None = None, expand_animations: bool = True
) -> Any:
    """A JPEG, PNG, GIF or BMP picture (a scalar string) as a tensor (height, width, channels).

    channels: 1, 3 or 4, or 0 (default) for those of the file. dtype: uint8 (default), uint16, or float32 in [0, 1]. A
    GIF gives (frames, height, width, 3), with expand_animations=False its first picture. InvalidArgumentError for
    other contents.
    """
    return _decoded("decode_image", contents, (*_STILL, "BMP"), channels, dtype, expand_animations)


@public
def decode_jpeg(
    contents: Any,
    channels: Any = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Any:
    """A JPEG picture as a uint8 tensor (height, width, channels); PNG and GIF of one picture are taken too.

    channels: 0 (those of the file), 1 or 3. ratio: 1, 2, 4 or 8: makes a JPEG picture smaller by so much.
    """
    if ratio not in (1, 2, 4, 8):
        raise InvalidArgumentError(f"decode_jpeg: ratio must be 1, 2, 4, 8, got {ratio}")
    made = _decoded("decode_jpeg", contents, _STILL, channels, animated=None)
    return shrunk(made, ratio=ratio) if ratio > 1 and bool(is_jpeg(contents)) else made


@op
def shrunk(xp: Any, x: Any, *, ratio: int) -> Any:
    """Means of ratio × ratio pixels; at the right and lower edge of those that are there."""
    height, width = (-(-n // ratio) for n in x.shape[:2])
    room = ((0, height * ratio - x.shape[0]), (0, width * ratio - x.shape[1]), (0, 0))
    wide = xp.pad(x, room, mode="edge").reshape(height, ratio, width, ratio, x.shape[2])
    return xp.rint(wide.mean(axis=(1, 3))).astype(np.uint8)


@public
def decode_png(contents: Any, channels: Any = 0, dtype: Any = "uint8", name: str | None = None) -> Any:
    """A PNG picture as a tensor (height, width, channels) of uint8 or uint16; JPEG and GIF of one picture are too."""
    return _decoded("decode_png", contents, _STILL, channels, dtype, animated=None)


@public
def decode_bmp(contents: Any, channels: Any = 0, name: str | None = None) -> Any:
    """A BMP picture as a uint8 tensor (height, width, channels)."""
    return _decoded("decode_bmp", contents, ("BMP",), channels)


@public
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """The pictures of a GIF as a uint8 tensor (frames, height, width, 3)."""
    return _decoded("decode_gif", contents, ("GIF", "JPEG", "PNG"), 3)


@public
def decode_and_crop_jpeg(
    contents: Any, crop_window: Any, channels: Any = 0, name: str | None = None, **options: Any
) -> Any:
    """A part of a JPEG picture: crop_window is [y, x, height, width]."""
    y, x, height, width = static(crop_window)
    if not is_jpeg(contents):
        raise InvalidArgumentError("decode_and_crop_jpeg: the operation can run on JPEG only")
    made = decode_jpeg(contents, channels, **options)
    if min(y, x) < 0 or min(height, width) < 1 or y + height > made.shape[0] or x + width > made.shape[1]:
        raise InvalidArgumentError(
            f"decode_and_crop_jpeg: crop_window {[y, x, height, width]} leaves the picture {made.shape}"
        )
    return made[y : y + height, x : x + width]


@public
def is_jpeg(contents: Any, name: str | None = None) -> Any:
    """Whether strings begin as JPEG pictures do, a bool tensor."""
    return per_string(text(contents, "is_jpeg"), make=lambda v: v.startswith(b"\xff\xd8\xff"), dtype=np.dtype(bool))


@op(dynamic=True)  # type: ignore[untyped-decorator]
def jpeg_shape(xp: Any, contents: Any, *, dtype: Any) -> Any:
    image = opened("extract_jpeg_shape", contents.item(), ("JPEG",))
    return placed(np.array([image.height, image.width, {"L": 1, "CMYK": 4}.get(image.mode, 3)], dtype))


@public
def extract_jpeg_shape(contents: Any, output_type: Any = "int32", name: str | None = None) -> Any:
    """[height, width, channels] of a JPEG picture."""
    return jpeg_shape(text(contents, "extract_jpeg_shape"), dtype=as_dtype(output_type).numpy)


# -- encoding


@op
def encoded_image(xp: Any, image: Any, *, options: dict[str, Any]) -> Any:
    array = to_host(image)
    many = array.reshape(-1, *array.shape[-3:])
    made = []
    for picture in many:
        deep = picture.dtype == np.uint16
        mode = "I;16" if deep else MODES[picture.shape[2]]
        file = io.BytesIO()
        flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
        drawn = pillow().frombytes(mode, (picture.shape[1], picture.shape[0]), np.ascontiguousarray(flat).tobytes())
        drawn.save(file, **options)
        made.append(file.getvalue())
    return packed(made, array.shape[:-3])


def _picture(name: str, image: Any, channels: tuple[int, ...], dtypes: tuple[str, ...]) -> Any:
    x = as_tensor(image)
    if x._array.ndim < 3 or x._array.shape[-1] not in channels:
        raise InvalidArgumentError(
            f"{name}: image must be (height, width, channels) with {', '.join(map(str, channels))} channels, got {x.shape}"
        )
    if x.dtype not in dtypes or (x.dtype == "uint16" and x._array.shape[-1] != 1):
        raise InvalidArgumentError(f"{name}: image must be {' or '.join(dtypes)}, got {x.dtype.name}: use tf.cast")
    return x


@public
def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Any:
    """A uint8 picture (height, width, 1 or 3) as a JPEG file, a scalar string. quality: 1 to 100, default 95."""
    x = _picture("encode_jpeg", image, (1, 3), ("uint8",))
    if x._array.ndim != 3:
        raise InvalidArgumentError(f"encode_jpeg: image must have three axes, got {x.shape}")
    if format not in ("", "grayscale", "rgb"):
        raise InvalidArgumentError(f"encode_jpeg: format must be '', 'grayscale' or 'rgb', got {format!r}")
    options = {
        "format": "JPEG", "quality": quality, "progressive": progressive, "optimize": optimize_size,
        "subsampling": 2 if chroma_downsampling else 0, "dpi": (x_density, y_density),
    }  # fmt: skip
    return encoded_image(x, options=options)


@public
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """A picture (..., height, width, 1 to 4 channels) of uint8 (or uint16 of one channel) as PNG files.

    compression: 0 (none) to 9; default -1, the library's choice.

    >>> import gputape as tf
    >>> picture = tf.constant([[[255, 0, 0], [0, 0, 255]]], tf.uint8)
    >>> tf.io.decode_png(tf.io.encode_png(picture)).numpy().tolist()
    [[[255, 0, 0], [0, 0, 255]]]
    """
    x = _picture("encode_png", image, (1, 2, 3, 4), ("uint8", "uint16"))
    return encoded_image(x, options={"format": "PNG", **({} if compression < 0 else {"compress_level": compression})})


_PUBLIC = (
    decode_and_crop_jpeg, decode_bmp, decode_gif, decode_image, decode_jpeg, decode_png, encode_jpeg, encode_png,
    extract_jpeg_shape, is_jpeg,
)  # fmt: skip
NAMES: dict[str, Any] = {f"tf.{space}.{f.__name__}": f for space in ("io", "image") for f in _PUBLIC}
