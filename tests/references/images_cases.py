"""Image functions and layers whose results are recorded from Keras; read by make_images.py and the tests."""

from __future__ import annotations

from typing import Any

import numpy as np

SHAPE = (2, 6, 7, 3)


def images(shape: Any = SHAPE, high: float = 255.0) -> Any:
    """Random images with values in [0, high)."""
    return (np.random.default_rng(7).random(shape) * high).astype("float32")


def _maps() -> Any:
    rng = np.random.default_rng(3)
    maps = np.array([[1, 0, 0, 0, 1, 0, 0, 0]] * 2) + rng.normal(size=(2, 8)) * [0.5, 0.5, 4, 0.5, 0.5, 4, 0.02, 0.02]
    return maps.astype("float32")


_POINTS = np.array([[[0, 0], [6, 0], [0, 5], [6, 5]]] * 2, "float32")
_MOVED = _POINTS + np.random.default_rng(5).random((2, 4, 2)).astype("float32")
_SCALE, _MOVE = np.array([0.6, 1.7], "float32"), np.array([0.3, -0.7], "float32")

# name: (function of keras.ops.image, arguments after the images, keyword arguments)
FUNCTIONS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    **{
        f"affine {interpolation} {mode}": (
            "affine_transform",
            (_maps(),),
            {"interpolation": interpolation, "fill_mode": mode, "fill_value": 9.0},
        )
        for interpolation in ("nearest", "bilinear")
        for mode in ("constant", "nearest", "wrap", "reflect")
    },
    "perspective": ("perspective_transform", (_POINTS, _MOVED), {"fill_value": 3.0}),
    "blur": ("gaussian_blur", ((5, 5), (1.0, 2.0)), {}),
    "sobel": ("sobel_edges", (), {}),
    "patches": ("extract_patches", ((2, 3),), {"padding": "same", "strides": (2, 2)}),
    **{
        f"scale {method} {antialias}": (
            "scale_and_translate",
            ((2, 5, 9, 3), _SCALE, _MOVE, (1, 2), method, antialias),
            {},
        )
        for method in ("linear", "cubic", "lanczos3")
        for antialias in (True, False)
    },
    "resize crop": ("resize", ((4, 4),), {"crop_to_aspect_ratio": True}),
    "resize pad": ("resize", ((4, 4),), {"pad_to_aspect_ratio": True, "fill_value": 0.5}),
}

_FIRST = {"data_format": "channels_first"}
_BOTH = np.array([True, False])
_MASKS = np.zeros((2, 6, 7, 1), bool)
_MASKS[:, 2:5, 1:4] = True

# name: (class, constructor's arguments, what is drawn; None: the layer is called)
LAYERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "rotation": ("RandomRotation", {"factor": (0.1, 0.1)}, None),
    "rotation first": ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "constant", **_FIRST}, None),
    "translation": ("RandomTranslation", {"height_factor": (0.2, 0.2), "width_factor": (-0.3, -0.3)}, None),
    "zoom": ("RandomZoom", {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)}, None),
    "shear": ("RandomShear", {"x_factor": 0.3}, {"shear_factor": np.array([[0.2, -0.1], [0, 0.3]], "float32")}),
    "perspective": (
        "RandomPerspective", {}, {"apply_perspective": _BOTH, "start_points": _POINTS, "end_points": _MOVED},
    ),
    "brightness": ("RandomBrightness", {"factor": (0.2, 0.2)}, None),
    "contrast": (
        "RandomContrast", {"factor": 0.5}, {"contrast_factor": np.array([0.6, 1.4], "float32").reshape(2, 1, 1, 1)},
    ),
    "hue": ("RandomHue", {"factor": 0.5}, {"factor": np.array([0.1, -0.3], "float32")}),
    "saturation": (
        "RandomSaturation", {"factor": 0.5, "value_range": (0, 1)}, {"factor": np.array([0.5, 1.5], "float32")},
    ),
    "saturation first": (
        "RandomSaturation", {"factor": 0.5, "value_range": (0, 1), **_FIRST}, {"factor": np.array([0.5, 1.5], "float32")},
    ),
    "degeneration": ("RandomColorDegeneration", {"factor": (0.4, 0.4)}, None),
    "grayscale": ("RandomGrayscale", {}, _BOTH.reshape(2, 1, 1, 1)),
    "sharpness": ("RandomSharpness", {"factor": 0.5}, {"factor": np.array([0.2, 0.9], "float32")}),
    "posterization": ("RandomPosterization", {"factor": (3, 3)}, None),
    "invert": ("RandomInvert", {}, {"apply_inversion": _BOTH}),
    "solarization": (
        "Solarization", {"addition_factor": 0.3, "threshold_factor": 0.5},
        {"additions": np.full((2, 1, 1, 1), 20, "float32"), "thresholds": np.full((2, 1, 1, 1), 90, "float32")},
    ),
    "auto contrast": ("AutoContrast", {}, None),
    "equalization": ("Equalization", {}, None),
    "equalization bins": ("Equalization", {"bins": 32, "value_range": (0, 300)}, None),
    "clahe": ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (2, 3)}, None),
    "clahe limit": ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 40, "tile_grid_size": (2, 2)}, None),
    "blur": (
        "RandomGaussianBlur", {"kernel_size": 3},
        {"should_apply_blur": _BOTH, "blur_factor": np.array([0.5, 0.9], "float32")},
    ),
    "erasing": (
        "RandomErasing", {},
        {"apply_erasing": _BOTH, "batch_masks": _MASKS, "fill_value": np.full(SHAPE, 5, "float32")},
    ),
    "mix up": ("MixUp", {}, {"mix_weight": np.array([0.3, 0.8], "float32"), "permutation_order": np.array([1, 0])}),
    "cut mix": (
        "CutMix", {},
        {"batch_masks": _MASKS, "mix_weight": np.array([0.3, 0.8], "float32"), "permutation_order": np.array([1, 0])},
    ),
    "resizing": ("Resizing", {"height": 4, "width": 9, "interpolation": "bicubic"}, None),
    "resizing first": ("Resizing", {"height": 4, "width": 9, "antialias": True, **_FIRST}, None),
    "center crop": ("CenterCrop", {"height": 3, "width": 4}, None),
    "center crop larger": ("CenterCrop", {"height": 8, "width": 4}, None),
}  # fmt: skip

BOXES = np.array([[[1, 1, 4, 3], [0, 2, 7, 6]], [[2, 0, 3, 5], [5, 4, 6, 5]]], "float32")
LABELS = np.array([[1, 2], [3, 4]], "int32")
_SEEN = {"input_shape": SHAPE}

# name: (class, constructor's arguments, what is drawn)
BOXED: dict[str, tuple[str, dict[str, Any], Any]] = {
    "flip": ("RandomFlip", {"mode": "horizontal"}, {"flips": _BOTH.reshape(2, 1, 1, 1), **_SEEN}),
    "translation": (
        "RandomTranslation", {"height_factor": 0.5, "width_factor": 0.5},
        {"translations": np.array([[1, 2], [-3, 0.5]], "float32"), **_SEEN},
    ),
    "zoom": (
        "RandomZoom", {"height_factor": 0.5},
        {"height_zoom": np.array([[0.6], [1.3]], "float32"), "width_zoom": np.array([[0.8], [1.1]], "float32"), **_SEEN},
    ),
    "shear": ("RandomShear", {}, {"shear_factor": np.array([[0.2, -0.1], [0, 0.3]], "float32"), **_SEEN}),
    "resizing": ("Resizing", {"height": 12, "width": 7}, (6, 7)),
    "resizing crop": ("Resizing", {"height": 12, "width": 7, "crop_to_aspect_ratio": True}, (6, 7)),
    "resizing pad": ("Resizing", {"height": 12, "width": 7, "pad_to_aspect_ratio": True}, (6, 7)),
    "center crop": ("CenterCrop", {"height": 3, "width": 4}, _SEEN),
}  # fmt: skip

# Layers whose configs are recorded, beside those above.
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "crop": ("RandomCrop", {"height": 3, "width": 4, "seed": 1}),
    "flip": ("RandomFlip", {"mode": "vertical", "seed": 2, "bounding_box_format": "xyxy"}),
    "jitter": ("RandomColorJitter", {"brightness_factor": 0.2, "hue_factor": (0.1, 0.3), "seed": 3}),
    "elastic": ("RandomElasticTransform", {"scale": 0.5, "seed": 4}),
    "rand augment": ("RandAugment", {"num_ops": 3, "seed": 5}),
    "aug mix": ("AugMix", {"num_chains": 2, "seed": 6}),
    "boxes": ("MaxNumBoundingBoxes", {"max_number": 5}),
}


def function(keras: Any, name: str) -> Any:
    called, args, kwargs = FUNCTIONS[name]
    return np.asarray(getattr(keras.ops.image, called)(images(), *args, **kwargs))


def layer(keras: Any, name: str) -> Any:
    """What the layer makes of the images; with channels first they are turned before and after."""
    cls, arguments, drawn = LAYERS[name]
    made = getattr(keras.layers, cls)(**arguments)
    first = made.data_format == "channels_first"
    x = images(high=1.0 if arguments.get("value_range") == (0, 1) else 255.0)
    x = np.transpose(x, (0, 3, 1, 2)) if first else x
    y = made(x, training=True) if drawn is None else made.transform_images(keras.ops.convert_to_tensor(x), drawn)
    y = np.asarray(y)
    return np.transpose(y, (0, 2, 3, 1)) if first else y


def boxed(keras: Any, name: str) -> tuple[Any, Any]:
    """Boxes and labels after the layer."""
    cls, arguments, drawn = BOXED[name]
    made = getattr(keras.layers, cls)(bounding_box_format="xyxy", **arguments)
    convert = keras.ops.convert_to_tensor
    found = made.transform_bounding_boxes({"boxes": convert(BOXES), "labels": convert(LABELS)}, drawn)
    return np.asarray(found["boxes"]), np.asarray(found["labels"])


def config(keras: Any, name: str) -> dict[str, Any]:
    cls, arguments = CONFIGS[name] if name in CONFIGS else LAYERS[name][:2]
    found: dict[str, Any] = getattr(keras.layers, cls)(name="layer", **arguments).get_config()
    return {k: v for k, v in found.items() if k != "dtype"}
