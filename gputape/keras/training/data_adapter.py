"""What fit, evaluate and predict take, as a source of batches `(x, y, sample_weight)`.

Arrays (NumPy, tensors, pandas, lists and dicts of them), tf.data Datasets, Keras PyDatasets, Python generators and any
other iterable (a PyTorch DataLoader) all become a `Batches`: `batches(epoch)` gives the batches of one epoch,
`steps` their number, or None if it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

import gputape as tf

from .. import config


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """`(x, y, sample_weight)` from what a data source yields: x, (x,), (x, y) or (x, y, sample_weight)."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) == 1:
        return data[0], None, None
    if len(data) == 2:
        return data[0], data[1], None
    if len(data) == 3:
        return data
    raise ValueError(
        "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, "
        f"found a tuple of {len(data)} elements"
    )


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The opposite of `unpack_x_y_sample_weight`; a lone x that is no tuple or list stays alone."""
    if y is None:
        return x if not isinstance(x, (tuple, list)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _array(value: Any) -> Any:
    """One leaf as an array: floats in floatx, as Keras converts them; tensors stay on their device."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        return tf.convert_to_tensor(value)
    if hasattr(value, "to_numpy"):  # pandas
        value = value.to_numpy()
    array = np.asarray(value)
    if array.dtype.kind == "f" and array.dtype != config.floatx():
        array = array.astype(config.floatx())
    return array


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic, tf.Tensor, tf.Variable)) or hasattr(value, "to_numpy")


def arrays(structure: Any) -> Any:
    """The structure with arrays for leaves; a list of Python numbers counts as one array."""
    if structure is None or _is_array(structure) or not isinstance(structure, (list, tuple, Mapping)):
        return None if structure is None else _array(structure)
    if isinstance(structure, (list, tuple)) and not any(
        _is_array(v) or isinstance(v, (Mapping, list, tuple)) for v in structure
    ):
        return _array(structure)
    if isinstance(structure, Mapping):
        return {k: arrays(v) for k, v in structure.items()}
    if all(isinstance(v, (list, tuple)) and not any(_is_array(u) for u in v) for v in structure):
        return _array(structure)
    return type(structure)([arrays(v) for v in structure]) if type(structure) in (list, tuple) else [arrays(v) for v in structure]


class Batches:
    """A source of batches: call it with the epoch to get that epoch's batches."""

    def __init__(self, make: Callable[[int], Iterable[Any]], steps: int | None, batch_size: int | None = None) -> None:
        self._make, self.steps, self.batch_size = make, steps, batch_size

    def __call__(self, epoch: int = 0) -> Iterator[Any]:
        return iter(self._make(epoch))

    def on_epoch_end(self) -> None:
        """Nothing to do between epochs."""


def _count(leaves: list[Any]) -> int:
    sizes = {int(a.shape[0]) for a in leaves if len(a.shape)}
    if not sizes:
        raise ValueError("data must have at least one dimension, the batch")
    if len(sizes) > 1:
        told = ", ".join(str(tuple(a.shape)) for a in leaves)
        raise ValueError(f"Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. Shapes: {told}")
    return sizes.pop()


def _rows(leaf: Any, index: Any) -> Any:
    if isinstance(leaf, tf.Tensor):
        return leaf[index] if isinstance(index, slice) else tf.gather(leaf, index)
    return tf.convert_to_tensor(leaf[index])


def from_arrays(
    x: Any, y: Any, sample_weight: Any, batch_size: int | None, shuffle: Any, generator: Any, class_weight: Any
) -> Batches:
    """Batches cut from arrays that share their first dimension; shuffled anew every epoch if `shuffle`."""
    data = (arrays(x), arrays(y), arrays(sample_weight))
    leaves = [a for a in tf.nest.flatten(data) if a is not None]
    count = _count(leaves)
    size = batch_size or 32
    if class_weight:
        data = (*data[:2], _with_class_weight(data[1], data[2], class_weight))

    def make(epoch: int) -> Iterator[Any]:
        order = generator.permutation(count) if shuffle and shuffle != "batch" else None
        starts = np.arange(0, count, size)
        if shuffle == "batch":
            generator.shuffle(starts)
        for start in starts:
            index: Any = slice(int(start), min(int(start) + size, count))
            if order is not None:
                index = order[index]
            x_, y_, w_ = tf.nest.map_structure(lambda a, index=index: None if a is None else _rows(a, index), data)
            yield pack_x_y_sample_weight(x_, y_, w_)

    return Batches(make, -(-count // size), size)


def _with_class_weight(y: Any, sample_weight: Any, class_weight: Mapping[int, float]) -> Any:
    if len(tf.nest.flatten(y)) > 1:
        raise ValueError("`class_weight` is only supported for Models with a single output.")
    if sample_weight is not None:
        raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels.reshape(len(labels))
    weights = np.ones(len(labels), config.floatx())
    for label, weight in class_weight.items():
        weights[labels.astype("int64") == int(label)] = weight
    return weights


def _tensors(batch: Any, class_weight: Any) -> Any:
    """What a foreign iterable yields, as tensors; PyTorch tensors come through their `__array__` or DLPack."""
    x, y, w = unpack_x_y_sample_weight(batch)

    def convert(v: Any) -> Any:
        return None if v is None else tf.convert_to_tensor(_array(v.numpy() if hasattr(v, "detach") else v))

    x, y, w = (tf.nest.map_structure(convert, v) for v in (x, y, w))
    if class_weight:
        w = tf.convert_to_tensor(_with_class_weight(y, w, class_weight))
    return pack_x_y_sample_weight(x, y, w)


class _Sequence(Batches):
    """A PyDataset, or anything with `__getitem__` and `__len__` or `num_batches`."""

    def __init__(self, sequence: Any, shuffle: Any, generator: Any, class_weight: Any) -> None:
        self.sequence = sequence
        count = getattr(sequence, "num_batches", None)
        count = count if count is not None else len(sequence)

        def make(epoch: int) -> Iterator[Any]:
            order = generator.permutation(count) if shuffle else range(count)
            return (_tensors(sequence[int(k)], class_weight) for k in order)

        super().__init__(make, count)

    def on_epoch_end(self) -> None:
        if hasattr(self.sequence, "on_epoch_end"):
            self.sequence.on_epoch_end()


def _is_dataset(x: Any) -> bool:
    return hasattr(x, "element_spec") and hasattr(x, "cardinality")


def get(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: Any = None,
    steps: int | None = None,
    generator: Any = None,
) -> Batches:
    """The source of batches for the arguments of fit, evaluate or predict. ValueError for combinations that make no sense."""
    if isinstance(x, Batches):
        return x
    own = _is_dataset(x) or hasattr(x, "__next__") or (hasattr(x, "__getitem__") and hasattr(x, "on_epoch_end"))
    foreign = hasattr(x, "__iter__") and not _is_array(x) and not isinstance(x, (list, tuple, Mapping, str))
    if not (own or foreign):
        return from_arrays(x, y, sample_weight, batch_size, shuffle, generator, class_weight)
    if y is not None or sample_weight is not None:
        raise ValueError(f"When `x` is a {type(x).__name__}, `y` and `sample_weight` come from it: do not pass them.")
    if _is_dataset(x):
        count = int(x.cardinality())
        return Batches(lambda epoch: (_tensors(b, class_weight) for b in x), count if count >= 0 else None)
    if hasattr(x, "__next__"):
        return Batches(lambda epoch: (_tensors(b, class_weight) for b in x), steps)
    if hasattr(x, "__getitem__") and (hasattr(x, "__len__") or hasattr(x, "num_batches")) and hasattr(x, "on_epoch_end"):
        return _Sequence(x, shuffle, generator, class_weight)
    count = len(x) if hasattr(x, "__len__") else None
    return Batches(lambda epoch: (_tensors(b, class_weight) for b in x), count)


def train_validation_split(data: tuple[Any, ...], validation_split: float) -> tuple[Any, Any]:
    """The first part of the samples for training and the last `validation_split` of them for validation, unshuffled."""
    flat = [a for a in tf.nest.flatten(tf.nest.map_structure(arrays, list(data))) if a is not None]
    if any(not hasattr(a, "shape") for a in flat):
        raise ValueError("`validation_split` is only supported for arrays and tensors")
    count = _count(flat)
    split = int(np.floor(count * (1.0 - validation_split)))
    if split == 0 or split == count:
        raise ValueError(
            f"Training data contains {count} samples, which is not sufficient to split it into a validation and training "
            f"set as specified by `validation_split={validation_split}`."
        )

    def part(s: Any, index: slice) -> Any:
        return None if s is None else tf.nest.map_structure(lambda a: a[index], arrays(s))

    return tuple(part(d, slice(0, split)) for d in data), tuple(part(d, slice(split, count)) for d in data)
