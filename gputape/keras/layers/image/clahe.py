"""ContrastLimitedAdaptiveHistogramEqualization."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .base import PixelLayer

_BINS = 256


class ContrastLimitedAdaptiveHistogramEqualization(PixelLayer):
    """Evens out how often values appear, in each tile; between tiles it is interpolated (Zuiderveld 1994).

    It acts in inference too.

    Args:
        value_range: the smallest and the largest value of images. Default (0, 255).
        clip_limit: how often a value may count in a tile, as a multiple of the mean; what is above it is spread over
            all values. 0 for no limit. Default 4.
        tile_grid_size: rows and columns of tiles. Default (8, 8).

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
    >>> layer(tf.zeros((9, 10, 3))).shape
    TensorShape([9, 10, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.clip_limit = clip_limit
        self.tile_grid_size = tile_grid_size

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        rank, first = len(images.shape), self.data_format == "channels_first"
        x = images[None] if rank == 3 else images
        x = tf.transpose(x, [0, 2, 3, 1]) if first else x
        x = self._transform_value_range(tf.cast(x, "float32"), self.value_range, (0, 255))
        x = self._transform_value_range(self._equalized(x), (0, 255), self.value_range)
        x = tf.transpose(x, [0, 3, 1, 2]) if first else x
        return tf.cast(x[0] if rank == 3 else x, images.dtype)

    def _equalized(self, x: Any) -> Any:
        height, width = x.shape[1:3]
        rows, columns = self.tile_grid_size
        tall, wide = -(-height // rows), -(-width // columns)  # of a tile
        x = _framed(x, (tall * rows - height, wide * columns - width))
        pixels = tf.cast(tf.clip_by_value(x, 0, 255), "int32")
        tables = self._tables(pixels, (tall, wide))
        made: Any = 0
        for near_row, share_y in _neighbours(tall, rows):
            for near_column, share_x in _neighbours(wide, columns):
                value = _looked_up(tables, pixels, near_row, near_column)
                made += value * (share_y[:, None] * share_x)[None, :, :, None]
        return made[:, :height, :width]

    def _tables(self, pixels: Any, tile: tuple[int, int]) -> Any:
        """What each value becomes in each tile: (batch, rows, columns, channels, 256)."""
        batch, channels = pixels.shape[0], pixels.shape[3]
        (rows, columns), size = self.tile_grid_size, tile[0] * tile[1]
        tiles = tf.reshape(pixels, (batch, rows, tile[0], columns, tile[1], channels))
        tiles = tf.reshape(tf.transpose(tiles, [0, 1, 3, 5, 2, 4]), (-1, size))
        counts = tf.cast(tf.math.bincount(tiles, minlength=_BINS, maxlength=_BINS, axis=-1), "float32")
        if self.clip_limit > 0:
            kept = tf.minimum(counts, self.clip_limit * size / _BINS)
            counts = kept + tf.reduce_sum(counts - kept, axis=-1, keepdims=True) / _BINS
        total = tf.cumsum(counts, axis=-1)
        least = total[:, :1]
        rest = size - least
        table = tf.clip_by_value((total - least) * 255 / tf.where(rest == 0, tf.ones_like(rest), rest), 0, 255)
        return tf.reshape(table, (batch, rows, columns, channels, _BINS))


def _framed(x: Any, more: tuple[int, int]) -> Any:
    """`more` rows and columns, mirrored, at the end of images; as often as they are needed."""
    for axis, n in zip((1, 2), more):
        size = x.shape[axis]
        if n:
            place = tf.math.floormod(tf.range(size + n), 2 * size)
            x = tf.gather(x, tf.minimum(place, 2 * size - 1 - place), axis=axis)
    return x


def _neighbours(size: int, tiles: int) -> list[tuple[Any, Any]]:
    """For all pixels along one axis: the tile before and the tile after, and the share of each."""
    at = (tf.range(size * tiles, dtype="float32") - size / 2) / size
    low = tf.floor(at)
    tile = tf.cast(low, "int32")
    return [
        (tf.clip_by_value(tile, 0, tiles - 1), 1 - (at - low)),
        (tf.clip_by_value(tile + 1, 0, tiles - 1), at - low),
    ]


def _looked_up(tables: Any, pixels: Any, row: Any, column: Any) -> Any:
    """The value of each pixel in the table of the tile (row of its y, column of its x)."""
    batch, rows, columns, channels, _ = tables.shape
    tile = tf.range(batch)[:, None, None, None] * rows + row[None, :, None, None]
    tile = (tile * columns + column[None, None, :, None]) * channels + tf.range(channels)
    return tf.gather(tf.reshape(tables, (-1,)), tile * _BINS + pixels)
