"""The base of all metrics: state in variables, changed by ops, so nothing waits for the device until it is read."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import dtype_policies
from ..backend import floatx
from ..initializers import get as get_initializer
from ..optimizers.state import with_values
from ..scopes import auto_name, name_scope
from ..tracking import Tracker
from ..variable import Variable


def _is_variable(x: Any) -> bool:
    return isinstance(x, tf.Variable)


def _is_metric(x: Any) -> bool:
    return isinstance(x, Metric)


class Metric:
    """Base of all metrics: subclasses make variables with `add_weight` and define `update_state` and `result`.

    Args:
        dtype: of the state and of what is computed. Default `keras.config.floatx()`.
        name: default the class's name in snake case.

    Calling a metric updates it and returns the result.

    >>> import gputape as tf
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name=name)
    ...         self.value = self.add_weight(name="value", initializer="zeros")
    ...     def update_state(self, values):
    ...         self.value.assign(tf.maximum(self.value, tf.reduce_max(values)))
    ...     def result(self):
    ...         return self.value
    >>> largest = Largest()
    >>> largest.update_state([1.0, 3.0])
    >>> float(largest([2.0]))
    3.0
    """

    _variables: list[Any]
    _metrics: list[Metric]
    _tracker: Tracker

    def __init__(self, dtype=None, name=None):
        variables: list[Any] = []
        metrics: list[Any] = []
        self.__dict__.update(_variables=variables, _metrics=metrics)
        tests: dict[str, Any] = {"variables": (_is_variable, variables), "metrics": (_is_metric, metrics)}
        self.__dict__["_tracker"] = Tracker(tests)
        self.name = name or auto_name(type(self).__name__)
        self._dtype_policy = dtype_policies.get(dtype or floatx())
        self._dtype = self._dtype_policy.compute_dtype

    def __setattr__(self, name: str, value: Any) -> None:
        """Variables and metrics that become attributes, alone or in a list, dict or tuple, belong to the state."""
        tracker = self.__dict__.get("_tracker")
        super().__setattr__(name, value if tracker is None else tracker.track(value))

    @property
    def dtype(self):
        return self._dtype

    @property
    def variables(self) -> list[Any]:
        """The state, that of metrics among the attributes included."""
        return [*self._variables, *[v for metric in self._metrics for v in metric.variables]]

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        """A new variable of the state."""
        self._check_super_called()
        with name_scope(self.name.replace("/", ">"), caller=self):
            variable = Variable(
                initializer=get_initializer(initializer),
                shape=shape,
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._tracker.add_to_store("variables", variable)
        return variable

    def add_weight(self, *args, shape=(), initializer="zeros", dtype=None, name=None, **kwargs):
        """A new variable of the state. Positional: (shape, initializer), or as in Keras 2 (name, shape)."""
        self._check_super_called()
        if args and isinstance(args[0], str):
            name, shape = args[0], args[1] if len(args) > 1 else shape
        elif args:
            shape, initializer = args[0], args[1] if len(args) > 1 else initializer
        return self.add_variable(shape, initializer or "zeros", dtype or self.dtype, name=name)

    def reset_state(self) -> None:
        """Set all variables to zero."""
        for v in self.variables:
            v.assign(tf.zeros_like(v))

    def reset_states(self) -> None:
        """Keras 2's name of `reset_state`."""
        self.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define `update_state`")

    def result(self):
        raise NotImplementedError(f"{type(self).__name__} must define `result`")

    def __call__(self, *args, **kwargs):
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        """What `update_state` would make of these values of the variables, which stay as they are."""
        self._check_values(metric_variables)
        return with_values(self.variables, metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables):
        """The result for these values of the variables."""
        self._check_values(metric_variables)
        return with_values(self.variables, metric_variables, lambda: tf.nest.map_structure(tf.identity, self.result()))[
            0
        ]

    def stateless_reset_state(self):
        """The values that `reset_state` gives the variables."""
        variables = self.variables
        return with_values(variables, [tf.identity(v) for v in variables], self.reset_state)[1]

    def _check_values(self, values):
        if len(values) != len(self.variables):
            raise ValueError(
                "Argument `metric_variables` must be a list of tensors corresponding 1:1 to "
                f"{type(self).__name__}().variables. Received list with length {len(values)}, but expected "
                f"{len(self.variables)} variables."
            )

    def _check_super_called(self):
        if "_variables" not in self.__dict__:
            raise RuntimeError("You forgot to call `super().__init__()` in the `__init__()` method. Go add it!")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__
