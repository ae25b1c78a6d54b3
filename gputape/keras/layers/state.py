"""What a layer holds: variables, sublayers, metrics and losses, found in its attributes and counted once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

import gputape as tf

from .. import tree
from ..scopes import state
from ..tracking import Tracker

_LOCKED = (
    "You cannot add new elements of state (variables or sub-layers) to a layer that is already built. All state must "
    "be "
    "created in the `__init__()` method or in the `build()` method."
)
_KERAS_2_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_KERAS_3_ORDER = ("shape", "initializer", "dtype")


def weight_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `add_weight` by name: in Keras 2's order if the first is a name, else in Keras 3's."""
    order = _KERAS_2_ORDER if args and (args[0] is None or isinstance(args[0], str)) else _KERAS_3_ORDER
    if len(args) > len(order):
        raise TypeError(f"add_weight() takes at most {len(order)} positional arguments but {len(args)} were given.")
    named = dict(zip(order, args))
    for name in named:
        if kwargs.get(name) is not None:
            raise ValueError(f"`{name}` was passed both positionally and as a keyword argument.")
    return {**kwargs, **named}


def is_metric(x: Any) -> bool:
    return all(callable(getattr(type(x), m, None)) for m in ("update_state", "result", "reset_state"))


def is_seed_generator(x: Any) -> bool:
    return callable(getattr(type(x), "next", None)) and isinstance(getattr(x, "state", None), tf.Variable)


def unique(items: Iterable[Any]) -> list[Any]:
    """The items in order, each object once."""
    return list({id(x): x for x in items}.values())


class LayerState:
    """The state part of a Layer."""

    name: str
    built: bool
    _trainable: bool
    _losses: list[Any]

    def _initialize_tracker(self) -> None:
        if "_tracker" in self.__dict__:
            return
        stores: dict[str, list[Any]] = {
            name: []
            for name in ("trainable_variables", "non_trainable_variables", "layers", "metrics", "seed_generators")
        }
        tests: dict[str, Any] = {
            "trainable_variables": lambda x: isinstance(x, tf.Variable) and x.trainable,
            "non_trainable_variables": lambda x: isinstance(x, tf.Variable) and not x.trainable,
            "metrics": is_metric,
            "layers": lambda x: isinstance(x, LayerState),
            "seed_generators": is_seed_generator,
        }
        config = {name: (test, stores[name]) for name, test in tests.items()}
        exclusions = {"non_trainable_variables": ["trainable_variables"]}
        self.__dict__["_tracker"] = Tracker(config, exclusions)
        for name, store in stores.items():
            self.__dict__[f"_{name}"] = store

    _tracker: Tracker
    _trainable_variables: list[Any]
    _non_trainable_variables: list[Any]
    _layers: list[Any]
    _metrics: list[Any]
    _seed_generators: list[Any]

    def __setattr__(self, name: str, value: Any) -> None:
        if "_tracker" not in self.__dict__:
            self._initialize_tracker()
        super().__setattr__(name, self._tracker.track(value))

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        if isinstance(value, tf.Variable):
            self._untrack_variable(value)
        super().__delattr__(name)

    def _track_variable(self, variable: Any) -> None:
        store = "trainable_variables" if variable.trainable else "non_trainable_variables"
        if not self._tracker.is_in_store(store, variable):
            self._tracker.add_to_store(store, variable)
        if not self.trainable:
            variable._trainable = False

    def _untrack_variable(self, variable: Any) -> None:
        locked = self._tracker.locked
        self._tracker.unlock()
        self._tracker.untrack(variable)
        if locked:
            self._tracker.lock()

    def _lock_state(self) -> None:
        if not self._tracker.locked:
            self._tracker.lock(_LOCKED)

    # -- variables
    @property
    def trainable(self) -> bool:
        """Whether its variables train; setting it sets all variables and layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        self._trainable = bool(value)
        for v in self._trainable_variables:
            v._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = value

    def _own(self) -> list[Any]:
        return [*self._trainable_variables, *self._non_trainable_variables]

    @property
    def variables(self) -> list[Any]:
        """All its state: weights and the states of random generators; metrics apart."""
        inner = (v for layer in self._layers for v in layer.variables)
        return unique([*self._own(), *[g.state for g in self._seed_generators], *inner])

    @property
    def weights(self) -> list[Any]:
        """Its own variables, trainable ones first, then those of the layers inside."""
        return unique([*self._own(), *(w for layer in self._layers for w in layer.weights)])

    @property
    def trainable_variables(self) -> list[Any]:
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Any]:
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Any]:
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list[Any]:
        """Its metrics and those of the layers inside."""
        return [*self._metrics, *(m for layer in self._layers for m in layer.metrics)]

    @property
    def metrics_variables(self) -> list[Any]:
        return [v for metric in self.metrics for v in metric.variables]

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "Layer `add_metric()` method is deprecated. Add your metric in `Model.compile(metrics=[...])`, or create "
            "metric trackers in init() or build() when subclassing the layer or model, then call "
            "`metric.update_state()` whenever necessary."
        )

    def count_params(self) -> int:
        """The number of elements of its weights; ValueError unless built."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. You can build it "
                "manually via: `layer.build(input_shape)`."
            )
        return sum(math.prod(tuple(w.shape)) for w in self.weights)

    def get_weights(self) -> list[Any]:
        """The values of `weights` as NumPy arrays."""
        return [np.array(v) for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set `weights` to these arrays; ValueError if their number or a shape differs."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length "
                f"{len(weights)}, "
                f"but the layer was expecting {len(own)} weights."
            )
        for variable, value in zip(own, weights):
            if tuple(variable.shape) != tuple(np.shape(value)):
                raise ValueError(
                    f"Layer {self.name} weight shape {tuple(variable.shape)} is not compatible with provided weight "
                    "shape "
                    f"{tuple(np.shape(value))}."
                )
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Write its own variables (not those of layers inside) into `store`, under "0", "1", ..."""
        for k, v in enumerate(self._own()):
            store[f"{k}"] = v

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote; ValueError if the number of variables differs."""
        own = self._own()
        if len(store.keys()) != len(own):
            if not own and not self.built:
                raise ValueError(
                    f"Layer '{self.name}' was never built and thus it doesn't have any variables. However the "
                    "weights file "
                    f"lists {len(store.keys())} variables for this layer.\nIn most cases, this error indicates that "
                    "either:\n\n1. The layer is owned by a parent layer that implements a `build()` method, but "
                    "calling "
                    "the parent's `build()` method did NOT create the state of the child layer "
                    f"'{self.name}'. A `build()` method must create ALL state for the layer, including the state of "
                    "any "
                    "children layers.\n\n2. You need to implement the `def build_from_config(self, config)` method on "
                    f"layer '{self.name}', to specify how to rebuild it during loading."
                )
            raise ValueError(
                f"Layer '{self.name}' expected {len(own)} variables, but received {len(store.keys())} variables during "
                f"loading. Expected: {[v.name for v in own]}"
            )
        for k, v in enumerate(own):
            v.assign(store[f"{k}"])

    # -- losses
    def add_loss(self, loss: Any) -> None:
        """Add a scalar tensor to the losses of this call; for use within `call`."""
        losses = tree.flatten(loss)
        for x in losses:
            if not isinstance(x, (tf.Tensor, tf.Variable)):
                raise ValueError(
                    "`add_loss()` can only be called from inside `build()` or `call()`, on a tensor input. "
                    f"Received invalid value: {x}"
                )
        if state.stateless is None:
            self._losses.extend(losses)
        elif state.stateless.collect_losses:
            state.stateless.losses.extend(losses)

    @property
    def losses(self) -> list[Any]:
        """Losses of the last call: `add_loss` and activity here and inside, then the regularizers of weights."""
        found = list(self._losses)
        for layer in self._flatten_layers(include_self=False):
            found.extend(layer._losses)
        return found + self._regularization_losses()

    def _regularization_losses(self) -> list[Any]:
        return [v.regularizer(v) for v in self.trainable_weights if getattr(v, "regularizer", None) is not None]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()

    # -- layers inside
    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        """The layers inside, each before those inside it."""
        found: list[Any] = [self] if include_self else []
        seen = {id(self)}
        stack = list(reversed(self._layers))
        while stack:
            layer = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            found.append(layer)
            if recursive:
                stack.extend(reversed(layer._layers))
        return found
