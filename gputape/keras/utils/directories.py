"""Folders of files, a folder for each class, as datasets: image_, text_ and audio_dataset_from_directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import gputape as tf

from ..backend import standardize_data_format
from ..config import is_interactive_logging_enabled
from .image_utils import img_to_array, load_img, smart_resize

_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: Any = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """A tf.data.Dataset of batches of pictures (float32, values 0 to 255), and labels unless `labels` is None.

    Args:
        directory: with one folder for each class, in which pictures lie (.bmp .gif .jpeg .jpg .png), at any depth.
        labels: "inferred" from the folders, a list of integers in the order of the files' names, or None.
        label_mode: "int", "categorical" (one-hot), "binary" (0 or 1, float32), or None.
        class_names: the folders, in the order of their labels; default sorted by name.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: None for single pictures.
        image_size: (height, width), to which pictures are resized.
        shuffle: whether the order is random, a new one for each epoch. Default True.
        validation_split, subset: the part kept for validation, and "training", "validation" or "both" (two datasets).
        crop_to_aspect_ratio, pad_to_aspect_ratio: cut pictures, or frame them with zeros, instead of distorting them.
        format: only "tf".

    The dataset has attributes `class_names` and `file_paths`. Needs Pillow: pip install "gputape[images]".
    """
    if color_mode not in _CHANNELS:
        raise ValueError(
            f'`color_mode` must be one of {{"rgb", "rgba", "grayscale"}}. Received: color_mode={color_mode}'
        )
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise ValueError(
            f"Invalid `image_size` value. Expected a tuple of 2 integers. Received: image_size={image_size}"
        )
    interpolation = interpolation.lower()
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(
            f"Argument `interpolation` should be one of {_INTERPOLATIONS}. Received: interpolation={interpolation}"
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio`, `crop_to_aspect_ratio` can be set to `True`.")
    first = standardize_data_format(data_format) == "channels_first"

    def load(path: str) -> Any:
        image = tf.convert_to_tensor(img_to_array(load_img(path, color_mode), "channels_last"))
        if crop_to_aspect_ratio:
            image = smart_resize(image, size, interpolation)
        elif pad_to_aspect_ratio:
            image = tf.image.resize_with_pad(image, size[0], size[1], method=interpolation)
        else:
            image = tf.image.resize(image, size, method=interpolation)
        return tf.transpose(image, (2, 0, 1)) if first else image

    return _from_directory(
        directory, _PICTURES, load, "image", labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """A tf.data.Dataset of batches of texts (strings), and labels unless `labels` is None.

    Args:
        directory: with one folder for each class, in which .txt files lie, at any depth.
        max_length: how many bytes of each text are kept; default all.

    The other arguments are those of `image_dataset_from_directory`.
    """

    def load(path: str) -> Any:
        with open(path, "rb") as file:
            return file.read() if max_length is None else file.read(max_length)

    return _from_directory(
        directory, (".txt",), load, "text", labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, format, verbose,
    )  # fmt: skip


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """A tf.data.Dataset of batches of sounds (float32 in [-1, 1], time x channels), and labels unless they are None.

    Args:
        directory: with one folder for each class, in which .wav files lie, at any depth.
        sampling_rate: only None: sounds keep their own rate, and ValueError asks for files of the rate that is wanted.
        output_sequence_length: to which sounds are cut or filled with zeros; default the longest of each batch.
        ragged: whether batches of sounds of different lengths are RaggedTensors instead.

    The other arguments are those of `image_dataset_from_directory`.
    """
    if sampling_rate is not None and sampling_rate <= 0:
        raise ValueError(f"`sampling_rate` should be higher than 0. Received: sampling_rate={sampling_rate}")
    if sampling_rate is not None:
        raise ValueError(f"`sampling_rate` must be None: sounds are not resampled. Received: {sampling_rate}")
    if ragged and output_sequence_length is not None:
        raise ValueError("Cannot set both `ragged` and `output_sequence_length`")

    def load(path: str) -> Any:
        wanted = -1 if output_sequence_length is None else output_sequence_length
        return tf.audio.decode_wav(tf.io.read_file(path), desired_samples=wanted)[0]

    return _from_directory(
        directory, (".wav",), load, "audio", labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, "tf", verbose, "ragged_batch" if ragged else "padded_batch",
    )  # fmt: skip


def _from_directory(
    directory: Any,
    formats: tuple[str, ...],
    load: Callable[[str], Any],
    kind: str,
    labels: Any,
    label_mode: str | None,
    class_names: Any,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    format: str,
    verbose: bool,
    batch: str = "batch",
) -> Any:
    _check(labels, label_mode, class_names, format, kind)
    check_split(validation_split, subset, shuffle, seed)
    labels = None if label_mode is None else labels
    label_mode = None if labels is None else label_mode
    seed = int(np.random.randint(10**6)) if seed is None else seed
    paths, labels, names = index_directory(
        directory, labels, formats, class_names, shuffle, seed, follow_links, verbose
    )
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(
            f'When passing `label_mode="binary"`, there must be exactly 2 class_names. Received: class_names={names}'
        )
    parts = []
    for part in ("training", "validation") if subset == "both" else (subset,):
        files, classes = split_part(paths, labels, validation_split, part, verbose)
        if not files:
            which, files_of = f"{part} " if subset == "both" else "", "images" if kind == "image" else f"{kind} files"
            raise ValueError(f"No {which}{files_of} found in directory {directory}. Allowed formats: {formats}")
        mixed = shuffle and not (subset == "both" and part == "validation")
        made = _dataset(files, classes, load, label_mode, len(names or ()), batch_size, seed if mixed else None, batch)
        made.class_names, made.file_paths = names, files
        parts.append(made)
    return parts if subset == "both" else parts[0]


def _check(labels: Any, label_mode: Any, class_names: Any, format: str, kind: str) -> None:
    if labels not in ("inferred", None):
        if not isinstance(labels, (list, tuple)):
            raise ValueError(
                f"`labels` argument should be a list/tuple of integer labels, of the same size as the number of {kind} "
                "files in the target directory. If you wish to infer the labels from the subdirectory names in the "
                f'target directory, pass `labels="inferred"`. If you wish to get a dataset that only contains {kind}s '
                f"(no labels), pass `labels=None`. Received: labels={labels}"
            )
        if class_names:
            raise ValueError(
                f'You can only pass `class_names` if `labels="inferred"`. Received: labels={labels}, and '
                f"class_names={class_names}"
            )
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(
            '`label_mode` argument must be one of "int", "categorical", "binary", or None. Received: '
            f"label_mode={label_mode}"
        )
    if format != "tf":
        raise ValueError(f'`format` should be "tf": datasets here are tf.data.Dataset. Received: format={format}')


def check_split(validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    """ValueError where `validation_split`, `subset`, `shuffle` and `seed` do not go together."""
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1, received: {validation_split}")
    if bool(validation_split) != bool(subset):
        raise ValueError("If `subset` is set, `validation_split` must be set, and inversely.")
    if subset not in ("training", "validation", "both", None):
        raise ValueError(f'`subset` must be either "training", "validation" or "both", received: {subset}')
    if validation_split and shuffle and seed is None:
        raise ValueError(
            "If using `validation_split` and shuffling the data, you must provide a `seed` argument, to make sure that "
            "there is no overlap between the training and validation subset."
        )


def index_directory(
    directory: Any,
    labels: Any,
    formats: tuple[str, ...],
    class_names: Any = None,
    shuffle: bool = True,
    seed: int | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> tuple[list[str], Any, Any]:
    """The files with these endings below `directory`, their labels and the names of the classes."""
    directory = os.fspath(directory)
    folders = [""]
    if labels == "inferred":
        folders = sorted(f.name for f in os.scandir(directory) if f.is_dir() and not f.name.startswith("."))
        if class_names is not None:
            if not set(class_names).issubset(folders):
                raise ValueError(
                    "The `class_names` passed did not match the names of the subdirectories of the target directory. "
                    f"Expected: {folders} (or a subset of it), but received: class_names={class_names}"
                )
            folders = list(class_names)
    elif class_names is not None:
        told = "When `labels=None` (no labels)" if labels is None else "When argument `labels` is specified"
        raise ValueError(f"{told}, argument `class_names` cannot be specified.")
    found = [list(_files(os.path.join(directory, f), formats, follow_links)) for f in folders]
    paths = [path for files in found for path in files]
    names: Any = folders
    if labels == "inferred":
        labels = np.repeat(np.arange(len(found), dtype="int32"), [len(files) for files in found])
    elif labels is None:
        names = None
    else:
        if len(labels) != len(paths):
            raise ValueError(
                "Expected the lengths of `labels` to match the number of files in the target directory. len(labels) is "
                f"{len(labels)} while we found {len(paths)} files in directory {directory}."
            )
        names = [str(label) for label in sorted(set(labels))]
        labels = np.asarray(labels, "int32")
    if verbose:
        _say(f"Found {len(paths)} files" + ("." if labels is None else f" belonging to {len(names)} classes."))
    if shuffle:
        order = np.random.RandomState(seed).permutation(len(paths))
        paths = [paths[k] for k in order]
        labels = None if labels is None else labels[order]
    return paths, labels, names


def _files(directory: str, formats: tuple[str, ...], follow_links: bool) -> Any:
    for root, _, files in sorted(os.walk(directory, followlinks=follow_links)):
        for name in sorted(files):
            if name.lower().endswith(formats):
                yield os.path.join(root, name)


def split_part(
    samples: list[str], labels: Any, validation_split: float | None, part: str | None, verbose: bool
) -> tuple[list[str], Any]:
    """The first samples for "training", the last for "validation"; all without a split."""
    if not validation_split:
        return samples, labels
    kept = len(samples) - int(validation_split * len(samples))
    here = slice(0, kept) if part == "training" else slice(kept, None)
    if verbose:
        _say(f"Using {len(samples[here])} files for {part}.")
    return samples[here], None if labels is None else labels[here]


def _say(message: str) -> None:
    if is_interactive_logging_enabled():
        print(message)


def _dataset(
    paths: list[str],
    labels: Any,
    load: Callable[[str], Any],
    label_mode: str | None,
    classes: int,
    batch_size: int | None,
    seed: int | None,
    batch: str,
) -> Any:
    if label_mode == "binary":
        labels = labels.astype("float32")[:, None]
    elif label_mode == "categorical":
        labels = np.eye(classes, dtype="float32")[labels]

    def sample(number: Any) -> Any:
        at = int(number) % len(paths)  # numbers beyond the end come only where the pipeline looks for shapes
        return load(paths[at]) if label_mode is None else (load(paths[at]), labels[at])

    made = tf.data.Dataset.range(len(paths))
    if seed is not None:
        made = made.shuffle(batch_size * 8 if batch_size is not None else 1024, seed=seed)
    made = made.map(sample, num_parallel_calls=tf.data.AUTOTUNE)
    made = made if batch_size is None else getattr(made, batch)(batch_size)
    return made.prefetch(tf.data.AUTOTUNE)
