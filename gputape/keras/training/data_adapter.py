"""What fit, evaluate and predict take, as a source of batches `(x, y, sample_weight)`.

Arrays (NumPy, tensors, pandas, lists and dicts of them), tf.data Datasets, PyDatasets, Python generators and any other
iterable (a PyTorch DataLoader) all become a `Batches`: `batches(epoch)` gives the batches of one epoch, `steps` their
number, or None if it is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

import gputape as tf

from .. import config
from ..utils.seeding import numpy_generator
from .pydataset import PyDataset, in_order
from .pydataset import Sequence as Sequence

RESIDENT = 2**30  # arrays up to so many bytes in all move to the GPU once, not batch by batch


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """`(x, y, sample_weight)` from what a data source yields: x, (x,), (x, y) or (x, y, sample_weight).

    >>> from gputape import keras
    >>> keras.utils.unpack_x_y_sample_weight(("features", "labels"))
    ('features', 'labels', None)

    Raises ValueError for a longer tuple.
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if len(data) not in (1, 2, 3):
        raise ValueError(
            f"Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: {data}"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The opposite of `unpack_x_y_sample_weight`; a lone x that is no tuple or list stays alone.

    >>> from gputape import keras
    >>> keras.utils.pack_x_y_sample_weight("features", "labels")
    ('features', 'labels')
    """
    if y is None and sample_weight is None:
        return x if not isinstance(x, (tuple, list)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


# -- arrays


def _is_array(value: Any) -> bool:
    if isinstance(value, (str, bytes, list, tuple, Mapping)):
        return False
    return isinstance(value, (np.ndarray, tf.Tensor, tf.Variable)) or hasattr(value, "__array__")


def _array(value: Any) -> Any:
    """One leaf as an array, floats in floatx; tensors of a GPU stay there."""
    if isinstance(value, (tf.Tensor, tf.Variable)) and "GPU" in value.device:
        return tf.cast(value, config.floatx()) if value.dtype.is_floating else tf.convert_to_tensor(value)
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu()
    array = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
    name = tf.as_dtype(array.dtype).name if array.dtype.kind in "fV" else ""
    return array.astype(tf.as_dtype(config.floatx()).as_numpy_dtype, copy=False) if "float" in name else array


def arrays(structure: Any) -> Any:
    """The structure with arrays for leaves; a list of numbers, or of lists of numbers, is one array."""
    if structure is None:
        return None
    if isinstance(structure, Mapping):
        return {k: arrays(v) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        leaves = tf.nest.flatten(structure)
        if leaves and all(isinstance(v, (bool, int, float, np.generic)) for v in leaves):
            return _array(structure)
        return (
            type(structure)(map(arrays, structure))
            if type(structure) in (list, tuple)
            else list(map(arrays, structure))
        )
    return _array(structure)


def _is_arrays(structure: Any) -> bool:
    """Whether all leaves are arrays, numbers or None."""
    leaves = [v for v in tf.nest.flatten(structure) if v is not None]
    return bool(leaves) and all(_is_array(v) or isinstance(v, (bool, int, float)) for v in leaves)


def _count(data: tuple[Any, ...]) -> int:
    """The number of samples, which all arrays share; ValueError if they do not."""
    sizes = {name: [a.shape[:1] for a in tf.nest.flatten(part) if a is not None] for name, part in _named(data)}
    counts = {s for found in sizes.values() for s in found}
    if len(counts) == 1 and counts != {()}:
        return int(counts.pop()[0])
    told = "; ".join(
        f"'{name}' sizes: {', '.join(str(s[0]) if s else 'none' for s in found)}" for name, found in sizes.items()
    )
    raise ValueError(f"Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. {told}")


def _named(data: tuple[Any, ...]) -> Any:
    return [(name, part) for name, part in zip(("x", "y", "sample_weight"), data) if part is not None]


def class_weight_to_sample_weights(y: Any, class_weight: Mapping[int, float]) -> Any:
    """The weight of each sample's class, 1 for classes that `class_weight` leaves out."""
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    labels = np.round(labels).astype("int32")
    weights = np.ones(labels.shape, config.floatx())
    for label, weight in class_weight.items():
        weights[labels == int(label)] = weight
    return weights


class Batches:
    """A source of batches: call it with the epoch to get that epoch's batches."""

    def __init__(self, make: Callable[[int], Iterable[Any]], steps: int | None, source: Any = None) -> None:
        self._make, self.steps, self._source = make, steps, source

    def __call__(self, epoch: int = 0) -> Iterator[Any]:
        return iter(self._make(epoch))

    def tell(self, hook: str) -> None:
        """Call `on_epoch_begin` or `on_epoch_end` of the data source, if it has one."""
        method = getattr(self._source, hook, None)
        if method is not None:
            method()


def from_arrays(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: Any = None,
    steps: int | None = None,
) -> Batches:
    """Batches cut from arrays that share their first dimension.

    `shuffle=True` mixes all samples anew every epoch, "batch" those inside each batch. The batch size defaults to what
    makes `steps` batches, or to 32.
    """
    data = (arrays(x), arrays(y), arrays(sample_weight))
    if data[2] is not None and class_weight is not None:
        raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
    if class_weight is not None:
        if tf.nest.is_nested(data[1]):
            raise ValueError("`class_weight` is only supported for Models with a single output.")
        data = (*data[:2], class_weight_to_sample_weights(data[1], class_weight))
    if data[2] is not None and tf.nest.is_nested(data[1]):
        data = (*data[:2], _weights_per_output(data[1], data[2]))
    count = _count(data)
    size = batch_size or (math.ceil(count / steps) if steps else 32)
    packed = pack_x_y_sample_weight(*data)
    leaves = _placed(tf.nest.flatten(packed))
    plain = type(packed) is tuple and len(leaves) == len(packed)
    generator = numpy_generator() if shuffle else None

    def make(epoch: int) -> Iterator[Any]:
        order, lying = None, leaves
        if generator is not None:
            order = generator.permutation(count) if shuffle != "batch" else _mixed_batches(generator, count, size)
            lying = [_in_order(a, order) for a in leaves]
        for start in range(0, count, size):
            index = slice(start, min(start + size, count))
            rows = [None if a is None else _rows(a, index, order) for a in lying]
            yield tuple(rows) if plain else tf.nest.pack_sequence_as(packed, rows)

    return Batches(make, -(-count // size))


def _mixed_batches(generator: Any, count: int, size: int) -> Any:
    """The order of an epoch whose batches keep their samples, each mixed in itself."""
    starts = range(0, count, size)
    return np.concatenate([generator.permutation(np.arange(k, min(k + size, count))) for k in starts or [0]])


def _weights_per_output(y: Any, sample_weight: Any) -> Any:
    """Weights in the structure of the targets: one array per sample counts for all of them."""
    if tf.nest.is_nested(sample_weight):
        if len(tf.nest.flatten(sample_weight)) != len(tf.nest.flatten(y)):
            raise ValueError(
                "You should provide one `sample_weight` array per output in `y`. The two structures did not match"
            )
        return sample_weight
    if len(sample_weight.shape) > 2 or (len(sample_weight.shape) == 2 and sample_weight.shape[1] != 1):
        raise ValueError(
            "For a model with multiple outputs, when providing a single `sample_weight` array, it should only have one "
            "scalar score per sample (i.e. shape `(num_samples,)`). If you want to use non-scalar sample weights, "
            "pass a "
            "`sample_weight` argument with one array per model output."
        )
    return tf.nest.map_structure(lambda _: sample_weight, y)


def _placed(leaves: list[Any]) -> list[Any]:
    """Where new arrays go to a GPU, those that fit there as tensors on it."""
    if "GPU" not in tf.constant(0).device:
        return leaves
    total = sum(a.nbytes for a in leaves if isinstance(a, np.ndarray))
    return [tf.convert_to_tensor(a) if isinstance(a, np.ndarray) and total <= RESIDENT else a for a in leaves]


def _in_order(leaf: Any, order: Any) -> Any:
    """A tensor's rows in the order of an epoch, all at once, so that its batches are views; other leaves as they are."""
    return tf.gather(leaf, order) if isinstance(leaf, tf.Tensor) else leaf


def _rows(leaf: Any, index: slice, order: Any) -> Any:
    if isinstance(leaf, tf.Tensor):  # lies in that order
        return tf.Tensor(leaf._array[index])
    return tf.convert_to_tensor(leaf[index if order is None else order[index]])


# -- everything else


def _tensors(batch: Any, class_weight: Any) -> Any:
    """What a foreign iterable yields, as tensors."""
    x, y, w = (tf.nest.map_structure(_tensor, part) for part in unpack_x_y_sample_weight(batch))
    if class_weight is not None:
        if w is not None:
            raise ValueError("You cannot specify `class_weight` and `sample_weight` at the same time.")
        w = tf.convert_to_tensor(class_weight_to_sample_weights(y, class_weight))
    return pack_x_y_sample_weight(x, y, w)


def _tensor(value: Any) -> Any:
    value = _dense(value)
    return value if value is None or isinstance(value, tf.Tensor) else tf.convert_to_tensor(_array(value))


def _dense(value: Any) -> Any:
    """A sparse tensor as a dense one, all else as it is; ValueError for a ragged one, whose padding is to be chosen."""
    if isinstance(value, tf.RaggedTensor):
        raise ValueError(
            f"RaggedTensor of shape {tuple(value.shape)} as data: models take dense tensors: give `x.to_tensor()`, and a "
            f"mask where the padding matters"
        )
    return tf.sparse.to_dense(tf.sparse.reorder(value)) if isinstance(value, tf.SparseTensor) else value


def _from_pydataset(dataset: Any, shuffle: Any, class_weight: Any) -> Batches:
    count = dataset.num_batches if hasattr(dataset, "num_batches") else len(dataset)

    def make(epoch: int) -> Iterator[Any]:
        order = range(count) if count is not None else None
        if shuffle and count is not None:
            order = numpy_generator().permutation(count).tolist()
        return (_tensors(_checked(batch), class_weight) for batch in in_order(dataset, order))

    return Batches(make, count, dataset)


def _checked(batch: Any) -> Any:
    if (isinstance(batch, (tuple, list)) and len(batch) not in (1, 2, 3)) or not isinstance(
        batch, (tuple, list, Mapping, np.ndarray)
    ):
        raise ValueError(
            "PyDataset.__getitem__() must return a tuple or a dict. If a tuple, it must be ordered either (input,) or "
            f"(inputs, targets) or (inputs, targets, sample_weights). Received: {str(batch)[:100]}... of type "
            f"{type(batch)}"
        )
    return batch


def _is_pydataset(x: Any) -> bool:
    return isinstance(x, PyDataset) or (
        hasattr(x, "__getitem__") and hasattr(x, "__len__") and hasattr(x, "on_epoch_end")
    )


def get(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: Any = None,
    steps: int | None = None,
) -> Batches:
    """The source of batches for the arguments of fit, evaluate or predict. ValueError for what cannot be one."""
    if isinstance(x, Batches):
        return x
    x, y, sample_weight = (tf.nest.map_structure(_dense, part) for part in (x, y, sample_weight))
    if _is_arrays((x, y, sample_weight)):
        return from_arrays(x, y, sample_weight, batch_size, shuffle, class_weight, steps)
    kind = next((name for name, is_kind in _KINDS.items() if is_kind(x)), None)
    if kind is None:
        raise ValueError(f"Unrecognized data type: x={x} (of type {type(x)})")
    for name, given, what in (("y", y, "the targets"), ("sample_weight", sample_weight, "the sample weights")):
        if given is not None:
            raise ValueError(
                f"When providing `x` as a {kind}, `{name}` should not be passed. Instead, {what} should be included "
                f"as part "
                f"of the {kind}."
            )
    if kind == "PyDataset":
        return _from_pydataset(x, shuffle, class_weight)
    count: Any = int(x.cardinality()) if kind == "tf.data.Dataset" else len(x) if hasattr(x, "__len__") else -1
    return Batches(lambda epoch: (_tensors(b, class_weight) for b in x), count if count >= 0 else None)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "tf.data.Dataset": lambda x: isinstance(x, tf.data.Dataset),
    "PyDataset": _is_pydataset,
    "generator": lambda x: hasattr(x, "__next__"),
    "iterable of batches": lambda x: hasattr(x, "__iter__") and not isinstance(x, (str, bytes, list, tuple, Mapping)),
}


def train_validation_split(data: tuple[Any, ...], validation_split: float) -> tuple[Any, Any]:
    """The first part of the samples for training and the last `validation_split` of them for validation, unshuffled.

    Raises ValueError for data that are no arrays, and if one part were empty.
    """
    if not _is_arrays(data):
        raise ValueError("Argument `validation_split` is only supported for tensors or NumPy arrays.")
    data = tuple(map(arrays, data))
    count = _count(data)
    split = math.floor(count * (1.0 - validation_split))
    if split in (0, count):
        raise ValueError(
            f"Training data contains {count} samples, which is not sufficient to split it into a validation and "
            f"training "
            f"set as specified by `validation_split={validation_split}`. Either provide more data, or a different "
            f"value for "
            "the `validation_split` argument."
        )

    def part(index: slice) -> tuple[Any, ...]:
        return tuple(tf.nest.map_structure(lambda a: None if a is None else a[index], d) for d in data)

    return part(slice(0, split)), part(slice(split, count))
