"""Different optimizers for different variables."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from ..serialization import deserialize_keras_object, serialize_keras_object
from .loss_scale import LossScaleOptimizer
from .optimizer import Optimizer


class OptimizerMap(MutableMapping):  # type: ignore[type-arg]
    """Optimizers by the path of a variable: an exact path or a pattern that matches all of it; else the default.

    >>> from gputape import keras
    >>> chosen = OptimizerMap(keras.optimizers.Adam(), {"head/.*": keras.optimizers.SGD()})
    >>> chosen["head/kernel"].__class__.__name__, chosen["body/kernel"].__class__.__name__
    ('SGD', 'Adam')
    """

    def __init__(self, default_optimizer, optimizer_map=None):
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be a Keras Optimizer instance. Received: {default_optimizer}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map must be a dictionary. Received: {optimizer_map}")
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self):
        return self._default_optimizer

    def __getitem__(self, key):
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"Multiple optimizers assigned to variable {key}: {matching}")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key, optimizer):
        if not isinstance(key, str):
            raise ValueError(f"key must be a string. Received: {key}")
        if key in self._optimizer_map:
            raise ValueError(
                f"'{key}' already exists in the OptimizerMap with value {self._optimizer_map[key]}. Please make sure "
                "to not use duplicated keys."
            )
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"optimizer must be a Keras Optimizer instance. Received: {optimizer}")
        for kind in (LossScaleOptimizer, MultiOptimizer):
            if isinstance(optimizer, kind):
                raise ValueError(f"optimizer cannot be {kind.__name__}.")
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key):
        del self._optimizer_map[key]

    def __len__(self):
        return len(self._optimizer_map)

    def __iter__(self):
        return iter(self._optimizer_map)

    def __call__(self, variable):
        return self[variable.path]

    def get_config(self):
        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = (config["default_optimizer"], config["optimizer_map"])
        return cls(*[deserialize_keras_object(part, custom_objects=custom_objects) for part in parts])


class MultiOptimizer(Optimizer):
    """Passes every variable to the optimizer that `optimizer_map(variable)` names: an `OptimizerMap` or a function.

    `loss_scale_factor` holds for all of them. The learning rate is a matter of each: reading it here is an error.
    """

    def __init__(self, optimizer_map, loss_scale_factor=None, name=None):
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Any] = []
        for optimizer in getattr(optimizer_map, "values", tuple)():
            self._add(optimizer)
        if getattr(optimizer_map, "default_optimizer", None) is not None:
            self._add(optimizer_map.default_optimizer)

    def _add(self, optimizer) -> int:
        """The place of `optimizer` among the inner ones."""
        if optimizer not in self._inner_optimizers:
            optimizer.loss_scale_factor = self.loss_scale_factor
            self._inner_optimizers.append(optimizer)
        return self._inner_optimizers.index(optimizer)

    def build(self, var_list):
        if self.built:
            return
        places = {}
        for v in var_list:
            optimizer = self._optimizer_map(v)
            if not isinstance(optimizer, Optimizer):
                raise ValueError(f"Optimizer for variable {v} is not an Optimizer instance.")
            for kind in (LossScaleOptimizer, MultiOptimizer):
                if isinstance(optimizer, kind):
                    raise ValueError(f"{kind.__name__} cannot be used inside an MultiOptimizer.")
            places[self._var_key(v)] = self._add(optimizer)
        self._var_to_optimizer_idx = places
        for k, optimizer in enumerate(self._inner_optimizers):
            own = [v for v in var_list if places[self._var_key(v)] == k]
            if own:
                optimizer.build(own)
        super().build(var_list)

    @property
    def optimizers(self):
        return self._inner_optimizers

    @property
    def variables(self):
        return [*self._variables, *[v for optimizer in self._inner_optimizers for v in optimizer.variables]]

    @property
    def learning_rate(self):
        raise AttributeError(
            "Learning rate cannot be accessed on a MultiOptimizer. Access the learning rate on the individual "
            "sub-optimizers instead."
        )

    @learning_rate.setter
    def learning_rate(self, value):
        raise AttributeError(
            "Learning rate cannot be set on a MultiOptimizer. Set the learning rate on the individual sub-optimizers "
            "instead."
        )

    @property
    def loss_scale_factor(self):
        return self.__dict__.get("_loss_scale_factor")

    @loss_scale_factor.setter
    def loss_scale_factor(self, value):
        self.__dict__["_loss_scale_factor"] = value
        for optimizer in self.__dict__.get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = value

    @property
    def iterations(self):
        return self._iterations

    def apply(self, grads, trainable_variables=None):
        if len(grads) == 0:
            return
        if trainable_variables is None and not self.built:
            raise ValueError(
                "When passing `grads` without `variables`, the optimizer must already be built on a list of variables. "
                "Call `optimizer.build(trainable_variables)` first."
            )
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        self.build(variables)
        if len(grads) != len(self._trainable_variables_indices):
            raise ValueError(
                f"Gradients must match trainable variables one-to-one. Received {len(grads)} gradients and "
                f"{len(self._trainable_variables_indices)} variables."
            )
        self._check_variables_are_known(variables)
        for optimizer, pairs in zip(self._inner_optimizers, self._split(list(zip(grads, variables)))):
            if pairs:
                optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])
        self._iterations.assign_add(1)

    def _split(self, pairs):
        """The pairs (anything, variable) of each inner optimizer."""
        parts: list[list[Any]] = [[] for _ in self._inner_optimizers]
        for pair in pairs:
            parts[self._var_to_optimizer_idx[self._var_key(pair[1])]].append(pair)
        return parts

    def finalize_variable_values(self, var_list):
        for optimizer, pairs in zip(self._inner_optimizers, self._split([(None, v) for v in var_list])):
            if pairs:
                optimizer.finalize_variable_values([v for _, v in pairs])

    def get_config(self):
        optimizer_map = serialize_keras_object(self._optimizer_map)
        return {"optimizer_map": optimizer_map, "loss_scale_factor": self.loss_scale_factor, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        config["optimizer_map"] = deserialize_keras_object(config["optimizer_map"], custom_objects=custom_objects)
        return cls(**config)
