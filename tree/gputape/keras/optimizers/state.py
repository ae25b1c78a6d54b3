"""The state of an optimizer: its variables, and how they and its arguments are saved."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import gputape as tf

from ..scopes import name_scope
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..variable import Variable


class OptimizerState:
    """What an optimizer remembers from step to step."""

    name: str
    built: bool
    _variables: list[Any]
    _trainable_variables: list[Any]
    _learning_rate: Any
    _trainable_variables_indices: dict[int, int]

    def __setattr__(self, name: str, value: Any) -> None:
        """Variables that become attributes, alone or in a list, belong to the optimizer's state."""
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"In optimizer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                "in the `__init__()` method. Go add it!"
            )
        for item in value if type(value) is list else [value]:
            if isinstance(item, tf.Variable):
                self._track_variable(item)
        super().__setattr__(name, value)

    # -- variables
    def _track_variable(self, variable):
        if not any(variable is v for v in self._variables):
            self._variables.append(variable)

    @property
    def variables(self) -> list[Any]:
        """The state: the count of steps, the learning rate, and the slots, in the order in which they were made."""
        return self._variables[:]

    def _var_key(self, variable) -> int:
        return id(variable)

    def _get_variable_index(self, variable) -> int:
        return self._trainable_variables_indices[self._var_key(variable)]

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None):
        """A new variable of the optimizer's state."""
        with name_scope(self.name, caller=self):
            variable = Variable(
                initializer=initializer, shape=shape, dtype=dtype, trainable=False, aggregation=aggregation, name=name
            )
        self._track_variable(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable=None, name=None, initializer="zeros", *, model_variable=None, variable_name=None
    ):
        """A new variable of the shape and dtype of `reference_variable`; the last two arguments are Keras 2's names."""
        reference = model_variable if reference_variable is None else reference_variable
        label = re.sub("[/:]", "_", str(getattr(reference, "path", reference.name)))
        return self.add_variable(
            shape=tuple(reference.shape),
            initializer=initializer,
            dtype=reference.dtype,
            name=f"{label}_{name or variable_name or 'var'}",
        )

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """One variable like each of `trainable_variables`, as a list; for a list of names a tuple of lists."""
        names = [name] if isinstance(name, str) else name
        initializers = [initializer] * len(names) if not isinstance(initializer, (list, tuple)) else initializer
        if len(names) != len(initializers):
            raise ValueError(
                "The number of provided names must match the number of provided initializers. Received "
                f"name='{name}', initializer='{initializer}'"
            )
        made: tuple[list[Any], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for slots, slot, initial in zip(made, names, initializers):
                own = getattr(variable, "overwrite_with_gradient", False)
                slots.append(None if own else self.add_variable_from_reference(variable, slot, initial))
        return made[0] if isinstance(name, str) else made

    def assign(self, variable, value):
        variable.assign(tf.cast(value, variable.dtype))

    def assign_add(self, variable, value):
        variable.assign_add(tf.cast(value, variable.dtype))

    def assign_sub(self, variable, value):
        variable.assign_sub(tf.cast(value, variable.dtype))

    # -- saving
    def get_weights(self):
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights) -> None:
        """Set the state to arrays in the order of `variables`; ValueError if not built or a shape differs."""
        if not self.built:
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Please call "
                "`optimizer.build(trainable_variables)` to create the optimizer weights before calling `set_weights()`."
            )
        for variable, weight in zip(self.variables, weights):
            if tuple(variable.shape) != tuple(weight.shape):
                raise ValueError(
                    f"Optimizer variable {variable.name} has shape {variable.shape} not compatible with provided "
                    f"weight shape {weight.shape}."
                )
            variable.assign(weight)

    def save_own_variables(self, store) -> None:
        for k, variable in enumerate(self.variables):
            store[str(k)] = variable.numpy()

    def load_own_variables(self, store) -> None:
        if len(store.keys()) != len(self.variables):
            advice = " This is likely because the optimizer has not been called/built yet." if not self.built else ""
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(self.variables)} "
                f"variables whereas the saved optimizer has {len(store.keys())} variables.{advice}",
                stacklevel=2,
            )
            return
        for k, variable in enumerate(self.variables):
            variable.assign(store[str(k)])

    def get_config(self) -> dict[str, Any]:
        rate = self._learning_rate
        if isinstance(rate, tf.Variable):
            rate = float(rate.numpy())
        elif callable(rate):
            rate = serialize_keras_object(rate)
        names = ["weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum"]
        names += ["ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"]
        return {"name": self.name, "learning_rate": rate, **self._attributes(*names)}

    def _attributes(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_keras_object(config["learning_rate"], custom_objects=custom_objects)
        return cls(**config)


def only_where(condition: Any, variables: list[Any], update: Callable[[], Any]) -> None:
    """Call `update`; keep what it does to `variables` only if `condition`, a boolean scalar on the device, holds."""
    before = [tf.identity(v) for v in variables]
    update()
    for v, old in zip(variables, before):
        v.assign(tf.where(condition, v, old))


def with_values(variables: list[Any], values: list[Any], call: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """`call()` while `variables` have `values`: its result, and the values afterwards; then they are as before."""
    before = [tf.identity(v) for v in variables]
    try:
        for v, value in zip(variables, values):
            v.assign(value)
        result = call()
        return result, [tf.identity(v) for v in variables]
    finally:
        for v, old in zip(variables, before):
            v.assign(old)
