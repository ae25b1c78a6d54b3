"""How a layer notices the variables, layers and metrics that are put into its attributes, lists, dicts and sets."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .scopes import state


class DotNotTrackScope:
    """In the body, nothing that is put into attributes is tracked."""

    def __enter__(self) -> None:
        self._outer, state.tracking = state.tracking, False

    def __exit__(self, *exc: Any) -> None:
        state.tracking = self._outer


def no_automatic_dependency_tracking(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function that runs in a DotNotTrackScope."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        with DotNotTrackScope():
            return fn(*args, **kwargs)

    return call


class Tracker:
    """Sorts values into stores, and wraps lists, dicts and sets so that what is added to them later is sorted too.

    Args:
        config: {store name: (test of a value, the list to put it into)}.
        exclusions: {store name: names of stores whose members it does not take}.
    """

    def __init__(self, config: dict[str, tuple[Callable[[Any], Any], list[Any]]], exclusions: Any = None) -> None:
        self.config = config
        self.exclusions = exclusions or {}
        self.stored_ids: dict[str, set[int]] = {name: set() for name in config}
        self.locked = False
        self._lock_violation_msg: str | None = None

    def track(self, attr: Any) -> Any:
        """`attr`, stored where it belongs; containers come back as tracking ones."""
        if attr is None or not state.tracking or isinstance(attr, (str, int, float)):
            return attr
        for name, (belongs, _) in self.config.items():
            if belongs(attr):
                excluded = any(self.is_in_store(other, attr) for other in self.exclusions.get(name, ()))
                if not excluded and not self.is_in_store(name, attr):
                    self.add_to_store(name, attr)
                return attr
        if isinstance(attr, tuple):
            items = [self.track(item) for item in attr]
            return type(attr)(*items) if hasattr(attr, "_fields") else type(attr)(items)
        for kind, wrapper in _WRAPPERS.items():
            if isinstance(attr, kind):
                return wrapper(attr, self)
        return attr

    def untrack(self, value: Any) -> None:
        for name, ids in self.stored_ids.items():
            if id(value) in ids:
                ids.remove(id(value))
                remove_by_id(self.config[name][1], value)

    def lock(self, msg: str | None = None) -> None:
        """From now on `add_to_store` raises ValueError(msg)."""
        self.locked = True
        self._lock_violation_msg = msg or self._lock_violation_msg

    def unlock(self) -> None:
        self.locked = False

    def add_to_store(self, name: str, value: Any) -> None:
        if self.locked:
            raise ValueError(self._lock_violation_msg)
        self.config[name][1].append(value)
        self.stored_ids[name].add(id(value))

    def is_in_store(self, name: str, value: Any) -> bool:
        return id(value) in self.stored_ids[name]

    def replace_tracked_value(self, name: str, old_value: Any, new_value: Any) -> None:
        if not self.is_in_store(name, old_value):
            raise ValueError(f"Unknown value: {old_value}")
        store = self.config[name][1]
        store[[id(v) for v in store].index(id(old_value))] = new_value
        self.stored_ids[name].remove(id(old_value))
        self.stored_ids[name].add(id(new_value))


def remove_by_id(items: list[Any], value: Any) -> None:
    """Take `value` itself out of the list; comparing tensors with == would compare their elements."""
    for k, item in enumerate(items):
        if item is value:
            del items[k]
            return


class _Tracked:
    """What the tracking containers share: `tracker` is None in copies that belong to no layer."""

    tracker: Tracker | None = None

    def _in(self, value: Any) -> Any:
        return self.tracker.track(value) if self.tracker else value

    def _out(self, *values: Any) -> None:
        if self.tracker:
            for value in values:
                self.tracker.untrack(value)

    def __reduce__(self) -> tuple[Any, ...]:
        plain = next(k for k in (list, OrderedDict, dict, set) if isinstance(self, k))
        return type(self), (plain(self),)  # type: ignore[call-overload]


class TrackedList(_Tracked, list):  # type: ignore[type-arg]
    def __init__(self, values: Any = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__([self._in(v) for v in values or []])

    def append(self, value: Any) -> None:
        super().append(self._in(value))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._in(value))

    def extend(self, values: Any) -> None:
        super().extend([self._in(v) for v in values])

    def __iadd__(self, values: Any) -> Any:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._out(*self[index])
            super().__setitem__(index, [self._in(v) for v in value])
        else:
            self._out(self[index])
            super().__setitem__(index, self._in(value))

    def __delitem__(self, index: Any) -> None:
        gone = self[index]
        super().__delitem__(index)
        self._out(*(gone if isinstance(index, slice) else [gone]))

    def remove(self, value: Any) -> None:
        self._out(value)
        remove_by_id(self, value) if any(item is value for item in self) else super().remove(value)

    def pop(self, index: Any = -1) -> Any:
        value = super().pop(index)
        self._out(value)
        return value

    def clear(self) -> None:
        self._out(*self)
        super().clear()


class TrackedDict(_Tracked, dict):  # type: ignore[type-arg]
    def __init__(self, values: Any = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__({k: self._in(v) for k, v in dict(values or {}).items()})

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._in(value))

    def update(self, mapping: Any = (), **more: Any) -> None:  # type: ignore[override]
        super().update({k: self._in(v) for k, v in {**dict(mapping), **more}.items()})

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def pop(self, key: Any, *default: Any) -> Any:
        if len(default) > 1:
            raise TypeError(f"pop expected at most 2 arguments, got {1 + len(default)}")
        if key not in self and default:
            return default[0]
        value = super().pop(key)
        self._out(value)
        return value

    def popitem(self) -> Any:
        key, value = super().popitem()
        self._out(value)
        return key, value

    def clear(self) -> None:
        self._out(*self.values())
        super().clear()


class TrackedOrderedDict(TrackedDict, OrderedDict):  # type: ignore[type-arg, misc]
    """A TrackedDict whose order of insertion counts when it is flattened."""


class TrackedSet(_Tracked, set):  # type: ignore[type-arg]
    def __init__(self, values: Any = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__({self._in(v) for v in values or ()})

    def add(self, value: Any) -> None:
        super().add(self._in(value))

    def update(self, values: Any) -> None:  # type: ignore[override]
        super().update([self._in(v) for v in values])

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._out(value)

    def discard(self, value: Any) -> None:
        super().discard(value)
        self._out(value)

    def pop(self) -> Any:
        value = super().pop()
        self._out(value)
        return value

    def clear(self) -> None:
        self._out(*self)
        super().clear()


# In the order of the tests: an OrderedDict is a dict too.
_WRAPPERS: dict[type, Callable[[Any, Tracker], Any]] = {
    list: TrackedList,
    OrderedDict: TrackedOrderedDict,
    dict: TrackedDict,
    set: TrackedSet,
}
