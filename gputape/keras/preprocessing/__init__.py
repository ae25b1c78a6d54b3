"""keras.preprocessing: Keras 2's names of what prepares images, sequences and texts."""

from ..utils.directories import image_dataset_from_directory, text_dataset_from_directory
from ..utils.timeseries import timeseries_dataset_from_array
from . import image, sequence, text

__all__ = [
    "image", "image_dataset_from_directory", "sequence", "text", "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]  # fmt: skip
