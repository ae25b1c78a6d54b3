"""Tensor: an array and nothing else. Variable: an array that can be assigned in place. Both look ops up in OPS."""

from __future__ import annotations

import functools
import itertools
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from . import cuda, dtypes, printing
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError
from .record import state
from .registry import OPS
from .tensor_shape import TensorShape
from .variable_modes import VariableAggregation, VariableSynchronization

_ids = itertools.count(1)


class SymbolicInput(TypeError):
    """A value without data (a Keras symbolic tensor) reached an op: `value.__gputape_op__` says what to do with it."""

    def __init__(self, value: Any) -> None:
        super().__init__(f"{value!r} has no data: it stands for a layer's input or output")
        self.value = value


class OperandError(InvalidArgumentError, TypeError):
    """A Python value that cannot become the dtype of the tensor beside it.

    TensorFlow raises InvalidArgumentError from operators and TypeError from functions: this is both.
    """


class Reference:
    """A hashable handle on a Tensor or Variable, for dict keys and sets: `tensor.ref().deref() is tensor`."""

    __slots__ = ("_referent",)

    def __init__(self, referent: Any) -> None:
        self._referent = referent

    def deref(self) -> Any:
        return self._referent

    def __hash__(self) -> int:
        return id(self._referent)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._referent is other._referent

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._referent!r}>"


class Array:
    """What Tensor and Variable share: an array, an identity for the recorders, operators and conversions."""

    __slots__ = ("__weakref__", "_array", "_id")
    __array_priority__ = 100.0  # ndarray + tensor comes to Tensor.__radd__
    _trainable = False
    _array: Any
    _id: int

    # -- what it is
    @property
    def dtype(self) -> DType:
        return dtypes.FROM_NUMPY[self._array.dtype]

    @property
    def shape(self) -> TensorShape:
        return tuple.__new__(TensorShape, self._array.shape)

    @property
    def ndim(self) -> int:
        return int(self._array.ndim)

    @property
    def device(self) -> str:
        kind = "GPU" if cuda.is_device(self._array) else "CPU"
        return f"/job:localhost/replica:0/task:0/device:{kind}:0"

    def get_shape(self) -> TensorShape:
        return self.shape

    def ref(self) -> Reference:
        """A hashable reference, since `==` compares elements and tensors themselves cannot be hashed."""
        return Reference(self)

    # -- values that leave for Python
    def _read(self, how: str) -> Any:
        for recorder in state.stack:
            recorder.read(self, how)
        return cuda.to_host(self._array)

    def numpy(self) -> Any:
        """The value as a NumPy array (a scalar for shape ()); it may share memory with the tensor on the CPU."""
        array = self._read("numpy()")
        return array if array.ndim else array[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._read("a NumPy function"), dtype=dtype)

    def __bool__(self) -> bool:
        value = self._read("bool()")
        return bool(value) if value.size else False

    def __int__(self) -> int:
        return int(self._scalar("int()"))

    def __float__(self) -> float:
        return float(self._scalar("float()"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex()"))

    def __index__(self) -> int:
        value = self._scalar("an index")
        if value.dtype.kind not in "iu":
            raise TypeError(f"only integer scalar tensors can be used as an index, not dtype {self.dtype.name}")
        return int(value)

    def _scalar(self, how: str) -> Any:
        value = self._read(how)
        if value.size != 1:
            raise TypeError(
                f"{how}: only a tensor of one element can be turned into a Python scalar; shape {value.shape}"
            )
        return value.reshape(())

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __iter__(self) -> Iterator[Any]:
        if self._array.ndim == 0:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return iter([self[i] for i in range(len(self))])

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("Scalar tensor has no `len()`")
        return int(self._array.shape[0])

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    @property
    def __cuda_array_interface__(self) -> Any:
        return self._array.__cuda_array_interface__  # absent on the CPU: AttributeError, which readers of it expect

    # -- operators
    def __neg__(self) -> Any:
        return OPS["negative"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return OPS["abs"](self)

    def __invert__(self) -> Any:
        return OPS["logical_not" if self.dtype.is_bool else "bitwise_invert"](self)

    def __add__(self, other: Any) -> Any:
        return OPS["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return OPS["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return OPS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return OPS["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return OPS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return OPS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return OPS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return OPS["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return OPS["floordiv"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return OPS["floordiv"](other, self)

    def __mod__(self, other: Any) -> Any:
        return OPS["floormod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return OPS["floormod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return OPS["pow"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return OPS["pow"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return OPS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return OPS["matmul"](other, self)

    def __and__(self, other: Any) -> Any:
        return OPS["logical_and" if self.dtype.is_bool else "bitwise_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return OPS["logical_and" if self.dtype.is_bool else "bitwise_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return OPS["logical_or" if self.dtype.is_bool else "bitwise_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return OPS["logical_or" if self.dtype.is_bool else "bitwise_or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return OPS["logical_xor" if self.dtype.is_bool else "bitwise_xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return OPS["logical_xor" if self.dtype.is_bool else "bitwise_xor"](other, self)

    def __lt__(self, other: Any) -> Any:
        return OPS["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return OPS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return OPS["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return OPS["greater_equal"](self, other)

    def __eq__(self, other: Any) -> Any:
        return False if other is None else OPS["tensor_equals"](self, other)

    def __ne__(self, other: Any) -> Any:
        return True if other is None else OPS["tensor_not_equals"](self, other)

    def __getitem__(self, key: Any) -> Any:
        return OPS["getitem"](self, key)

    def __hash__(self) -> int:
        kind = type(self).__name__
        raise TypeError(f"{kind} is unhashable. Instead, use {kind.lower()}.ref() as the key.")

    def __copy__(self) -> Any:
        return self


class Tensor(Array):
    """An immutable array on the CPU (NumPy) or the GPU (CuPy), TensorFlow's eager `tf.Tensor`.

    Made by ops and by `tf.constant` / `tf.convert_to_tensor`, not by calling the class.

    >>> import gputape as tf
    >>> tf.constant([1.0, 2.0]) * 3
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3., 6.], dtype=float32)>
    """

    __slots__ = ()

    def __init__(self, array: Any) -> None:
        self._array = array
        self._id = next(_ids)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(
            "'Tensor' object does not support item assignment: tensors are immutable; "
            "use tf.tensor_scatter_nd_update, or a tf.Variable and its assign"
        )

    def set_shape(self, shape: Any) -> None:
        """Check that `shape` (None for unknown sizes) agrees with the tensor's own; ValueError otherwise."""
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"Tensor's shape {self.shape} is not compatible with supplied shape {TensorShape(shape)}.")

    @property
    def assign(self) -> Callable[..., Any]:
        """Of a part of a Variable, `v[1:].assign(value)`: set that part. AttributeError of other tensors."""
        origin = _parts.get(self._id)
        if origin is None:
            raise AttributeError("'Tensor' object has no attribute 'assign': tensors are immutable, use a tf.Variable")
        return functools.partial(origin[1]._assign_part, origin[2])

    def __str__(self) -> str:
        return printing.tensor_str(self._read("print()"), self.dtype.name)

    def __repr__(self) -> str:
        return printing.tensor_repr(self._read("repr()"), self.dtype.name)

    def __deepcopy__(self, memo: Any) -> Tensor:
        return Tensor(self._array.copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (cuda.to_host(self._array),)

    def cpu(self) -> Tensor:
        return Tensor(cuda.to_host(self._array))

    def gpu(self) -> Tensor:
        return Tensor(cuda.to_device(self._array))

    @property
    def name(self) -> str:
        raise AttributeError("Tensor.name is undefined when eager execution is enabled.")

    @property
    def graph(self) -> Any:
        raise AttributeError("Tensor.graph is undefined when eager execution is enabled.")

    @property
    def op(self) -> Any:
        raise AttributeError("Tensor.op is undefined when eager execution is enabled.")


_parts: dict[int, tuple[Any, Any, Any]] = {}  # identity of v[key] -> (weak reference to it, v, key)


def _restored(array: Any) -> Tensor:
    return Tensor(placed(array))


# -- conversion


def placed(array: Any) -> Any:
    """`array` on the device that new arrays go to: the one of `tf.device`, else the GPU if there is one."""
    wanted = state.device
    if array.dtype.kind == "O" or wanted == "CPU" or (wanted is None and not cuda.available()):
        return cuda.to_host(array)
    return cuda.to_device(array)


def host_array(value: Any, dtype: Any = None, hint: np.dtype[Any] | None = None) -> Any:
    """`value` as a NumPy (or given device) array under TensorFlow's dtype rules; no copy if it is one already.

    Python floats become float32, ints int32 (int64 if they do not fit); arrays keep their dtype. `hint` is the dtype of
    the other operand: taken when the value may become it, otherwise a TypeError. `dtype` is a wish that must hold.
    """
    wanted = as_dtype(dtype).numpy if dtype is not None else None
    if isinstance(value, Array):
        array = value._array
        if wanted is not None and array.dtype != wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype {value.dtype.name}: "
                f"use tf.cast"
            )
        return array
    if hasattr(type(value), "__gputape_op__"):
        raise SymbolicInput(value)
    if value is None:
        raise ValueError("Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor.")
    if cuda.is_device(value):
        array, exact = value, True
    elif isinstance(value, (np.ndarray, np.generic)):
        array, exact = np.asarray(value), True
    elif isinstance(value, (str, bytes)):
        array, exact = np.asarray(value, object), False  # NumPy's own strings lose zeros at the end
    elif isinstance(value, (bool, int, float, complex)):
        array, exact = np.asarray(value), False
    elif isinstance(value, (list, tuple, range)):
        array, exact = _from_sequence(value)
    elif hasattr(value, "__cuda_array_interface__") or hasattr(value, "__dlpack__"):
        array, exact = cuda.from_foreign(value), True
    elif hasattr(value, "__array__"):
        array, exact = np.asarray(value), True
    elif isinstance(value, DType):
        raise ValueError("Attempt to convert a dtype to a Tensor.")
    else:
        raise ValueError(
            f"Attempt to convert a value ({value!r}) with an unsupported type ({type(value)}) to a Tensor."
        )
    return _typed(array, exact, wanted, hint, value)


def _typed(array: Any, exact: bool, wanted: Any, hint: Any, value: Any) -> Any:
    if array.dtype.kind in "SU" or (array.dtype.kind == "O" and array.size):
        array = _strings(array, value)
    if array.dtype.kind == "O":
        if hint is not None and hint.kind != "O":
            raise OperandError(f"Cannot convert {value!r} to EagerTensor of dtype {dtypes.FROM_NUMPY[hint].name}")
        if wanted is not None and wanted.kind != "O":
            raise TypeError(f"Cannot convert {value!r} to a tensor of dtype {dtypes.FROM_NUMPY[wanted].name}")
        return array
    given = array.dtype
    if wanted is None and hint is not None:
        if not (dtypes.compatible(hint, given) or (given.kind == "b" and not exact)):
            raise OperandError(f"Cannot convert {value!r} to EagerTensor of dtype {dtypes.FROM_NUMPY[hint].name}")
        wanted = hint
    if wanted is not None:
        if wanted == given:
            return array
        if not exact and array.size and not (dtypes.compatible(wanted, given) or given.kind in (wanted.kind, "b")):
            raise TypeError(f"Cannot convert {value!r} to EagerTensor of dtype {dtypes.FROM_NUMPY[wanted].name}")
        if not exact and wanted.kind in "iu" and array.size:
            _check_range(array, wanted, value)
        return _cast(array, wanted)
    if exact:
        if given not in dtypes.FROM_NUMPY:
            raise TypeError(f"dtype {given} is not supported: tensors hold {', '.join(d.name for d in dtypes.ALL)}")
        return array
    if given == np.float64:
        return _cast(array, np.float32)
    if given == np.uint64:
        raise ValueError(f"Can't convert Python sequence with out-of-range integer to Tensor: {value!r}")
    if given == np.int64 and (not array.size or (abs(array.min()) <= 2**31 and array.max() < 2**31)):
        return array.astype(np.int32)
    return array


def _cast(array: Any, dtype: Any) -> Any:
    """`array.astype(dtype)`, infinite where the value is too large for it."""
    with np.errstate(all="ignore"):
        return array.astype(dtype)


def _check_range(array: Any, wanted: Any, value: Any) -> None:
    limits = np.iinfo(wanted)
    if int(array.min()) < limits.min or int(array.max()) > limits.max:
        raise TypeError(
            f"Cannot convert {value!r} to EagerTensor of dtype {dtypes.FROM_NUMPY[wanted].name}: out of range"
        )


def _strings(array: Any, value: Any) -> Any:
    """Text as an object array of bytes, the form of tf.string."""
    flat = [v.encode() if isinstance(v, str) else v for v in np.asarray(array, dtype=object).ravel().tolist()]
    if not all(isinstance(v, bytes) for v in flat):
        raise ValueError(f"Can't convert Python sequence with mixed types to Tensor: {value!r}")
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(array.shape)


def _from_sequence(value: Any) -> tuple[Any, bool]:
    """An array from nested lists; `exact` if their leaves carry a dtype of their own (NumPy scalars, tensors)."""
    leaves: list[Any] = []

    def strip(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return [strip(i) for i in item]
        if hasattr(type(item), "__gputape_op__"):
            raise SymbolicInput(item)
        if isinstance(item, Array):
            item = item._read("a list of tensors turned into one array: use tf.stack to keep gradients")
        leaves.append(item)
        return item

    nested = [strip(i) for i in value]
    kinds = set(map(type, leaves))
    if len(kinds) > 1 and (type(leaves[0]) is bool or (kinds & {str, bytes} and kinds & {int, float, complex})):
        raise ValueError(f"Can't convert Python sequence with mixed types to Tensor: {value!r}")
    if any(issubclass(kind, DType) for kind in kinds):
        raise ValueError("Attempt to convert a dtype to a Tensor.")
    try:
        array = np.asarray(nested, object if kinds and kinds <= {str, bytes} else None)
    except ValueError as error:
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.") from error
    if array.dtype.kind == "O" and any(isinstance(item, list) for item in array.flat):
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.")
    typed = [leaf for leaf in leaves if isinstance(leaf, (np.ndarray, np.generic))]
    if array.dtype.kind == "O" and any(leaf is None for leaf in leaves):
        raise ValueError(f"Attempt to convert a value (None) with an unsupported type to a Tensor: {value!r}")
    return array, bool(typed) and len(typed) == len(leaves) and array.dtype == typed[0].dtype


def as_tensor(value: Any, hint: np.dtype[Any] | None = None) -> Tensor:
    """`value` as a Tensor: itself if it is one, a Variable's current value, an array without copying where possible.

    A list that holds tensors is stacked, so that gradients flow. Other classes say by
    `__gputape_tensor__` what they are.
    """
    if type(value) is Tensor:
        return value
    if isinstance(value, Variable):
        return OPS["identity"](value)  # type: ignore[no-any-return]
    if isinstance(value, (list, tuple)) and (first := _first_tensor(value)) is not None:
        return OPS["stack"]([as_tensor(v, first._array.dtype) for v in value])  # type: ignore[no-any-return]
    if hasattr(type(value), "__gputape_tensor__"):
        return value.__gputape_tensor__()  # type: ignore[no-any-return]
    return Tensor(placed(host_array(value, hint=hint)))


def _first_tensor(value: Any) -> Any:
    """The first tensor in nested lists; None if there is none."""
    for v in value:
        if isinstance(v, Array):
            return v
        if isinstance(v, (list, tuple)) and (found := _first_tensor(v)) is not None:
            return found
    return None


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Any:
    """`value` as a Tensor of `dtype` (default: the value's own; Python floats float32, ints int32).

    NumPy and CuPy arrays and objects with `__dlpack__` or `__cuda_array_interface__` are taken without a copy where the
    device allows it, so later writes into them show; `tf.constant` copies. Raises ValueError for a tensor of another
    dtype (use tf.cast) and for values that are no arrays. tf.IndexedSlices become dense, symbolic tensors stay.

    >>> import gputape as tf
    >>> tf.convert_to_tensor([1, 2]).dtype
    tf.int32
    """
    if hasattr(type(value), "__gputape_op__"):
        return value
    if hasattr(type(value), "__gputape_tensor__"):
        value = value.__gputape_tensor__()
    if isinstance(value, Array) or (dtype is None and dtype_hint is None):
        if dtype is not None:
            host_array(value, dtype)  # the check
        return as_tensor(value)
    if isinstance(value, (list, tuple)) and _first_tensor(value) is not None:
        return convert_to_tensor(as_tensor(value), dtype)
    if dtype is None:
        try:
            return Tensor(placed(host_array(value, dtype_hint)))
        except TypeError:
            dtype = None
    return Tensor(placed(host_array(value, dtype)))


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const") -> Tensor:
    """A Tensor with a copy of `value` (a scalar, nested lists, an array), broadcast or reshaped to `shape` if given.

    >>> import gputape as tf
    >>> tf.constant([[1, 2], [3, 4]], dtype=tf.float32, shape=(4,))
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([1., 2., 3., 4.], dtype=float32)>
    """
    if isinstance(value, Array) and dtype is not None and value.dtype != dtype:
        value = value.numpy()
    array = host_array(value, dtype)
    shared = isinstance(value, (np.ndarray, Array)) or cuda.is_device(value)
    if shape is not None:
        shape = tuple(int(s) for s in shape)
        if array.size != 1 and array.size != int(np.prod(shape)):
            raise TypeError(f"constant: value has {array.size} elements, shape {shape} wants {int(np.prod(shape))}")
        array = array.reshape(shape) if array.size == int(np.prod(shape)) else np.broadcast_to(array.reshape(()), shape)
        shared = True
    return Tensor(placed(array.copy() if shared else array))


# -- Variable

on_created: list[Callable[[Any], None]] = []  # called with every new Variable: checkpoints wait for theirs


class Variable(Array):
    """A value that can be assigned in place, TensorFlow's `tf.Variable`; gradient tapes watch it when it is trainable.

    Args:
        initial_value: anything `tf.convert_to_tensor` takes, or a callable that returns it.
        trainable: whether tapes watch it by themselves. Default True.
        dtype: element type; default that of the value.
        shape: None (the value's), or a shape with None in it, which later values of other sizes may fill.

    Assignments write into the same memory, unless someone still holds the earlier value: then that value stays as it
    was and the variable moves to new memory.

    >>> import gputape as tf
    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0])
    <tf.Variable 'Variable:0' shape=(2,) dtype=float32, numpy=array([2., 3.], dtype=float32)>
    """

    __slots__ = ("__dict__", "_declared", "_name", "_trainable")

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("The `initial_value` arg to `tf.Variable` must be specified.")
        value = initial_value() if callable(initial_value) else initial_value
        if isinstance(value, Array) and dtype is not None and value.dtype != dtype:
            value = OPS["cast"](value, dtype)
        initial = value if isinstance(value, Tensor) else None
        array = host_array(value, dtype)
        self._array = placed(array).copy()
        self._declared = TensorShape(shape) if shape is not None else None
        if self._declared is not None and not self._declared.is_compatible_with(self._array.shape):
            raise ValueError(
                f"Variable: initial_value has shape {self._array.shape}, not compatible with shape={shape}"
            )
        self._id = next(_ids)
        self._trainable = True if trainable is None else bool(trainable)
        self._name = name or "Variable"
        self.constraint = constraint
        self._modes = VariableSynchronization.AUTO, VariableAggregation.NONE
        if synchronization is not None or aggregation is not None:
            self._modes = synchronization or self._modes[0], aggregation or self._modes[1]
        for recorder in state.stack:
            recorder.created(self, initial)
        for told in on_created:
            told(self)

    # -- identity
    @property
    def name(self) -> str:
        return self._name + ":0"

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def shape(self) -> TensorShape:
        return self._declared if self._declared is not None else tuple.__new__(TensorShape, self._array.shape)

    @property
    def synchronization(self) -> Any:
        return self._modes[0]

    @property
    def aggregation(self) -> Any:
        return self._modes[1]

    @property
    def initial_value(self) -> Any:
        raise RuntimeError("This property is not supported when eager execution is enabled.")

    @property
    def handle(self) -> Variable:
        return self

    def is_initialized(self) -> bool:
        return True

    def value(self) -> Tensor:
        """The current value as a Tensor; later assignments leave it as it is."""
        return OPS["identity"](self)  # type: ignore[no-any-return]

    def read_value(self) -> Tensor:
        return self.value()

    def numpy(self) -> Any:
        """A copy of the current value as a NumPy array (a scalar for shape ())."""
        array = self._read("numpy()")
        return array.copy() if array.ndim else array[()]

    # -- assignment
    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Set the value. Returns the variable, or None with `read_value=False`.

        Raises ValueError for a shape that does not fit or a tensor of another dtype, TypeError for a Python value that
        does not fit the dtype.
        """
        OPS["assign"](self, self._operand("assign", value))
        return self if read_value else None

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        OPS["assign_add"](self, self._operand("assign_add", delta))
        return self if read_value else None

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        OPS["assign_sub"](self, self._operand("assign_sub", delta))
        return self if read_value else None

    def __getitem__(self, key: Any) -> Any:
        """`v[key]` as a Tensor; `v[key].assign(value)` sets that part of the variable."""
        part = OPS["getitem"](self, key)
        _parts[part._id] = weakref.ref(part, lambda _, i=part._id: _parts.pop(i, None)), self, key  # type: ignore[misc]
        return part

    def _assign_part(
        self, key: Any, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """`v[key].assign(value)`: a value of the shape of that part, or one that broadcasts to it."""
        shape, dtype = self._array.shape, self._array.dtype
        count = int(np.prod(shape, dtype=np.int64))
        places = OPS["getitem"](Tensor(placed(np.arange(count).reshape(shape))), key)
        value = OPS["broadcast_to"](as_tensor(value, dtype), places._array.shape)
        flat = OPS["tensor_scatter_nd_update"](
            OPS["reshape"](self, [count]), OPS["reshape"](places, [-1, 1]), OPS["reshape"](value, [-1])
        )
        return self.assign(OPS["reshape"](flat, shape), read_value=read_value)

    def _operand(self, method: str, value: Any) -> Array:
        if isinstance(value, Array):
            tensor: Array = value
            if tensor._array.dtype != self._array.dtype:
                raise ValueError(
                    f"{method}: variable {self.name} has dtype {self.dtype.name}, value has dtype {tensor.dtype.name}: "
                    f"use tf.cast"
                )
        else:
            tensor = as_tensor(value, self._array.dtype)
        given = tensor._array.shape
        if method != "assign":
            return tensor  # the op compares the shapes
        if self._declared is None:
            if given != self._array.shape:
                raise ValueError(
                    f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape "
                    f"{self._array.shape}, and the assigned value shape {given} are incompatible."
                )
        elif not self._declared.is_compatible_with(given):
            raise ValueError(f"{method}: variable {self.name} has shape {self._declared}, value has shape {given}")
        return tensor

    def writable(self) -> Any:
        """The array to write into: the variable's own, or a copy of it if anyone else still holds it.

        In a captured graph it is always the variable's own: see captured.py.
        """
        if self.is_held() and not cuda.capturing:
            self._array = self._array.copy()
        return self._array

    def is_held(self) -> bool:
        """Whether anyone else holds the variable's array, so that writing into it would change what they have."""
        return sys.getrefcount(self._array) > _ALONE

    def _scatter(self, op: str, sparse_delta: Any) -> Any:
        if not hasattr(sparse_delta, "indices"):
            raise TypeError(f"scatter_{op}: sparse_delta must be a tf.IndexedSlices, got {type(sparse_delta).__name__}")
        OPS["scatter_" + op](self, sparse_delta.indices, sparse_delta.values)
        return self

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Assign `sparse_delta.values` (tf.IndexedSlices) to the rows `sparse_delta.indices`."""
        return self._scatter("update", sparse_delta)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("add", sparse_delta)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("sub", sparse_delta)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("mul", sparse_delta)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("div", sparse_delta)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("max", sparse_delta)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        return self._scatter("min", sparse_delta)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self.assign(OPS["tensor_scatter_nd_update"](self, indices, updates))

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self.assign(OPS["tensor_scatter_nd_add"](self, indices, updates))

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self.assign(OPS["tensor_scatter_nd_sub"](self, indices, updates))

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self.assign(OPS["tensor_scatter_nd_max"](self, indices, updates))

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self.assign(OPS["tensor_scatter_nd_min"](self, indices, updates))

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        return OPS["gather_nd"](self, indices)

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        return OPS["gather"](self, indices)

    # -- printing and copying
    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return printing.variable_repr(self.name, self._read("repr()"), self.dtype.name, self.shape)

    __str__ = __repr__

    def __deepcopy__(self, memo: Any) -> Any:
        copy = type(self)(Tensor(self._array), trainable=self._trainable, name=self._name)
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return Variable, (cuda.to_host(self._array), self._trainable, True, None, self._name)


class _Holder:
    __slots__ = ("_array",)
    _array: Any


_holder = _Holder()
_holder._array = np.zeros(1)
# References to an array that one slot holds, as `getrefcount` counts them; more means that someone else holds it too.
_ALONE = sys.getrefcount(_holder._array)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor, a Variable, a tf.IndexedSlices or a symbolic tensor. Reference: tf.is_tensor."""
    return isinstance(x, Array) or hasattr(type(x), "__gputape_op__") or hasattr(type(x), "__gputape_tensor__")


def executing_eagerly() -> bool:
    """True unless a function is being recorded in this thread."""
    return all(r.is_tape for r in state.stack)


def inside_function() -> bool:
    return not executing_eagerly()
