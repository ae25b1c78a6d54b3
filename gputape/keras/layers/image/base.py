"""The bases of image layers: what is drawn, once per call, is applied to images, labels, boxes and masks alike."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from ...backend import standardize_data_format
from ...utils import bounding_boxes as box_functions
from ..config import argument_names
from ..layer import Layer


@functools.cache
def _backend() -> SimpleNamespace:
    return SimpleNamespace(
        numpy=ops, nn=ops, core=ops, linalg=ops, image=ops.image, random=keras_random, cast=ops.cast, shape=ops.shape,
        convert_to_tensor=ops.convert_to_tensor, is_tensor=ops.is_tensor, name="gputape", _backend="gputape",
    )  # fmt: skip


def interval(name: str, factor: Any, bounds: tuple[float, float]) -> tuple[float, float]:
    """(lower, upper) from two numbers, or from one that stands for both signs as far as `bounds` allow."""
    low, high = bounds
    if isinstance(factor, (tuple, list)):
        if len(factor) == 2 and factor[0] <= high and factor[1] >= low:
            lower, upper = sorted(factor)
            return lower, upper
    elif isinstance(factor, (int, float)) and low <= factor <= high:
        return max(-abs(factor), low), abs(factor)
    raise ValueError(
        f"The `{name}` argument should be a number (or a list of two numbers) in the range [{low}, {high}]. "
        f"Received: {name}={factor}"
    )


def value_range_of(value_range: Any) -> list[float]:
    """Two numbers in order; ValueError otherwise."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ValueError(
            f"The `value_range` argument should be a list of two numbers. Received: value_range={value_range}"
        )
    return sorted(value_range)


class BaseImagePreprocessingLayer(Layer):
    """Images (height, width, channels) or (batch, height, width, channels), or a dict with "images" and, as wanted,
    "labels", "bounding_boxes" and "segmentation_masks".

    A subclass writes `get_random_transformation` (what is drawn, for all parts) and `transform_images`, and for dicts
    `transform_labels`, `transform_bounding_boxes`, `transform_segmentation_masks`. One that draws sets `self.seed` and
    `self.generator`. `self.backend` has functions under the names by which Keras's own layers call them.

    Args:
        factor: a number or two of `_FACTOR_BOUNDS`, unless `_USE_BASE_FACTOR` is False.
        bounding_box_format: see keras.utils.bounding_boxes; needed for dicts with boxes.
        data_format: "channels_last" or "channels_first"; default the configured one.
    """

    _USE_BASE_FACTOR = True
    _FACTOR_BOUNDS: tuple[float, float] = (-1, 1)

    def __init__(
        self, factor: Any = None, bounding_box_format: Any = None, data_format: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._allow_non_tensor_positional_args = True
        self.bounding_box_format = bounding_box_format
        self.data_format = standardize_data_format(data_format)
        first = self.data_format == "channels_first"
        self.height_axis, self.width_axis, self.channel_axis = (-2, -1, -3) if first else (-3, -2, -1)
        self.factor: Any = None
        if self._USE_BASE_FACTOR:
            self._set_factor(factor or 0.0)
        elif factor is not None:
            raise ValueError(
                f"Layer {type(self).__name__} does not take a `factor` argument. Received: factor={factor}"
            )

    def _set_factor(self, factor: Any) -> None:
        self.factor = interval("factor", factor, self._FACTOR_BOUNDS)

    # -- what a subclass writes
    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn for a call."""
        return None

    def _transform_images(self, images: Any, transformation: Any, interpolation: Any) -> Any:
        raise NotImplementedError

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        return self._transform_images(images, transformation, self.interpolation) if training else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        raise NotImplementedError

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        raise NotImplementedError

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self._transform_images(segmentation_masks, transformation, "nearest") if training else segmentation_masks

    # -- the call
    def call(self, data: Any, training: bool = True) -> Any:
        transformation = self.get_random_transformation(data, training=training)
        images = data["images"] if isinstance(data, dict) else data
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                "Expected image tensor to have rank 3 (single image) or 4 (batch of images). "
                f"Received: data.shape={tuple(images.shape)}"
            )
        if not isinstance(data, dict):
            return self._applied(self.transform_images, data, rank, transformation, training)
        made = dict(data)
        made["images"] = self._applied(self.transform_images, images, rank, transformation, training)
        if "bounding_boxes" in data:
            if not self.bounding_box_format:
                raise ValueError(
                    "You passed an input with a 'bounding_boxes' key, but you didn't specify a bounding box format. "
                    f"Pass a `bounding_box_format` argument to your {type(self).__name__} layer, e.g. "
                    "`bounding_box_format='xyxy'`."
                )
            boxes = dense_boxes(data["bounding_boxes"])
            made["bounding_boxes"] = self._applied(self.transform_bounding_boxes, boxes, rank, transformation, training)
        for key in ("labels", "segmentation_masks"):
            if key in data:
                transform = getattr(self, f"transform_{key}")
                made[key] = self._applied(transform, data[key], rank, transformation, training)
        return made

    def _applied(self, transform: Any, x: Any, rank: int, transformation: Any, training: bool) -> Any:
        """`transform` of a batch; of a single sample as a batch of one."""
        single = rank == 3
        if isinstance(x, dict):  # boxes
            x = {k: v[None] if single and k in ("boxes", "labels") else v for k, v in x.items()}
            y = transform(x, transformation=transformation, training=training)
            return {k: v[0] if single and k in ("boxes", "labels") else v for k, v in y.items()}
        x = tf.convert_to_tensor(x)
        y = transform(x[None] if single else x, transformation=transformation, training=training)
        return y[0] if single else y

    # -- for subclasses
    @property
    def backend(self) -> Any:
        return _backend()

    def _get_seed_generator(self, backend: Any = None) -> Any:
        """The layer's SeedGenerator; ValueError if it has none."""
        if not hasattr(self, "seed") or not hasattr(self, "generator"):
            raise ValueError(
                "The `seed` and `generator` variable must be set in the `__init__` method before calling "
                "`_get_seed_generator()`."
            )
        return self.generator

    def _sizes(self, shape: Any) -> tuple[int, int]:
        """Height and width."""
        return shape[self.height_axis], shape[self.width_axis]

    def _drawn(
        self, shape: Any, factor: tuple[float, float] = (0.0, 1.0), seed: Any = None, dtype: Any = "float32"
    ) -> Any:
        """Uniform numbers between two, from `seed` or the layer's generator."""
        seed = self._get_seed_generator() if seed is None else seed
        return keras_random.uniform(shape=shape, minval=factor[0], maxval=factor[1], seed=seed, dtype=dtype)

    def _chosen(self, batch: int, seed: Any) -> Any:
        """Which images of a batch are changed: each with a probability drawn from `self.factor`."""
        probability = self._drawn((batch,), self.factor, seed)
        return self._drawn((batch,), seed=seed) < probability

    def _transform_value_range(
        self, images: Any, original_range: Any, target_range: Any, dtype: Any = "float32"
    ) -> Any:
        """Values of one range brought linearly to another."""
        (low, high), (new_low, new_high) = original_range, target_range
        if (low, high) == (new_low, new_high):
            return images
        return (tf.cast(images, dtype) - low) / (high - low) * (new_high - new_low) + new_low

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if argument_names(type(self)) == argument_names(BaseImagePreprocessingLayer):  # type: ignore[arg-type]
            config.pop("factor", None)  # a subclass of a user writes its own
        config["data_format"] = self.data_format
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        else:
            config.pop("bounding_box_format", None)
        return config


class PixelLayer(BaseImagePreprocessingLayer):
    """An image layer that changes values and moves nothing: labels, boxes and masks stay as they are."""

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return segmentation_masks


def images_of(data: Any) -> Any:
    """The images of a layer's input."""
    return data["images"] if isinstance(data, dict) else data


def batch_of(images: Any) -> int:
    """The number of images; ValueError for ranks other than 3 and 4."""
    shape = tuple(images.shape)
    if len(shape) not in (3, 4):
        raise ValueError(f"Expected the input image to be rank 3 or 4. Received inputs.shape={shape}")
    return 1 if len(shape) == 3 else shape[0]


def per_image(images: Any) -> tuple[int, ...]:
    """The shape of one number for each image, as it broadcasts over images."""
    batch = batch_of(images)
    return (batch, 1, 1, 1) if len(images.shape) == 4 else (1, 1, 1)


def over_images(x: Any, images: Any) -> Any:
    """(batch,) as it broadcasts over images."""
    return tf.reshape(x, [-1] + [1] * (len(images.shape) - 1))


def dense_boxes(bounding_boxes: Any) -> dict[str, Any]:
    """A dict of boxes and labels as tensors; ValueError unless it has both, with ranks that fit."""
    if not isinstance(bounding_boxes, dict) or "labels" not in bounding_boxes or "boxes" not in bounding_boxes:
        raise ValueError(
            "Expected `bounding_boxes` agurment to be a dict with keys 'boxes' and 'labels'. Received: "
            f"bounding_boxes={bounding_boxes}"
        )
    boxes, labels = tf.cast(bounding_boxes["boxes"], "float32"), tf.convert_to_tensor(bounding_boxes["labels"])
    ranks = len(boxes.shape), len(labels.shape)
    if ranks[0] not in (2, 3):
        raise ValueError(
            "Expected `bounding_boxes['boxes']` to have rank 2 or 3, with shape (num_boxes, 4) or (batch_size, "
            f"num_boxes, 4). Received: bounding_boxes['boxes'].shape={tuple(boxes.shape)}"
        )
    if ranks[1] not in (ranks[0] - 1, ranks[0]):
        raise ValueError(
            f"Found bounding_boxes['boxes'].shape={tuple(boxes.shape)} and expected bounding_boxes['labels'] to have "
            f"rank {ranks[0] - 1} or {ranks[0]}, but received: bounding_boxes['labels'].shape={tuple(labels.shape)}"
        )
    return {**bounding_boxes, "boxes": boxes, "labels": labels}


def converted(bounding_boxes: Any, source: str, target: str, height: Any, width: Any) -> dict[str, Any]:
    """`bounding_boxes` in another format."""
    made: dict[str, Any] = box_functions.convert_format(bounding_boxes, source, target, height, width)
    return made


def clipped(bounding_boxes: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> dict[str, Any]:
    """`bounding_boxes` cut at the borders of an image."""
    made: dict[str, Any] = box_functions.clip_to_image_size(bounding_boxes, height, width, bounding_box_format)
    return made
