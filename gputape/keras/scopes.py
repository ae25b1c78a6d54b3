"""What Keras knows of the moment, per thread: names in use, name scopes, the running call, casts, masks.

A leaf module: everything else in gputape.keras may import it.
"""

from __future__ import annotations

import collections
import contextlib
import re
import threading
import weakref
from typing import Any

import gputape as tf


class State(threading.local):
    """The current values; `clear_session` starts the names afresh."""

    def __init__(self) -> None:
        self.uids: dict[str, int] = collections.defaultdict(int)
        self.names: list[name_scope] = []
        self.call: Any = None  # the CallContext of the outermost running layer
        self.autocast: AutocastScope | None = None
        self.stateless: StatelessScope | None = None
        self.tracking = True
        self.custom_objects: dict[str, Any] = {}
        self.safe_mode: bool | None = None
        self.shared_objects: tuple[dict[Any, Any], dict[Any, Any]] | None = None


state = State()


# -- names


def to_snake_case(name: str) -> str:
    """ "LayerNormalization" as "layer_normalization"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def uniquify(name: str) -> str:
    """`name`, or `name_1`, `name_2` ... if it was asked for before in this session."""
    count = state.uids[name]
    state.uids[name] += 1
    return f"{name}_{count}" if count else name


def auto_name(prefix: str) -> str:
    return uniquify(to_snake_case(prefix))


def checked_name(name: Any) -> str:
    """`name` if it may name a layer or variable; ValueError otherwise."""
    if not isinstance(name, str) or "/" in name:
        raise ValueError(
            f"Argument `name` must be a string and cannot contain character `/`. Received: name={name} (of type "
            f"{type(name)})"
        )
    return name


class name_scope:
    """`with name_scope("block"):` puts "block/" before the paths of variables and layers made in the body.

    `caller` is the layer whose scope it is; entering the scope of the same layer twice opens it once.
    """

    def __init__(
        self, name: str, caller: Any = None, deduplicate: bool = True, override_parent: str | None = None
    ) -> None:
        self.name = checked_name(name)
        self.caller = caller
        self.deduplicate = deduplicate
        self.override_parent = override_parent
        if override_parent is None and deduplicate:
            self.override_parent = getattr(caller, "_parent_path", None)
        self._pop_on_exit = False

    def __enter__(self) -> name_scope:
        last = state.names[-1] if state.names else None
        same = last is not None and self.caller is not None and last.caller is self.caller and last.name == self.name
        self._pop_on_exit = not (self.deduplicate and same)
        if self._pop_on_exit:
            state.names.append(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._pop_on_exit and state.names:
            state.names.pop()


def current_path() -> str:
    """The names of the open scopes, joined by "/"."""
    parts: list[str] = []
    for scope in state.names:
        if scope.override_parent is not None:
            parts = [p for p in scope.override_parent.split("/") if p]
        parts.append(scope.name)
    return "/".join(parts)


# -- masks: which elements of a tensor count. Eager tensors have no attributes: theirs stand in a weak table.

_masks: dict[int, tuple[Any, Any]] = {}


def get_keras_mask(x: Any) -> Any:
    """The mask that travels with the tensor `x`, or None."""
    if _masks and isinstance(x, tf.Tensor):
        found = _masks.get(id(x))
        return found[1] if found is not None else None
    return None if isinstance(x, tf.Tensor) else getattr(x, "_keras_mask", None)


def set_keras_mask(x: Any, mask: Any) -> None:
    """Let `mask` travel with the tensor `x`; None takes it away."""
    if not isinstance(x, tf.Tensor):
        x._keras_mask = mask
    elif mask is None:
        _masks.pop(id(x), None)
    else:
        key = id(x)
        _masks[key] = (weakref.ref(x, lambda _: _masks.pop(key, None)), mask)


def _mask_of(x: Any) -> Any:
    """`tensor._keras_mask`, where Keras programs look for the mask; AttributeError without one."""
    mask = get_keras_mask(x)
    if mask is None:
        raise AttributeError("'Tensor' object has no attribute '_keras_mask'")
    return mask


tf.Tensor._keras_mask = property(_mask_of, set_keras_mask, lambda x: set_keras_mask(x, None))


# -- scopes that change what variables do


def _read(variable: Any) -> Any:
    """What ops read of a variable while one of the scopes below is open."""
    value = variable
    if state.stateless is not None:
        value = state.stateless.state_mapping.get(id(variable), variable)
    if state.autocast is not None and getattr(variable, "_autocast", False):
        value = state.autocast.maybe_cast(value)
    return value


class _ReadingScope:
    """A scope that changes what ops read of variables."""

    _reads = True

    def __enter__(self) -> Any:
        self._reading = tf.variable_reader_scope(_read) if self._reads else contextlib.nullcontext()
        self._reading.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._reading.__exit__(*exc)


class AutocastScope(_ReadingScope):
    """In the body, floating-point Keras variables are read as `dtype`; None: as they are."""

    def __init__(self, dtype: Any) -> None:
        if dtype is not None:
            dtype = tf.as_dtype(dtype).name
            if not tf.as_dtype(dtype).is_floating:
                raise ValueError(
                    "`AutocastScope` can only be used with a floating-point target dtype, such as 'float16'. "
                    f"Received: dtype={dtype}"
                )
        self.dtype = dtype

    def maybe_cast(self, value: Any) -> Any:
        """`value` in the scope's dtype if it holds floats."""
        dtype = tf.as_dtype(value._array.dtype) if isinstance(value, tf.Variable) else value.dtype
        if self.dtype is None or not dtype.is_floating or dtype == self.dtype:
            return value
        return tf.cast(value, self.dtype)

    def __enter__(self) -> AutocastScope:
        self._outer, state.autocast = state.autocast, self
        return super().__enter__()

    def __exit__(self, *exc: Any) -> None:
        super().__exit__(*exc)
        state.autocast = self._outer


class StatelessScope(_ReadingScope):
    """In the body, variables keep their values: what is assigned to them is kept in the scope instead.

    Args:
        state_mapping: pairs (variable, value): the values that variables have in the body.
        collect_losses: whether `Layer.add_loss` collects in the scope.
    """

    def __init__(
        self, state_mapping: Any = None, collect_losses: bool = False, initialize_variables: bool = True
    ) -> None:
        self.collect_losses = collect_losses
        self.losses: list[Any] = []
        self.state_mapping: dict[int, Any] = {}
        for variable, value in state_mapping or {}:
            if not isinstance(variable, tf.Variable):
                raise ValueError(
                    "Invalid reference variable in StatelessScope: all keys in argument `mapping` must be Variable "
                    f"instances. Received instead: {variable}"
                )
            value = tf.cast(tf.convert_to_tensor(value), variable._array.dtype)
            if tuple(variable.shape) != tuple(value.shape):
                raise ValueError(
                    "Invalid variable value in StatelessScope: all values in argument `mapping` must be tensors with a "
                    f"shape that matches the corresponding variable shape. For variable: {variable}, received invalid "
                    f"value {value} with shape {value.shape}."
                )
            self.state_mapping[id(variable)] = value

    def add_loss(self, loss: Any) -> None:
        self.losses.append(loss)

    def add_update(self, update: tuple[Any, Any]) -> None:
        variable, value = update
        self.state_mapping[id(variable)] = value

    def get_current_value(self, variable: Any) -> Any:
        return self.state_mapping.get(id(variable))

    def __enter__(self) -> StatelessScope:
        self._outer, state.stateless = state.stateless, self
        return super().__enter__()

    def __exit__(self, *exc: Any) -> None:
        super().__exit__(*exc)
        state.stateless = self._outer


def in_stateless_scope() -> bool:
    return state.stateless is not None
