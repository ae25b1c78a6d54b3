"""CompileLoss and CompileMetrics: what `compile(loss=..., metrics=...)` means for a structure of outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gputape as tf

from .. import losses as losses_module
from .. import metrics as metrics_module


def _outputs(y_pred: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The outputs of a model as pairs (path in the structure, tensor)."""
    return tf.nest.flatten_with_paths(y_pred)


def _at(structure: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        structure = structure[key]
    return structure


def _count(structure: Any) -> int:
    return len(tf.nest.flatten(structure))


def _matched(given: Any, y_pred: Any, names: list[str] | None, what: str) -> list[Any]:
    """`given` (one thing, or a list or dict of things) as one entry per output of the model."""
    paths = _outputs(y_pred)
    if isinstance(given, Mapping):
        if isinstance(y_pred, Mapping):
            keys = [path[0] for path, _ in paths]
        else:
            keys = list(names or [])
        unknown = [k for k in given if k not in keys]
        if unknown:
            raise ValueError(
                f"In the dict argument `{what}`, key '{unknown[0]}' does not correspond to any model output. "
                f"Known outputs: {keys}"
            )
        return [given.get(k) for k in keys]
    if isinstance(given, (list, tuple)):
        if len(given) != len(paths):
            raise ValueError(
                f"For a model with multiple outputs, when providing the `{what}` argument as a list, it should have as many "
                f"entries as the model has outputs. Received:\n{what}={given}\nof length {len(given)} whereas the model "
                f"has {len(paths)} outputs."
            )
        return list(given)
    return [given] * len(paths)


def _parts(structure: Any, y_pred: Any, names: list[str] | None) -> list[Any]:
    """Targets or weights, one per output: by the same structure, by output names, or in order."""
    paths = _outputs(y_pred)
    if structure is None:
        return [None] * len(paths)
    if len(paths) == 1:
        flat = tf.nest.flatten(structure)
        return flat if len(flat) == 1 else [structure]
    if isinstance(structure, Mapping) and not isinstance(y_pred, Mapping):
        return [structure.get(n) for n in names or []]
    if isinstance(structure, Mapping) and isinstance(y_pred, Mapping):
        return [_at(structure, path) if path[0] in structure else None for path, _ in paths]
    flat = tf.nest.flatten(structure)
    return flat * len(paths) if len(flat) == 1 and len(paths) > 1 else flat


def _is_binary_or_sparse(y_true: Any, y_pred: Any) -> tuple[bool, bool]:
    binary = len(y_pred.shape) > 0 and y_pred.shape[-1] == 1
    t, p = tuple(y_true.shape), tuple(y_pred.shape)
    sparse = len(t) < len(p) or (t[-1:] == (1,) and p[-1:] != (1,))
    return binary, sparse


def resolve_metric(metric: Any, y_true: Any, y_pred: Any) -> Any:
    """A metric object for what users write: an object, a string, or a function. "accuracy" depends on the shapes."""
    if metric is None or isinstance(metric, metrics_module.Metric):
        return metric
    name = metric if isinstance(metric, str) else None
    if name in ("accuracy", "acc", "crossentropy", "ce"):
        binary, sparse = _is_binary_or_sparse(y_true, y_pred)
        kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
        suffix = "Accuracy" if name in ("accuracy", "acc") else "Crossentropy"
        return getattr(metrics_module, kind + suffix)(name=name)
    made = metrics_module.get(metric)
    if isinstance(made, metrics_module.Metric):
        return made
    return metrics_module.MeanMetricWrapper(made, name=name or _function_name(metric))


def _function_name(function: Any) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


class CompileMetrics(metrics_module.Metric):
    """All metrics given to compile as one metric; its result is a dict of their results by name."""

    def __init__(
        self, metrics: Any, weighted_metrics: Any, name: str = "compile_metrics", output_names: list[str] | None = None
    ) -> None:
        super().__init__(name=name)
        for given, what in ((metrics, "metrics"), (weighted_metrics, "weighted_metrics")):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(f"Expected `{what}` argument to be a list, tuple, or dict. Received instead: {what}={given}")
        self._given, self._given_weighted = metrics, weighted_metrics
        self.output_names = output_names
        self.built = False
        self._entries: list[tuple[int, str, Any, bool]] = []  # output number, log name, metric, weighted

    @property
    def metrics(self) -> list[Any]:
        return [m for _, _, m, _ in self._entries]

    @property
    def variables(self) -> list[Any]:
        return [v for m in self.metrics for v in m.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metric objects, once the shapes of targets and outputs are known."""
        count = _count(y_pred)
        names = self.output_names
        if names is None or len(names) != count:
            paths = _outputs(y_pred)
            names = [str(p[-1]) if p and isinstance(p[-1], str) else f"output_{k}" for k, (p, _) in enumerate(paths)]
        targets, outputs = _parts(y_true, y_pred, self.output_names), [t for _, t in _outputs(y_pred)]
        for given, weighted in ((self._given, False), (self._given_weighted, True)):
            for k, metrics in enumerate(self._by_output(given, y_pred, count)):
                for metric in metrics:
                    made = resolve_metric(metric, targets[k], outputs[k])
                    if made is not None:
                        self._entries.append((k, names[k] + "_" + made.name if count > 1 else made.name, made, weighted))
        self._unique_names()
        self.built = True

    def _by_output(self, given: Any, y_pred: Any, count: int) -> list[list[Any]]:
        if not given:
            return [[] for _ in range(count)]
        if isinstance(given, Mapping):
            listed = _matched(given, y_pred, self.output_names, "metrics")
        elif count == 1:
            listed = [tf.nest.flatten(list(given))]
        elif any(isinstance(m, (list, tuple)) for m in given) or len(given) == count:
            listed = _matched(list(given), y_pred, self.output_names, "metrics")
        else:
            listed = [list(given) for _ in range(count)]
        return [[] if m is None else tf.nest.flatten(m) if isinstance(m, (list, tuple)) else [m] for m in listed]

    def _unique_names(self) -> None:
        taken: dict[str, int] = {}
        entries = []
        for k, name, metric, weighted in self._entries:
            count = taken.get(name, 0)
            taken[name] = count + 1
            entries.append((k, name if count == 0 else f"{name}_{count}", metric, weighted))
        self._entries = entries

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not self.built:
            self.build(y_true, y_pred)
        outputs = [t for _, t in _outputs(y_pred)]
        targets = _parts(y_true, y_pred, self.output_names)
        weights = _parts(sample_weight, y_pred, self.output_names)
        for k, _, metric, weighted in self._entries:
            if weighted:
                metric.update_state(targets[k], outputs[k], sample_weight=weights[k])
            else:
                metric.update_state(targets[k], outputs[k])

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        if not self.built:
            raise ValueError("Cannot get result() since the metric has not yet been built.")
        return {name: metric.result() for _, name, metric, _ in self._entries}


class CompileLoss(losses_module.Loss):
    """The losses given to compile as one loss: per output, weighted, summed up."""

    def __init__(self, loss: Any, loss_weights: Any = None, reduction: Any = None, output_names: Any = None) -> None:
        super().__init__(name="compile_loss", reduction=reduction)
        self._given, self._weights, self.output_names = loss, loss_weights, output_names
        self._losses: list[Callable[..., Any] | None] = []
        self._factors: list[Any] = []
        self.built = False

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the loss objects, once the structure of the outputs is known."""
        if isinstance(self._given, (list, tuple)) and len(self._given) == 1 and _count(y_pred) == 1:
            given: Any = self._given[0]
        else:
            given = self._given
        listed = _matched(given, y_pred, self.output_names, "loss")
        targets, outputs = _parts(y_true, y_pred, self.output_names), [t for _, t in _outputs(y_pred)]
        self._losses = [self._resolved(loss, t, p) for loss, t, p in zip(listed, targets, outputs, strict=True)]
        factors = _matched(self._weights, y_pred, self.output_names, "loss_weights") if self._weights is not None else None
        self._factors = factors or [None] * len(self._losses)
        self.built = True

    @staticmethod
    def _resolved(loss: Any, y_true: Any, y_pred: Any) -> Any:
        if loss is None or isinstance(loss, losses_module.Loss):
            return loss
        if loss in ("crossentropy", "ce"):
            binary, sparse = _is_binary_or_sparse(y_true, y_pred)
            kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
            return getattr(losses_module, kind + "Crossentropy")()
        made = losses_module.get(loss)
        if isinstance(made, losses_module.Loss):
            return made
        return losses_module.LossFunctionWrapper(made, name=_function_name(made))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.call(y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if not self.built:
            self.build(y_true, y_pred)
        outputs = [t for _, t in _outputs(y_pred)]
        targets = _parts(y_true, y_pred, self.output_names)
        weights = _parts(sample_weight, y_pred, self.output_names)
        if len(targets) != len(outputs):
            raise ValueError(f"{len(targets)} targets given for a model with {len(outputs)} outputs")
        total = None
        for k, (loss, factor) in enumerate(zip(self._losses, self._factors, strict=True)):
            if loss is None:
                continue
            value = loss(targets[k], outputs[k], weights[k])
            value = value if factor is None else value * factor
            total = value if total is None else total + value
        return total
