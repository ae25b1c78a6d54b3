"""keras.Variable: a tf.Variable with a path, a regularizer and a constraint, made from an initializer and a shape."""

from __future__ import annotations

from typing import Any

import numpy as np

import gputape as tf

from .backend import standardize_dtype, standardize_shape
from .operators import ARITHMETIC, COMPARISONS, operator
from .scopes import auto_name, checked_name, current_path, state

_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = (None, "none", "on_read", "on_write", "auto")


class Variable(tf.Variable):
    """A value that training changes. All ops, tapes and assignments of tf.Variable work on it.

    Args:
        initializer: a value, the name of an initializer, or a callable `(shape, dtype) -> tensor`; these want `shape`.
        shape: a tuple without None.
        dtype: default that of the value, or floatx.
        trainable: whether tapes watch it and optimizers change it. Default True.
        autocast: whether layers that compute in another dtype read it in that dtype. Default True.
        aggregation: "none", "mean", "sum" or "only_first_replica": how replicas' values meet.
        synchronization: "none", "on_read", "on_write" or "auto".
        name: default "variable", made unique.

    Raises ValueError for a bad name, aggregation or synchronization, or an initializer without a shape.

    >>> from gputape import keras
    >>> v = keras.Variable("ones", shape=(2,), name="gain")
    >>> v.assign_add([1.0, 2.0]).numpy(), v.path
    (array([2., 3.], dtype=float32), 'gain')
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ) -> None:
        name = checked_name(name or auto_name(type(self).__name__))
        _check_choice("aggregation", aggregation, _AGGREGATIONS)
        _check_choice("synchronization", synchronization, _SYNCHRONIZATIONS)
        parent = current_path()
        self._path = f"{parent}/{name}" if parent else name
        self._autocast = bool(autocast)
        self._aggregation = aggregation or "none"
        self._synchronization = synchronization or "none"
        self._layout = layout
        self._overwrite_with_gradient = False
        self._regularizer = None
        self._constraint = None
        super().__init__(_initial(initializer, shape, dtype, self._path), trainable=bool(trainable), name=name)

    # -- what it is
    @property
    def name(self) -> str:
        return self._name

    @property
    def path(self) -> str:
        """The names of the layers that own it and its own, joined by "/"."""
        return self._path

    @property
    def shape(self) -> Any:
        return self._array.shape

    @property
    def dtype(self) -> Any:
        dtype = tf.as_dtype(self._array.dtype)
        scope = state.autocast
        if scope is not None and scope.dtype is not None and self._autocast and dtype.is_floating:
            return tf.as_dtype(scope.dtype)
        return dtype

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        self._trainable = bool(value)

    @property
    def aggregation(self) -> str:
        return self._aggregation

    @property
    def synchronization(self) -> str:
        return self._synchronization

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether the optimizer writes the gradient itself into the variable."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"`overwrite_with_gradient` must be a boolean. Received: {value}")
        self._overwrite_with_gradient = value

    @property
    def regularizer(self) -> Any:
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = _checked_callable("regularizer", value)

    @property
    def constraint(self) -> Any:
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = _checked_callable("constraint", value)

    # -- the value
    @property
    def value(self) -> Any:
        """The current value as a tensor; later assignments leave it as it is."""
        return tf.identity(self)

    def read_value(self) -> Any:
        return self.value

    def numpy(self) -> Any:
        """A copy of the current value as a NumPy array, of no dimensions for a scalar."""
        return np.array(self)

    def assign(self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        """Set the value, cast to the variable's dtype; ValueError if the shape differs. Returns the new value."""
        value = self._converted(value)
        if tuple(value.shape) != tuple(self._array.shape):
            raise ValueError(
                "The shape of the target variable and the shape of the target value in `variable.assign(value)` must "
                f"match. variable.shape={tuple(self._array.shape)}, Received: value.shape={tuple(value.shape)}. "
                f"Target variable: {self}"
            )
        if state.stateless is not None:
            state.stateless.add_update((self, value))
        else:
            super().assign(value)
        return value

    def assign_add(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        return self._changed("assign_add", delta)

    def assign_sub(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        return self._changed("assign_sub", delta)

    def _changed(self, method: str, delta: Any) -> Any:
        """In place when the shapes agree, as a new value otherwise (`delta` may broadcast)."""
        delta = self._converted(delta)
        if state.stateless is None and tuple(delta.shape) == tuple(self._array.shape):
            getattr(super(), method)(delta)
            return tf.identity(self)
        return self.assign(self.value + delta if method == "assign_add" else self.value - delta)

    def _converted(self, value: Any) -> Any:
        dtype = tf.as_dtype(self._array.dtype)
        if not isinstance(value, (tf.Tensor, tf.Variable)):
            value = (
                tf.convert_to_tensor(value, dtype) if not hasattr(value, "__array__") else tf.convert_to_tensor(value)
            )
        return value if value.dtype == dtype else tf.cast(value, dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        value = self if state.stateless is None and state.autocast is None else self.value
        return super().__array__(dtype, copy) if value is self else np.asarray(value, dtype=dtype)

    def __bool__(self) -> bool:
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __int__(self) -> int:
        return int(self._scalar_value())

    def __float__(self) -> float:
        return float(self._scalar_value())

    def _scalar_value(self) -> Any:
        if self.shape:
            raise TypeError(f"Only scalar arrays can be converted to Python scalars. Got: shape={tuple(self.shape)}")
        return self.value

    def __round__(self, ndigits: int | None = None) -> Any:
        scale = 10.0 ** (ndigits or 0)
        return tf.round(self.value * scale) / scale

    # -- printing and copying
    def __repr__(self) -> str:
        return (
            f"<Variable path={self.path}, shape={tuple(self.shape)}, dtype={self.dtype.name}, value={np.array(self)}>"
        )

    __str__ = __repr__

    def __deepcopy__(self, memo: Any) -> Any:
        copy = Variable.__new__(type(self))
        memo[id(self)] = copy
        tf.Variable.__init__(copy, tf.convert_to_tensor(np.array(self)), trainable=self._trainable, name=self._name)
        copy.__dict__.update(self.__dict__)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (np.array(self), self._trainable, self._name, dict(self.__dict__))


def _fits(operand: Any, dtype: Any) -> bool:
    """Whether gputape's own operator takes the operand; others are promoted by Keras's rules."""
    if isinstance(operand, (tf.Tensor, tf.Variable)):
        return operand.dtype == dtype
    if isinstance(operand, bool) or not isinstance(operand, (int, float)):
        return False
    return dtype.is_floating or dtype.is_complex or (isinstance(operand, int) and dtype.is_integer)


def _promoting(method: str, name: str) -> Any:
    plain, promoted = getattr(tf.Variable, method), operator(name, reflected=method.startswith("__r"))
    of_floats = "truediv" in method

    def call(self: Variable, other: Any) -> Any:
        dtype = self.dtype
        fits = _fits(other, dtype) and not (of_floats and dtype.is_integer)
        return plain(self, other) if fits or other is None else promoted(self, other)

    return call


for _name, _function in ARITHMETIC.items():
    setattr(Variable, f"__{_name}__", _promoting(f"__{_name}__", _function))
    setattr(Variable, f"__r{_name}__", _promoting(f"__r{_name}__", _function))
for _name, _function in {**COMPARISONS, "eq": "equal"}.items():
    setattr(Variable, f"__{_name}__", _promoting(f"__{_name}__", _function))


def _restored(value: Any, trainable: bool, name: str, attributes: dict[str, Any]) -> Variable:
    made = Variable(value, trainable=trainable, name=name)
    made.__dict__.update(attributes)
    return made


def _initial(initializer: Any, shape: Any, dtype: Any, path: str) -> Any:
    if isinstance(initializer, str):
        from . import initializers

        initializer = initializers.get(initializer)
    if not callable(initializer):
        if dtype is None:
            return tf.convert_to_tensor(initializer)
        wanted = tf.as_dtype(standardize_dtype(dtype))
        if isinstance(initializer, (tf.Tensor, tf.Variable)) or hasattr(initializer, "__array__"):
            return tf.cast(tf.convert_to_tensor(initializer), wanted)
        return tf.convert_to_tensor(initializer, wanted)
    if shape is None:
        raise ValueError(
            "When creating a Variable from an initializer, the `shape` argument should be specified. "
            f"Received: initializer={initializer} and shape={shape}"
        )
    shape = standardize_shape(shape)
    if None in shape:
        raise ValueError(
            "Shapes used to initialize variables must be fully-defined (no `None` dimensions). Received: "
            f"shape={shape} for variable path='{path}'"
        )
    dtype = standardize_dtype(dtype)
    value = initializer(shape, dtype=dtype)
    value = tf.convert_to_tensor(value)
    return value if value.dtype == dtype else tf.cast(value, dtype)


def _check_choice(argument: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        told = ", ".join(f"`{c!r}`" if c else "`None`" for c in choices)
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected one of {told}. Received: {argument}={value}"
        )


def _checked_callable(attribute: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise ValueError(
            f"Invalid value for attribute `{attribute}`. Expected a callable (such as a "
            f"`keras.{attribute}s.{attribute.capitalize()}` instance) or `None`. Received: {attribute}={value}"
        )
    return value
