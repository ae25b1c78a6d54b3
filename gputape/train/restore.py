"""Putting a checkpoint's values into a program, into variables that are there and into those that come later.

Objects are matched by the names under which they hold each other, from the root on, as TensorFlow does. A Variable that
is made after `restore` looks for its value when it is first read: by then its owner holds it.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

from .. import tensor
from ..record import pause
from ..tensor import Array, Tensor, Variable, placed
from .files import CheckpointReader
from .trackable import Graph, children, is_trackable

log = logging.getLogger("gputape")
LOOKS = 8  # how often a new variable is read before it counts as one that no checkpoint knows
_waiting: list[Restoration] = []
_array = Array.__dict__["_array"]  # the slot itself


class Restoration:
    """One call of `restore`: a checkpoint, the root it goes into, and which of its values have found a variable."""

    def __init__(self, prefix: str, root: Any) -> None:
        self.reader, self.root = CheckpointReader(prefix), root
        self.matched: dict[int, Any] = {0: root}
        self.settled: dict[int, int] = {}  # node -> identity of the variable that has its value
        self.settle()
        _waiting[:] = [r for r in _waiting if r.root is not root]
        if self.missing():
            _waiting.append(self)
            if _made not in tensor.on_created:
                tensor.on_created.append(_made)

    def settle(self) -> None:
        """Walk objects and checkpoint side by side, and assign to variables that have not got their values yet."""
        seen, queue = {(id(self.root), 0)}, [(self.root, 0)]
        while queue:
            x, node = queue.pop()
            self.matched[node] = x
            if isinstance(x, Variable):
                if node in self.reader.variables and self.settled.get(node) != x._id:
                    self.settled[node] = x._id
                    self.assign(x, self.reader.variables[node])
                continue
            edges = self.reader.nodes[node]
            for name, child in children(x):
                if name in edges and (id(child), edges[name]) not in seen:
                    seen.add((id(child), edges[name]))
                    queue.append((child, edges[name]))

    def assign(self, variable: Variable, key: str) -> None:
        value = self.reader.get_tensor(key)
        if value.shape != variable._array.shape and not variable.shape.is_compatible_with(value.shape):
            raise ValueError(
                f"Received incompatible tensor with shape {value.shape} when attempting to restore variable with "
                f"shape {tuple(variable._array.shape)} and name {variable.name}: {key} in {self.reader.prefix}"
            )
        if value.dtype != variable._array.dtype:
            value = value.astype(variable._array.dtype)
        with pause():
            Variable.assign(variable, Tensor(placed(value)))

    def missing(self) -> list[str]:
        """The keys whose values no variable has."""
        return [key for node, key in self.reader.variables.items() if node not in self.settled]

    def unknown(self) -> list[str]:
        """The variables of the program that the checkpoint has no value for."""
        known = set(self.settled.values())
        return [key for key, v in Graph(self.root).variables.values() if v._id not in known]


def _made(variable: Variable) -> None:
    """A new Variable while restorations wait: it looks for its value when it is read."""
    if not _waiting:
        tensor.on_created.remove(_made)
        return
    variable.__dict__["_looks"] = 0
    kind: Any = type(variable)
    variable.__class__ = _looking(kind)


@functools.cache
def _looking(kind: Any) -> Any:
    """The class of a Variable of class `kind` that still looks for its value."""

    def found(self: Any) -> Any:
        self.__class__ = kind
        self._looks += 1
        number = self._id
        for restoration in list(_waiting):
            restoration.settle()
        settled = any(number in r.settled.values() for r in _waiting)
        _waiting[:] = [r for r in _waiting if r.missing()]
        if not settled and self._looks < LOOKS:
            self.__class__ = looking
        else:
            del self._looks
        return _array.__get__(self)

    def put(self: Any, value: Any) -> None:
        _array.__set__(self, value)

    looking = type(kind.__name__, (kind,), {"__slots__": (), "_array": property(found, put)})
    return looking


class CheckpointLoadStatus:
    """What came of a `restore`: made by tf.train.Checkpoint."""

    def __init__(self, restoration: Restoration) -> None:
        self._restoration = restoration
        self._expect_partial = False

    def assert_consumed(self) -> CheckpointLoadStatus:
        """AssertionError unless every variable of the program has a value and every value has a variable."""
        self.assert_existing_objects_matched()
        if missing := self._restoration.missing():
            raise AssertionError(
                f"Unresolved object in checkpoint {self._restoration.reader.prefix}: no variable for {missing[:5]}"
                f"{' ...' if len(missing) > 5 else ''}: use expect_partial() if that is meant"
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """AssertionError unless every variable that the program has by now has found its value."""
        self._restoration.settle()
        if unknown := self._restoration.unknown():
            raise AssertionError(
                f"No checkpointed value for {unknown[:5]}{' ...' if len(unknown) > 5 else ''} in "
                f"{self._restoration.reader.prefix}: these variables keep the values that they had"
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """AssertionError if nothing but the root matches."""
        self._restoration.settle()
        if len(self._restoration.matched) < 2 and self._restoration.reader.variables:
            held = [name for name, _ in children(self._restoration.root)]
            raise AssertionError(
                f"Nothing except the root object matched a checkpointed value. Typically this means that the "
                f"checkpoint does not match the Python program: it has {sorted(self._restoration.reader.nodes[0])}, "
                f"the program {held}"
            )
        return self

    def expect_partial(self) -> CheckpointLoadStatus:
        """No warning about values of the checkpoint that were not used."""
        self._expect_partial = True
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Nothing to do: variables have their values."""

    def run_restore_ops(self, session: Any = None) -> None:
        """Nothing to do: values are restored when `restore` is called, or when their variables are made."""

    def __del__(self) -> None:
        if not self._expect_partial and (missing := self._restoration.missing()):
            log.warning(
                "Value in checkpoint could not be found in the restored object: %s. Detected that an object or model "
                "or tf.train.Checkpoint is being deleted with unrestored values; use expect_partial() to silence "
                "this, or assert_consumed() to make it an error.",
                missing[:5],
            )


class InitializationOnlyStatus:
    """The status of `restore(None)`: there was no checkpoint, and all variables keep what they have."""

    def assert_consumed(self) -> Any:
        raise AssertionError("No checkpoint specified (save_path=None); nothing is being restored.")

    assert_existing_objects_matched = assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> InitializationOnlyStatus:
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Nothing to do: variables have their values."""

    def run_restore_ops(self, session: Any = None) -> None:
        raise AssertionError("No checkpoint specified, so no restore ops are available (save_path=None to restore).")


def check_trackable(name: str, value: Any) -> None:
    if not is_trackable(value):
        raise ValueError(
            f"`Checkpoint` was expecting {name} to be a trackable object (an object derived from tf.Module, a Keras "
            f"object, a Variable, a list or a dict), got {value!r}."
        )
