"""CompileLoss: what `compile(loss=..., loss_weights=...)` means for a structure of outputs.

A loss belongs to a place in the structure of the outputs: to one output, or to a part that has several, which it then
receives as a structure. A list whose entries are not one per output gives one place several losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import gputape as tf

from .. import losses as losses_module
from .. import metrics as metrics_module
from .. import tree
from .compile_utils import Path, at, kind, name_of, stars


class _Weighted(NamedTuple):
    """A loss as the user wrote it, with its weight."""

    loss: Any
    weight: Any


class _Loss(NamedTuple):
    """A loss, the place of its outputs and its weight in the sum; `tracker` keeps its mean when there are several."""

    path: Path
    function: Any
    weight: Any
    tracker: Any


class CompileLoss(losses_module.Loss):
    """The losses given to compile as one loss: each of its outputs, weighted, summed up.

    With several, `metrics` has the mean of each, as "<output>_loss".

    Args:
        loss: a loss (string, function or Loss), or a structure of them like that of the outputs; parts may be None.
        loss_weights: a number per loss.
        output_names: the names of a functional model's outputs.

    Raises, at the first call, ValueError or KeyError for what does not fit the outputs.
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, reduction: Any = "sum_over_batch_size", output_names: Any = None
    ) -> None:
        if loss_weights and not isinstance(loss_weights, (list, tuple, Mapping, int, float)):
            raise ValueError(
                "Expected `loss_weights` argument to be a float (single output case) or a list, tuple, or dict "
                f"(multiple output case). Received instead: loss_weights={loss_weights} of type {type(loss_weights)}"
            )
        super().__init__(name="compile_loss", reduction=reduction)
        self._given, self._weights, self.output_names = loss, loss_weights, output_names
        self._losses: list[_Loss] = []
        self._structure: Any = None
        self.built = False

    @property
    def metrics(self) -> list[Any]:
        return [loss.tracker for loss in self._losses if loss.tracker is not None]

    @property
    def variables(self) -> list[Any]:
        return [v for metric in self.metrics for v in metric.variables]

    # -- which loss belongs where
    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the loss objects, now that the structure of the outputs is known; y_true has the same structure."""
        names = self._names(y_pred)
        places = list(_places(self._weighted(y_pred), y_true, y_pred, ()))
        made = [(path, _resolved(w.loss, at(y_true, path), at(y_pred, path)), w.weight) for path, w in places]
        trackers: list[Any] = [None] * len(made)
        if len(made) > 1:
            trackers = [metrics_module.Mean(name=f"{_log_name(path, f, at(names, path))}_loss") for path, f, _ in made]
        self._losses = [_Loss(*entry, tracker) for entry, tracker in zip(made, trackers)]
        self._structure = stars(y_pred)
        self.built = True

    def _names(self, y_pred: Any) -> Any:
        """The names of the outputs in the structure of the outputs; None for those without."""
        count = len(tree.flatten(y_pred))
        names = self.output_names if self.output_names and len(self.output_names) == count else [None] * count
        return tree.pack_sequence_as(y_pred, list(names))

    def _weighted(self, y_pred: Any) -> Any:
        """The losses with their weights, in the structure that the user gave; a single loss is that of each output."""
        loss, weights = self._given, self._weights
        if isinstance(loss, Mapping) and not isinstance(y_pred, Mapping) and self.output_names:
            if set(loss) != set(self.output_names):
                raise ValueError(f"Expected keys {self.output_names} in loss dict, but found loss.keys()={list(loss)}")
            loss = [loss[name] for name in self.output_names]
            if isinstance(weights, Mapping):
                weights = [weights.get(name) for name in self.output_names]
        if not tree.is_nested(loss):
            loss = tree.map_structure(lambda _: loss, y_pred)
        flat = tree.flatten(loss)
        if weights is None or isinstance(weights, (int, float)):
            factors = [weights] * len(flat)
        else:
            factors = tree.flatten(weights)
            if len(factors) == sum(x is not None for x in flat) != len(flat):
                rest = iter(factors)
                factors = [None if x is None else next(rest) for x in flat]
        if len(factors) != len(flat):
            raise ValueError(
                f"`loss_weights` must match the number of losses, got {len(flat)} losses and {len(factors)} weights."
            )
        pairs = [None if x is None else _Leaf(_Weighted(x, w)) for x, w in zip(flat, factors)]
        return tree.pack_sequence_as(loss, pairs)

    # -- the value
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.call(y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The weighted sum of the losses, a scalar."""
        y_true = self._like(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        elif stars(y_pred) != self._structure:
            y_pred, y_true = (tree.pack_sequence_as(self._structure, tree.flatten(y)) for y in (y_pred, y_true))
        if tree.is_nested(sample_weight):
            sample_weight = self._like(sample_weight, y_pred)
        total = None
        for path, function, weight, tracker in self._losses:
            outputs = at(y_pred, path)
            weights = at(sample_weight, path) if tree.is_nested(sample_weight) else sample_weight
            value = tf.cast(function(at(y_true, path), outputs, weights), self.dtype)
            if tracker is not None:
                tracker.update_state(value, sample_weight=tree.flatten(outputs)[0].shape[0])
            value = value if weight is None else value * weight
            total = value if total is None else total + value
        return total

    def _like(self, given: Any, y_pred: Any) -> Any:
        """Targets or weights in the structure of the outputs, None for those without a loss; ValueError if none fits.

        They may be keyed by the names of the outputs, flat, in other containers, or only for outputs with a loss.
        """
        if not tree.is_nested(y_pred) and not tree.is_nested(given):
            return given
        if stars(given) == stars(y_pred):
            return given
        names = self.output_names
        if names and isinstance(given, Mapping) and not isinstance(y_pred, Mapping) and set(given) <= set(names):
            given = [given.get(name) for name in names]
        flat, count = tree.flatten(given), len(tree.flatten(y_pred))
        if len(flat) == count:
            return tree.pack_sequence_as(y_pred, flat)
        if len(flat) == sum(x is not None for x in tree.flatten(self._given)):
            rest = iter(flat)
            wanted = [None if loss is None else next(rest) for loss in tree.flatten(self._given)]
            if len(wanted) == count:
                return tree.pack_sequence_as(y_pred, wanted)
        raise ValueError(
            f"y_true and y_pred have different structures.\ny_true: {stars(given)}\ny_pred: {stars(y_pred)}\n"
        )


class _Leaf:
    """Keeps a pair from being taken for a structure."""

    def __init__(self, value: _Weighted) -> None:
        self.value = value


def _places(losses: Any, y_true: Any, y_pred: Any, path: Path) -> Iterator[tuple[Path, _Weighted]]:
    """(path, loss) of every loss in the structure `losses`. KeyError for a place that the outputs do not have."""
    if losses is None:
        return
    if isinstance(losses, _Leaf):
        yield path, losses.value
        return
    if isinstance(losses, (list, tuple)):
        leaves = not any(map(tree.is_nested, losses))
        if leaves and len(losses) == len(tree.flatten(y_pred)):
            losses = tree.pack_sequence_as(y_pred, list(losses))  # one per output, in order
            if isinstance(losses, _Leaf) or losses is None:
                yield from _places(losses, y_true, y_pred, path)
                return
        elif not isinstance(y_pred, type(losses)):
            for loss in losses:
                yield from _places(loss, y_true, y_pred, path)
            return
    if not isinstance(losses, type(y_pred)):
        raise KeyError(f"The path: {path} in the `loss` argument, can't be found in the model's output (`y_pred`).")
    for key, loss in losses.items() if isinstance(losses, Mapping) else enumerate(losses):
        if loss is None:
            continue
        if not all(_has(structure, key) for structure in (y_true, y_pred)):
            raise KeyError(
                f"The path: {(*path, key)} in the `loss` argument, can't be found in either the model's output "
                "(`y_pred`) or in the labels (`y_true`)."
            )
        yield from _places(loss, y_true[key], y_pred[key], (*path, key))


def _has(structure: Any, key: Any) -> bool:
    if isinstance(structure, Mapping):
        return key in structure
    return isinstance(structure, (list, tuple)) and isinstance(key, int) and key < len(structure)


def _log_name(path: Path, loss: Any, names: Any) -> str:
    """How the logs call a loss: by its path, in which numbers give way to names of outputs."""
    if not tree.is_nested(names):
        last = names or loss.name
        if not path or isinstance(path[-1], int):
            path = (*path[:-1], last)
    if path:
        return "/".join(map(str, path))
    return "_".join(map(str, names if isinstance(names, Mapping) else tree.flatten(names)))


def _resolved(loss: Any, y_true: Any, y_pred: Any) -> Any:
    """A loss object for what users write: an object, a string, or a function. "crossentropy" depends on the shapes."""
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce"):
        loss = getattr(losses_module, kind(y_true, y_pred) + "Crossentropy")()
    made = losses_module.get(loss)
    if isinstance(made, losses_module.Loss):
        return made
    return losses_module.LossFunctionWrapper(made, name=loss if isinstance(loss, str) else name_of(made))
