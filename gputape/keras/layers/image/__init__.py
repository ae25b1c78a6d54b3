"""Layers that prepare and augment images, in models and in tf.data pipelines."""

from __future__ import annotations

from .affine import RandomRotation, RandomShear, RandomTranslation, RandomZoom
from .augment import AugMix, RandAugment
from .base import BaseImagePreprocessingLayer
from .blur import RandomGaussianBlur, RandomSharpness
from .clahe import ContrastLimitedAdaptiveHistogramEqualization
from .colour import RandomColorDegeneration, RandomColorJitter, RandomGrayscale, RandomHue, RandomSaturation
from .crop import CenterCrop, RandomCrop
from .elastic import RandomElasticTransform
from .flip import RandomFlip
from .histogram import AutoContrast, Equalization
from .light import RandomBrightness, RandomContrast
from .max_boxes import MaxNumBoundingBoxes
from .mixing import CutMix, MixUp, RandomErasing
from .perspective import RandomPerspective
from .pipeline import Pipeline
from .resizing import Resizing
from .values import RandomInvert, RandomPosterization, Solarization

__all__ = [
    "AugMix", "AutoContrast", "BaseImagePreprocessingLayer", "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization", "CutMix", "Equalization", "MaxNumBoundingBoxes", "MixUp",
    "Pipeline", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
    "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale",
    "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation",
    "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Resizing", "Solarization",
]  # fmt: skip
