"""CompileMetrics: what `compile(metrics=...)` means for a structure of outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gputape as tf

from .. import metrics as metrics_module

Path = tuple[Any, ...]


def _paths(structure: Any, path: Path = ()) -> list[Path]:
    """The keys and indices that lead to each leaf, in the order of tf.nest.flatten."""
    if not tf.nest.is_nested(structure):
        return [path]
    keys = sorted(structure) if _is_dict(structure) else range(len(structure))
    return [found for key in keys for found in _paths(structure[key], (*path, key))]


def at(structure: Any, path: Path) -> Any:
    for key in path:
        structure = structure[key]
    return structure


def stars(structure: Any) -> Any:
    return tf.nest.map_structure(lambda _: "*", structure)


def _is_dict(structure: Any) -> bool:
    return isinstance(structure, Mapping)


class Outputs:
    """The outputs of a model side by side: their paths in `y_pred`, and the names that logs and dicts use for them.

    Args:
        y_pred: the structure of outputs.
        names: the names of a functional model's outputs, or None.
    """

    def __init__(self, y_pred: Any, names: list[str] | None) -> None:
        self.paths = _paths(y_pred)
        self.dict = _is_dict(y_pred)
        self.flat = all(len(path) == 1 for path in self.paths)
        if self.dict and self.flat:
            keys = [path[0] for path in self.paths]
            names = list(names) if names and set(names) == set(keys) else keys
            self.paths = [(name,) for name in names]
        self.names = list(names) if names and len(names) == len(self.paths) else None
        self.shape = stars(y_pred)

    def __len__(self) -> int:
        return len(self.paths)

    def leaves(self, y_pred: Any) -> list[Any]:
        return [at(y_pred, path) for path in self.paths]

    def split(self, given: Any, what: str = "y_true") -> list[Any]:
        """Targets or weights, one per output: by names, by the same structure, or in order. ValueError if none fits."""
        if given is None or (len(self) == 1 and not tf.nest.is_nested(given)):
            return [given] * len(self)
        if _is_dict(given) and self.names is not None and set(given) <= set(self.names):
            return [given.get(name) for name in self.names]
        flat = tf.nest.flatten(given)
        if len(flat) == len(self):
            return self.leaves(given) if self.dict and set(_paths(given)) == set(self.paths) else flat
        raise ValueError(
            f"{what} and y_pred have different structures.\n{what}: {stars(given)}\ny_pred: {self.shape}\n"
        )

    def keyed(self, given: Mapping[str, Any], what: str) -> list[Any]:
        """The entries of a dict by output name; outputs that it leaves out have None."""
        if self.names is None or not set(given) <= set(self.names):
            raise ValueError(f"Expected keys {self.names} in {what} dict, but found {what}.keys()={list(given)}")
        return [given.get(name) for name in self.names]

    def walked(self, given: Any, what: str, is_leaf: Callable[[Any], bool]) -> list[Any]:
        """The leaves of `given`, a structure like y_pred, None for what it leaves out. KeyError if it has more."""
        found: list[Any] = [None] * len(self)

        def walk(part: Any, path: Path) -> None:
            if path in self.paths and not _is_dict(part):
                found[self.paths.index(path)] = part
            elif is_leaf(part):
                if part is not None:
                    raise KeyError(
                        f"The path: {path} in the `{what}` argument, can't be found in the model's output (`y_pred`)."
                    )
            elif not _is_dict(part) and len(part) != len({p[len(path)] for p in self.paths if p[: len(path)] == path}):
                raise KeyError(
                    f"`{what}` has {len(part)} entries at {path}, but the model's output has another number."
                )
            else:
                for key, inner in part.items() if _is_dict(part) else enumerate(part):
                    walk(inner, (*path, key))

        walk(given, ())
        return found


def _is_binary_or_sparse(y_true: Any, y_pred: Any) -> tuple[bool, bool]:
    t, p = tuple(y_true.shape), tuple(y_pred.shape)
    return p[-1:] == (1,), len(t) < len(p) or (t[-1:] == (1,) and p[-1:] != (1,))


def kind(y_true: Any, y_pred: Any) -> str:
    binary, sparse = _is_binary_or_sparse(y_true, y_pred)
    return "Binary" if binary else "SparseCategorical" if sparse else "Categorical"


def name_of(thing: Any) -> str:
    return getattr(thing, "name", None) or getattr(thing, "__name__", None) or type(thing).__name__


def resolve_metric(metric: Any, y_true: Any, y_pred: Any) -> Any:
    """A metric object for what users write: an object, a string, or a function. "accuracy" depends on the shapes."""
    if metric is None:
        raise ValueError("Expected metric, received `None`")
    text = metric.lower() if isinstance(metric, str) else ""
    if text in ("accuracy", "acc", "crossentropy", "ce"):
        suffix = "Accuracy" if text in ("accuracy", "acc") else "Crossentropy"
        return getattr(metrics_module, kind(y_true, y_pred) + suffix)(name=metric)
    made = metrics_module.get(metric)
    name = metric if text else name_of(made)
    if not isinstance(made, metrics_module.Metric):
        made = metrics_module.MeanMetricWrapper(made, name=name)
    made.name = name
    return made


class _Metric(NamedTuple):
    """A metric of one output, and how the logs call it."""

    output: int
    name: str
    metric: Any
    weighted: bool


class CompileMetrics(metrics_module.Metric):
    """All metrics given to compile as one metric; its result is a dict of their results by name.

    Raises ValueError for what is no list, tuple or dict, and, at the first update, for what does not fit the outputs.
    """

    def __init__(
        self, metrics: Any, weighted_metrics: Any, name: str = "compile_metrics", output_names: list[str] | None = None
    ) -> None:
        super().__init__(name=name)
        for given, what in ((metrics, "metrics"), (weighted_metrics, "weighted_metrics")):
            if given and not isinstance(given, (list, tuple, Mapping)):
                raise ValueError(
                    f"Expected `{what}` argument to be a list, tuple, or dict. Received instead: {what}={given} of "
                    f"type "
                    f"{type(given)}"
                )
        self._given = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        self.output_names = output_names
        self.built = False
        self._entries: tuple[_Metric, ...] = ()
        self._outputs: Any = None

    @property
    def metrics(self) -> list[Any]:
        return [entry.metric for entry in self._entries]

    @property
    def named(self) -> dict[str, Any]:
        """The metrics by their names in the logs."""
        return {entry.name: entry.metric for entry in self._entries}

    @property
    def variables(self) -> list[Any]:
        return [v for metric in self.metrics for v in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metric objects, now that the shapes of targets and outputs are known."""
        self._outputs = outputs = Outputs(y_pred, self.output_names)
        targets, predictions = outputs.split(y_true), outputs.leaves(y_pred)
        entries = []
        taken: dict[str, int] = {}
        for what, given in self._given.items():
            weighted = what == "weighted_metrics"
            for k, listed in enumerate(self._by_output(given, what)):
                for metric in listed:
                    made = resolve_metric(metric, targets[k], predictions[k])
                    prefix = f"{outputs.names[k]}_" if outputs.names and len(outputs) > 1 else ""
                    entries.append(_Metric(k, _unique(prefix, made.name, weighted, taken), made, weighted))
        self._entries = tuple(entries)
        self.built = True

    def _by_output(self, given: Any, what: str) -> list[list[Any]]:
        outputs = self._outputs
        if not given:
            return [[]] * len(outputs)
        if len(outputs) == 1:
            return [tf.nest.flatten(given)]
        if outputs.flat and _is_dict(given) and outputs.names and set(given) <= set(outputs.names):
            listed = outputs.keyed(given, what)
        elif outputs.flat and isinstance(given, (list, tuple)) and len(given) == len(outputs):
            listed = list(given)
        else:
            try:
                listed = outputs.walked(given, what, lambda part: not isinstance(part, (list, tuple, Mapping)))
            except KeyError as error:
                raise ValueError(
                    f"{error.args[0]}\nInvalid `{what}`. `{what}` should contain metrics objects and either be a "
                    f"dict or a "
                    f"list matching the output names of the functional model {self.output_names} or match the output "
                    f"structure of the model: {outputs.shape}.\nReceived: {what}={given}"
                ) from None
        return [[] if m is None else list(m) if isinstance(m, (list, tuple)) else [m] for m in listed]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not self.built:
            self.build(y_true, y_pred)
        predictions, targets = self._outputs.leaves(y_pred), self._outputs.split(y_true)
        weights = tf.nest.flatten(sample_weight)
        if len(weights) < len(targets):
            weights = [weights[0]] * len(targets)
        elif _is_dict(sample_weight):
            weights = self._outputs.split(sample_weight, "sample_weight")
        for entry in self._entries:
            k = entry.output
            if entry.weighted:
                entry.metric.update_state(targets[k], predictions[k], sample_weight=weights[k])
            else:
                entry.metric.update_state(targets[k], predictions[k])

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        if not self.built:
            raise ValueError("Cannot get result() since the metric has not yet been built.")
        return {entry.name: entry.metric.result() for entry in self._entries}


def _unique(prefix: str, name: str, weighted: bool, taken: dict[str, int]) -> str:
    """The name in the logs: a second metric of the same name is "weighted_name", or has a number."""
    full = prefix + name
    if weighted and full in taken:
        full = f"{prefix}weighted_{name}"
    count = taken[full] = taken.get(full, -1) + 1
    return f"{full}_{count}" if count else full
