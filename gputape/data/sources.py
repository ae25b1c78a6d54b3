"""Where datasets come from: arrays, generators, ranges, other datasets."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nest
from .. import random as tf_random
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError, NotFoundError
from ..tensor import host_array
from ..tensor_spec import TensorSpec
from . import composites, elements
from .base import INFINITE, UNKNOWN, DatasetBase, Elements


def generator(seed: Any = None) -> Any:
    """A NumPy Generator for an op seed, under the seed of `tf.random.set_seed`; without both a random one."""
    base = tf_random._global_seed[0]
    return np.random.default_rng(None if seed is None and base is None else [base or 0, int(seed or 0)])


def shortest(cardinalities: list[int]) -> int:
    """The length of what ends with its shortest part."""
    if UNKNOWN in cardinalities:
        return UNKNOWN
    return min((c for c in cardinalities if c != INFINITE), default=INFINITE)


class Sources(DatasetBase):
    """The static methods of Dataset that make one."""

    @classmethod
    def _make(cls, iterate: Callable[[], Elements], spec: Any, cardinality: int = UNKNOWN) -> Any:
        from .dataset import Dataset

        return Dataset(iterate, spec, cardinality)

    @classmethod
    def _of_rows(cls, arrays: Any, order: Callable[[], Any], spec: Any, cardinality: int) -> Any:
        """The rows of arrays in the order that `order()` gives for each iteration."""
        from .dataset import Dataset

        return Dataset(lambda: elements.rows(arrays, order()), spec, cardinality, (arrays, order))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Any:
        """One element: `tensors`."""
        element = elements.normalized(tensors)
        return Sources._make(lambda: iter([element]), elements.spec_of(element), 1)

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Any:
        """The slices of arrays along their first axis, which must be of one size (ValueError otherwise).

        >>> import gputape as tf
        >>> data = tf.data.Dataset.from_tensor_slices(([1, 2], ["a", "b"]))
        >>> list(data.as_numpy_iterator())
        [(np.int32(1), b'a'), (np.int32(2), b'b')]
        """
        element = elements.normalized(tensors)
        flat = nest.flatten(element)
        if any(elements.rank(a) == 0 for a in flat):
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        sizes = {elements.leading(a) for a in flat}
        if len(sizes) != 1:
            raise ValueError(f"Dimensions {' and '.join(map(str, sorted(sizes)))} are not compatible")
        spec = elements.changed(elements.spec_of(element), lambda shape: shape[1:])
        count = sizes.pop()
        return Sources._of_rows(element, lambda: range(count), spec, count)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Any:
        """What `generator(*args)` yields, as tensors of `output_signature`, or of `output_types` and `output_shapes`.

        Raises TypeError without either; while iterating, InvalidArgumentError for an element of another shape.
        """
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        if output_signature is None and output_types is None:
            raise TypeError("Either `output_signature` or `output_types` must be specified.")
        if output_signature is None:
            flat = nest.flatten(output_types)
            listed = [None] * len(flat) if output_shapes is None else _per_leaf(output_shapes, output_types)
            output_signature = nest.pack_sequence_as(output_types, [TensorSpec(s, t) for s, t in zip(listed, flat)])
        spec = output_signature
        given = [elements.normalized(a) for a in args or ()]

        def iterate() -> Elements:
            return (_fitted(value, spec) for value in generator(*given))

        return Sources._make(iterate, spec)

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> Any:
        """The numbers of Python's `range`, int64 by default."""
        numbers = range(*[int(a) for a in args])
        dtype = as_dtype(output_type)
        return Sources._make(lambda: (np.asarray(k, dtype.numpy) for k in numbers), TensorSpec([], dtype), len(numbers))

    @staticmethod
    def counter(start: int = 0, step: int = 1, dtype: Any = "int64", name: str | None = None) -> Any:
        """start, start + step, ... without end."""
        kind = as_dtype(dtype)

        def iterate() -> Elements:
            value = start
            while True:
                yield np.asarray(value, kind.numpy)
                value += step

        return Sources._make(iterate, TensorSpec([], kind), INFINITE)

    @staticmethod
    def random(seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None) -> Any:
        """Random integers below 2**32, int64, without end."""
        source = generator(seed)
        fixed = int(source.integers(2**63))

        def iterate() -> Elements:
            draws = np.random.default_rng(int(source.integers(2**63)) if rerandomize_each_iteration else fixed)
            while True:
                yield np.asarray(draws.integers(2**32), np.int64)

        return Sources._make(iterate, TensorSpec([], "int64"), INFINITE)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Any:
        """The elements of datasets side by side, in a tuple or in the structure given; ends with the shortest.

        >>> import gputape as tf
        >>> a, b = tf.data.Dataset.range(3), tf.data.Dataset.range(5, 10)
        >>> [(int(x), int(y)) for x, y in tf.data.Dataset.zip(a, b)]
        [(0, 5), (1, 6), (2, 7)]
        """
        if not args and datasets is None:
            raise TypeError("Must pass at least one dataset to `zip`.")
        structure = datasets if datasets is not None else args[0] if len(args) == 1 else tuple(args)
        if isinstance(structure, list):
            raise TypeError(
                "Invalid `datasets`. `datasets` is expected to be a (nested) structure of `tf.data.Dataset` objects. "
                "Python "
                "`list` is not supported and you should use `tuple` instead."
            )
        flat = nest.flatten(structure)
        for dataset in flat:
            if not isinstance(dataset, DatasetBase):
                raise TypeError(
                    f"Invalid `datasets`. Encountered {dataset!r} of type {type(dataset)}, which is no dataset."
                )

        def iterate() -> Elements:
            for parts in zip(*[d._iterate() for d in flat]):
                yield nest.pack_sequence_as(structure, parts)

        spec = lambda: nest.map_structure(lambda d: d.element_spec, structure)  # noqa: E731
        return Sources._make(iterate, spec, shortest([d._cardinality for d in flat]))

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: str | None = None) -> Any:
        """The names of the files that match one or several glob patterns, in random order unless `shuffle=False`.

        Raises NotFoundError if there is none.
        """
        patterns = [os.fsdecode(p) for p in np.asarray(host_array(file_pattern)).reshape(-1).tolist()]
        names = sorted({name for pattern in patterns for name in glob.glob(pattern)})
        if not names:
            raise NotFoundError(f"No files matched pattern: {', '.join(patterns)}")
        listed = Sources.from_tensor_slices(np.array([n.encode() for n in names], object))
        return listed if shuffle is False else listed.shuffle(len(names), seed=seed)

    @staticmethod
    def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True) -> Any:
        """From the dataset whose number `choice_dataset` says, the next element; ends when one is empty."""
        _check_list(datasets)

        def iterate() -> Elements:
            running: list[Any] = [d._iterate() for d in datasets]
            for choice in choice_dataset._iterate():
                k = int(choice)
                if not 0 <= k < len(running):
                    raise InvalidArgumentError(
                        f"choose_from_datasets: index {k} is out of range for {len(running)} datasets"
                    )
                try:
                    yield next(running[k])
                except StopIteration:
                    if stop_on_empty_dataset:
                        return

        return Sources._make(iterate, lambda: _common_spec(datasets))

    @staticmethod
    def sample_from_datasets(
        datasets: Any,
        weights: Any = None,
        seed: Any = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Any:
        """Elements of datasets at random, with probabilities `weights` (default equal) among those not yet empty."""
        _check_list(datasets)
        odds = np.ones(len(datasets)) if weights is None else np.asarray(host_array(weights), np.float64)
        if odds.shape != (len(datasets),):
            raise ValueError(
                f"Invalid `weights`. `weights` should have one per dataset, {len(datasets)}, not shape {odds.shape}"
            )
        datasets, odds = [d for d, p in zip(datasets, odds) if p > 0], odds[odds > 0]
        source = generator(seed)
        fixed = int(source.integers(2**63))

        def iterate() -> Elements:
            draws = np.random.default_rng(int(source.integers(2**63)) if rerandomize_each_iteration else fixed)
            running: list[Any] = [d._iterate() for d in datasets]
            left = odds.copy()
            while left.sum() > 0:
                k = int(draws.choice(len(running), p=left / left.sum()))
                try:
                    yield next(running[k])
                except StopIteration:
                    if stop_on_empty_dataset:
                        return
                    left[k] = 0.0

        counts = [d._cardinality for d in datasets]
        total = (
            UNKNOWN if stop_on_empty_dataset or UNKNOWN in counts else INFINITE if INFINITE in counts else sum(counts)
        )
        return Sources._make(iterate, lambda: _common_spec(datasets), total)

    @staticmethod
    def load(
        path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None, wait: bool = False
    ) -> Any:
        """The dataset that `save` wrote into the folder `path`; NotFoundError if there is none."""
        file = os.path.join(os.fspath(path), "elements.npz")
        if not os.path.exists(file):
            raise NotFoundError(f"Dataset.load: there is no saved dataset in {os.fspath(path)}")
        found = elements.read(file)
        return Sources._make(lambda: iter(found), elements.spec_of(found[0]) if found else element_spec, len(found))


def _check_list(datasets: Any) -> None:
    if not datasets:
        raise ValueError("Invalid `datasets`. `datasets` should not be empty.")


def _common_spec(datasets: Any) -> Any:
    spec = datasets[0].element_spec
    for dataset in datasets[1:]:
        spec = elements.common(spec, dataset.element_spec)
    return spec


def _per_leaf(shapes: Any, types: Any) -> list[Any]:
    """The shapes of the leaves of `types`; a shape is itself a list or tuple of sizes."""
    if not nest.is_nested(types):
        return [shapes]
    if isinstance(types, dict):
        return [s for k in sorted(types) for s in _per_leaf(shapes[k], types[k])]
    return [s for shape, kind in zip(shapes, types) for s in _per_leaf(shape, kind)]


def _fitted(value: Any, spec: Any) -> Any:
    """What a generator yielded as an element of `spec`."""
    if isinstance(spec, composites.SPECS):
        made = elements.normalized(value)
        if not composites.fits(spec, made):
            raise InvalidArgumentError(f"from_generator: `generator` yielded {value!r} where {spec} was expected")
        return made
    if isinstance(spec, TensorSpec):
        try:
            array = np.asarray(
                host_array(value, spec.dtype) if not hasattr(value, "dtype") else elements.normalized(value)
            )
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"from_generator: `generator` yielded an element that cannot be converted to {spec.dtype.name}: "
                f"{value!r}"
            ) from error
        if spec.dtype != "string" and array.dtype != spec.dtype.numpy:
            array = array.astype(spec.dtype.numpy)
        if not spec.shape.is_compatible_with(array.shape):
            raise InvalidArgumentError(
                f"from_generator: `generator` yielded an element of shape {array.shape} where an element of shape "
                f"{spec.shape} was expected."
            )
        return array
    if isinstance(spec, dict):
        return {k: _fitted(value[k], spec[k]) for k in spec}
    if len(value) != len(spec):
        raise InvalidArgumentError(
            f"from_generator: `generator` yielded {len(value)} parts where {len(spec)} were expected"
        )
    return tuple(_fitted(v, s) for v, s in zip(value, spec))
