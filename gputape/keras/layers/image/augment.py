"""RandAugment and AugMix: several random changes, one after the other."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import random as keras_random
from .affine import RandomRotation, RandomShear, RandomTranslation
from .base import BaseImagePreprocessingLayer, dense_boxes
from .blur import RandomSharpness
from .colour import RandomColorDegeneration
from .histogram import AutoContrast, Equalization
from .light import RandomBrightness, RandomContrast
from .values import RandomPosterization, Solarization

_NAMES = (
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
    "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
)  # fmt: skip
_BRIGHTNESS_AND_COLOUR = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")


class _Augmentation(BaseImagePreprocessingLayer):
    """Applies layers that are chosen at random, whose strength is `factor`."""

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def _make_layers(self, names: Any, **kwargs: Any) -> None:
        """The layers of these names, as attributes."""
        common = {"seed": self.seed, "data_format": self.data_format, **kwargs}
        bend = {"interpolation": self.interpolation, **common}
        plain = {k: v for k, v in common.items() if k != "seed"}
        f, values = self.factor, {"value_range": self.value_range}
        makers: dict[str, Any] = {
            "random_shear": lambda: RandomShear(x_factor=f, y_factor=f, **bend),
            "random_translation": lambda: RandomTranslation(height_factor=f, width_factor=f, **bend),
            "random_rotation": lambda: RandomRotation(factor=f, **bend),
            "random_brightness": lambda: RandomBrightness(factor=f, **values, **common),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor=f, **values, **common),
            "random_contrast": lambda: RandomContrast(factor=f, **values, **common),
            "random_sharpness": lambda: RandomSharpness(factor=f, **values, **common),
            "random_posterization": lambda: RandomPosterization(factor=max(1, int(8 * f[1])), **values, **common),
            "solarization": lambda: Solarization(addition_factor=f, threshold_factor=f, **values, **common),
            "auto_contrast": lambda: AutoContrast(**values, **plain),
            "equalization": lambda: Equalization(**values, **plain),
        }
        self._names = tuple(names)
        for name in names:
            setattr(self, name, makers[name]())

    interpolation: str
    value_range: Any
    seed: Any

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels


class RandAugment(_Augmentation):
    """In training, changes a batch by `num_ops` layers chosen at random, one after the other (Cubuk et al. 2020).

    Args:
        value_range: the smallest and the largest value of images. Default (0, 255).
        num_ops: how many. Default 2.
        factor: the strength, a number or two in [0, 1]. Default 0.5.
        interpolation: "bilinear" or "nearest".
        seed: an integer; default a random one.

    Which layers are chosen is read from the device, so a recorded function that calls this layer runs step by step;
    in a pipeline of data that costs nothing.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.num_ops, self.interpolation = value_range, num_ops, interpolation
        self._set_factor(factor)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)
        kwargs.pop("name", None)
        self._make_layers(_NAMES, **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        seed = self._get_seed_generator() if seed is None else seed
        chosen = keras_random.randint((self.num_ops,), 0, len(self._names), seed=seed)
        transforms = {
            n: getattr(self, n).get_random_transformation(data, training=True, seed=seed) for n in self._names
        }
        return {"transforms": transforms, "layer_idxes": chosen}

    def _changed(self, method: str, x: Any, transformation: Any) -> Any:
        for index in tf.unstack(transformation["layer_idxes"]):
            name = self._names[int(index)]
            x = getattr(getattr(self, name), method)(x, transformation["transforms"][name], training=True)
        return x

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        return self._changed("transform_images", images, transformation) if training else images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        return self._changed("transform_bounding_boxes", dense_boxes(bounding_boxes), transformation)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        masks = segmentation_masks
        return self._changed("transform_segmentation_masks", masks, transformation) if training else masks


class AugMix(_Augmentation):
    """In training, blends a batch with several chains of random changes of it (Hendrycks et al. 2020).

    Args:
        value_range: the smallest and the largest value of images. Default (0, 255).
        num_chains, chain_depth: how many chains, and how many changes in each; a change may be none. Default 3.
        factor: the strength, a number or two in [0, 1]. Default 0.3.
        alpha: of the Dirichlet and Beta distributions from which the weights are drawn. Default 1.
        all_ops: whether brightness, colour, contrast and sharpness are changed too. Default True.
        interpolation, seed: as of RandAugment; and what is said there about recorded functions holds here.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.num_chains, self.chain_depth = value_range, num_chains, chain_depth
        self._set_factor(factor)
        self.alpha, self.all_ops, self.interpolation = alpha, all_ops, interpolation
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)
        kwargs.pop("name", None)
        self._make_layers([n for n in _NAMES if all_ops or n not in _BRIGHTNESS_AND_COLOUR], **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        seed = self._get_seed_generator() if seed is None else seed
        shares = keras_random.gamma((self.num_chains,), self.alpha, seed=seed)
        weight = keras_random.beta((), self.alpha, self.alpha, seed=seed)
        chosen = keras_random.randint((self.num_chains, self.chain_depth), 0, len(self._names) + 1, seed=seed)
        chains = []
        for row in tf.unstack(chosen):
            names = [self._names[i] for i in map(int, tf.unstack(row)) if i < len(self._names)]
            chains.append([(n, getattr(self, n).get_random_transformation(data, seed=seed)) for n in names])
        return {
            "chain_mixing_weights": shares / tf.reduce_sum(shares),
            "weight_sample": weight,
            "chain_transforms": chains,
        }

    def _mixed(self, method: str, x: Any, transformation: Any) -> Any:
        kind = self.compute_dtype
        x, weight = tf.cast(x, kind), tf.cast(transformation["weight_sample"], kind)
        shares = tf.unstack(tf.cast(transformation["chain_mixing_weights"], kind))
        mixed: Any = 0
        for share, chain in zip(shares, transformation["chain_transforms"]):
            y = x
            for name, drawn in chain:
                y = getattr(getattr(self, name), method)(y, drawn, training=True)
            mixed += y * share
        return weight * x + (1 - weight) * mixed

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return tf.cast(images, self.compute_dtype)
        return tf.clip_by_value(self._mixed("transform_images", images, transformation), *self.value_range)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        masks = segmentation_masks
        return self._mixed("transform_segmentation_masks", masks, transformation) if training else masks
