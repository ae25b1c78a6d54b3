"""tf.Module: an object that finds the variables and submodules in its attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .record import pause, variable_reader_scope
from .tensor import Variable


class Module:
    """Base of classes that own variables. Reference: tf.Module.

    >>> import gputape as tf
    >>> class Scale(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = tf.Variable(2.0)
    >>> len(Scale().trainable_variables)
    1
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__).lower()
        elif not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers "
                "(e.g. a valid class name)."
            )
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def name_scope(self) -> Any:
        return NameScope(self._name)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables of this module and its submodules, attributes in alphabetical order."""
        return tuple(self._flatten(lambda x: isinstance(x, Variable)))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules inside this one, at any depth."""
        return tuple(self._flatten(lambda x: isinstance(x, Module)))

    def _flatten(self, predicate: Callable[[Any], bool]) -> Iterator[Any]:
        seen: set[int] = {id(self)}
        queue: list[Any] = [self]
        while queue:
            module = queue.pop(0)
            for _, value in sorted(vars(module).items()):
                for leaf in _leaves(value):
                    if id(leaf) in seen:
                        continue
                    seen.add(id(leaf))
                    if predicate(leaf):
                        yield leaf
                    if isinstance(leaf, Module):
                        queue.append(leaf)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Accepted: names of variables carry no scope in eager mode here."""
        return method


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _leaves(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


class NameScope:
    """`tf.name_scope`: accepted, names are not scoped."""

    def __init__(self, name: str) -> None:
        self.name = name + "/"

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *exc: Any) -> None:
        pass


NAMES = {"tf.Module": Module, "tf.name_scope": NameScope, "tf.init_scope": pause}
NAMES["tf.variable_reader_scope"] = variable_reader_scope
