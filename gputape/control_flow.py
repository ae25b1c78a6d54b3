"""Control flow under TensorFlow's names: Python's own, run on values as they are, so gradients pass through.

In a recorded function (`tf.function`) a predicate that depends on the arguments is a value read into Python: that
signature then runs eagerly, with the same result. So does one that calls Python code by `tf.py_function`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from . import nest
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError, OutOfRangeError
from .ops.shape import static
from .ragged.build import stack as ragged_stack
from .ragged.ragged_tensor import RaggedTensor
from .ragged.spec import RaggedTensorSpec
from .record import state
from .registry import OPS
from .tensor import Array, Tensor, as_tensor, convert_to_tensor
from .tensor_shape import TensorShape

# -- branches


def _callable(name: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{name!r} must be callable, got {f!r}")


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """`true_fn()` if the scalar `pred` holds, else `false_fn()`. Reference: tf.cond.

    >>> import gputape as tf
    >>> tf.cond(tf.constant(1) < 2, lambda: "less", lambda: "not less")
    'less'
    """
    _callable("true_fn", true_fn)
    _callable("false_fn", false_fn)
    return true_fn() if pred else false_fn()


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:
    """The result of the first function whose predicate holds, else of `default`. Reference: tf.case.

    pred_fn_pairs: a list of pairs of a bool scalar and a function. exclusive: whether at most one may hold. A list or
    tuple of one result is unpacked unless `strict`. InvalidArgumentError if none holds and there is no default.
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs and default is None:
        raise ValueError("case: pred_fn_pairs is empty and there is no default: nothing to run")
    for pred, f in pairs:
        _callable("fn", f)
        if as_tensor(pred)._array.dtype != np.bool_:
            raise TypeError(f"case: predicates must be bool scalars, got {pred!r}: compare first, e.g. x != 0")
    if exclusive and sum(bool(pred) for pred, _ in pairs) > 1:
        raise InvalidArgumentError(
            f"case: exclusive=True, but more than one predicate holds: {[bool(p) for p, _ in pairs]}"
        )
    chosen = next((f for pred, f in pairs if pred), default)
    if chosen is None:
        raise InvalidArgumentError(f"case: none of the {len(pairs)} conditions holds, and there is no default")
    result = chosen()
    return result[0] if not strict and isinstance(result, (list, tuple)) and len(result) == 1 else result


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case") -> Any:
    """`branch_fns[branch_index]()`; out of range: `default`, or the last branch. Reference: tf.switch_case.

    branch_fns: a list of functions, a dict, or a list of pairs of index and function.
    """
    if not isinstance(branch_index, Array):
        raise TypeError(f"'branch_index' must be a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(f"'branch_index' must be an integer Tensor, got {branch_index.dtype}")
    pairs = list(branch_fns.items() if isinstance(branch_fns, dict) else branch_fns)
    branches = dict(pairs if pairs and isinstance(pairs[0], tuple) else enumerate(pairs))
    for f in branches.values():
        _callable("branch_fns", f)
    if sorted(branches) != list(range(len(branches))):
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(branches)}) but found {sorted(branches)}"
        )
    return branches.get(int(branch_index), default or branches[len(branches) - 1])()


# -- loops


def _unconnected(back_prop: bool, result: Any) -> Any:
    return result if back_prop else nest.map_structure(OPS["stop_gradient"], result)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeat `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds. Reference: tf.while_loop.

    Returns the last values, as tensors. `shape_invariants`, `parallel_iterations` and `swap_memory` are accepted.

    >>> import gputape as tf
    >>> i, total = tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (tf.constant(0), tf.constant(0)))
    >>> int(total)
    6
    """
    _callable("cond", cond)
    _callable("body", body)
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    values, limit, count = loop_vars, static(maximum_iterations), 0
    while (limit is None or count < limit) and cond(*values):
        values = body(*values)
        if not isinstance(values, (list, tuple)):
            values = type(loop_vars)([values])
        nest.assert_same_structure(list(loop_vars), list(values))
        count += 1
    made = nest.map_structure(lambda x: x if isinstance(x, TensorArray) else as_tensor(x), values)
    return _unconnected(back_prop, made)


def _elements(name: str, elems: Any) -> tuple[list[Any], int]:
    """The nest `elems` taken apart along the first axis, and how many there are."""
    if isinstance(elems, RaggedTensor):
        return list(elems), len(elems)
    flat = [as_tensor(x) for x in nest.flatten(elems)]
    if not flat or any(x._array.ndim == 0 for x in flat):
        raise ValueError(f"{name}: Elements in elems must be 1+ dimensional Tensors, not scalars")
    sizes = [x._array.shape[0] for x in flat]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"{name}: Dimensions {sizes[0]} and {next(s for s in sizes if s != sizes[0])} are not compatible: "
            f"all elems need the same first dimension"
        )
    parts = [OPS["unstack"](x) if sizes[0] else [] for x in flat]
    return [nest.pack_sequence_as(elems, list(item)) for item in zip(*parts, strict=True)], sizes[0]


def _joined(items: list[Any]) -> Any:
    """Structures of equal shape, stacked leaf by leaf."""
    columns = zip(*[nest.flatten(item) for item in items], strict=True)
    return nest.pack_sequence_as(items[0], [OPS["stack"](list(column)) for column in columns])


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: Any = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` of each slice of `elems` (a tensor or a nest) along the first axis, results stacked. Reference: tf.map_fn.

    fn_output_signature (or `dtype`): the structure and dtypes of the results, needed where they differ from those of
    `elems`: dtypes or tf.TensorSpecs. InvalidArgumentError for results of another dtype, ValueError for another
    structure or other shapes. A tf.RaggedTensorSpec, or the rows of a RaggedTensor without a signature, may give
    results of different lengths: they make a RaggedTensor.

    >>> import gputape as tf
    >>> tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3])).numpy()
    array([1, 4, 9], dtype=int32)
    """
    _callable("fn", fn)
    signature = dtype if fn_output_signature is None else fn_output_signature
    items, _ = _elements("map_fn", elems)
    wanted = elems if signature is None else signature
    specs = nest.flatten(wanted)

    def dtype_of(spec: Any) -> Any:
        if signature is None:
            return (spec if isinstance(spec, RaggedTensor) else as_tensor(spec)).dtype
        return as_dtype(spec) if isinstance(spec, (str, type)) else spec.dtype

    dtypes = [dtype_of(s) for s in specs]
    if not items:
        shapes = [tuple(s.shape) if signature is not None and hasattr(s, "shape") else () for s in specs]
        empty = [OPS["zeros"]((0, *s), d) for s, d in zip(shapes, dtypes, strict=True)]
        return nest.pack_sequence_as(wanted, empty)
    made = []
    for item in items:
        result = fn(item)
        nest.assert_same_structure(wanted, result)
        made.append([_of_dtype(y, d) for d, y in zip(dtypes, nest.flatten(result), strict=True)])
    columns = [
        ragged_stack(list(column))
        if isinstance(spec, (RaggedTensor, RaggedTensorSpec))
        else _column("map_fn", list(column))
        for column, spec in zip(zip(*made, strict=True), specs, strict=True)
    ]
    return _unconnected(back_prop, nest.pack_sequence_as(wanted, columns))


def _of_dtype(y: Any, dtype: Any) -> Any:
    return y if isinstance(y, RaggedTensor) and y.dtype == dtype else TensorArray(dtype, 1).write(0, y).read(0)


def _column(name: str, tensors: list[Any]) -> Any:
    shape = tensors[0]._array.shape
    for t in tensors:
        if t._array.shape != shape:
            raise ValueError(
                f"{name}: Incompatible shape for value ({t._array.shape}), expected ({shape}): "
                f"results must be alike to be stacked"
            )
    return OPS["stack"](tensors)


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All partial results of folding `elems` along the first axis with `fn(accumulated, element)`, stacked.

    initializer: what `accumulated` starts from; default the first element, which then is the first result. reverse:
    whether to go from the last element to the first; results stay in the order of `elems`. Reference: tf.scan.

    >>> import gputape as tf
    >>> tf.scan(lambda total, x: total + x, tf.constant([1, 2, 3])).numpy()
    array([1, 3, 6], dtype=int32)
    """
    partial, last = _fold("scan", fn, elems, initializer, reverse)
    if not partial:
        return nest.map_structure(lambda x: OPS["zeros"]((0, *x._array.shape), x.dtype), last)
    return _unconnected(back_prop, _joined(partial[::-1] if reverse else partial))


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(... fn(fn(initializer, elems[0]), elems[1]) ..., elems[-1])`. Reference: tf.foldl."""
    return _unconnected(back_prop, _fold("foldl", fn, elems, initializer, False)[1])


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, from the last element to the first. Reference: tf.foldr."""
    return _unconnected(back_prop, _fold("foldr", fn, elems, initializer, True)[1])


def _fold(name: str, fn: Any, elems: Any, initializer: Any, reverse: bool) -> tuple[list[Any], Any]:
    """All accumulated values in the order of the work, and the last one."""
    _callable("fn", fn)
    items, _ = _elements(name, elems)
    if reverse:
        items.reverse()
    made = []
    if initializer is None:
        if not items:
            raise OutOfRangeError(f"{name}: elems has no elements, and there is no initializer to start from")
        made, items = items[:1], items[1:]
    last = made[0] if made else nest.map_structure(as_tensor, initializer)
    for item in items:
        result = fn(last, item)
        nest.assert_same_structure(last, result)
        last = nest.map_structure(as_tensor, result)
        made.append(last)
    return made, last


# -- a list of tensors


class TensorArray:
    """A list of tensors of one dtype, written and read by index; `stack` makes one tensor. Reference: tf.TensorArray.

    Args:
        dtype: of all elements.
        size: how many there are.
        dynamic_size: whether writing past the end makes it longer. Default False: OutOfRangeError.
        clear_after_read: whether an element is let go once it was read. Default True: reading twice is an error.
        infer_shape: whether all elements must have the shape of the first. Default True.
        element_shape: that shape, if it is known before; elements that were never written are zeros of it.

    Methods that write return the array itself.

    >>> import gputape as tf
    >>> squares = tf.TensorArray(tf.int32, size=3)
    >>> for i in range(3):
    ...     squares = squares.write(i, i * i)
    >>> squares.stack().numpy()
    array([0, 1, 4], dtype=int32)
    """

    handle = None

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if size is None:
            raise ValueError("Size must be declared for TensorArrays when eager execution is enabled.")
        self._dtype = as_dtype(dtype)
        self._items: list[Any] = [None] * static(size)
        self._cleared: set[int] = set()
        self._dynamic = bool(dynamic_size)
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._infer = infer_shape
        self._shape = TensorShape(element_shape)

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def dynamic_size(self) -> bool:
        return self._dynamic

    @property
    def element_shape(self) -> TensorShape:
        return self._shape

    @property
    def flow(self) -> Tensor:
        return as_tensor(0)

    def size(self, name: str | None = None) -> Tensor:
        return as_tensor(np.asarray(len(self._items), np.int32))

    def identity(self) -> TensorArray:
        return self

    def close(self, name: str | None = None) -> None:
        self._items = []

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Set element `index`; InvalidArgumentError for another dtype, ValueError for another shape."""
        k = static(index)
        if k < 0:
            raise OutOfRangeError(f"Writing to negative indices (index {k}) is not allowed.")
        if k >= len(self._items):
            if not self._dynamic:
                raise OutOfRangeError(
                    f"Tried to write to index {k} but array is not resizeable and size is: {len(self._items)}"
                )
            self._items += [None] * (k + 1 - len(self._items))
        tensor = as_tensor(value) if isinstance(value, Array) else convert_to_tensor(value, self._dtype)
        if tensor.dtype != self._dtype:
            raise InvalidArgumentError(
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype {tensor.dtype.name}: use tf.cast"
            )
        if not self._shape.is_compatible_with(tensor.shape):
            raise ValueError(f"Incompatible shape for value ({tensor.shape}), expected ({self._shape})")
        if self._infer and not self._shape.is_fully_defined():
            self._shape = tensor.shape
        self._items[k] = tensor
        self._cleared.discard(k)
        return self

    def _filled(self, k: int) -> Any:
        """Element `k`, zeros if it was never written."""
        if k in self._cleared:
            raise InvalidArgumentError(
                f"Could not read index {k} twice because it was cleared after a previous read (perhaps try setting "
                f"clear_after_read = false?)"
            )
        if self._items[k] is None:
            if not self._shape.is_fully_defined():
                raise ValueError(f"TensorArray: element {k} was never written, and the shape of elements is not known")
            return OPS["zeros"](self._shape, self._dtype)
        return self._items[k]

    def read(self, index: Any, name: str | None = None) -> Any:
        """Element `index`; OutOfRangeError past the end."""
        k = static(index)
        if k < 0:
            raise OutOfRangeError(f"Reading from negative indices (index {k}) is not allowed.")
        if k >= len(self._items):
            raise OutOfRangeError(f"Tried to read from index {k} but array size is: {len(self._items)}")
        value = self._filled(k)
        if self._clear:
            self._items[k] = None
            self._cleared.add(k)
        return value

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements at `indices`, stacked."""
        return _column("TensorArray.gather", [self._filled(k) for k in static(indices)])

    def stack(self, name: str | None = None) -> Any:
        """All elements, stacked along a new first axis."""
        if not self._items:
            return OPS["zeros"]((0, *(self._shape if self._shape.rank else ())), self._dtype)
        return _column("TensorArray.stack", [self._filled(k) for k in range(len(self._items))])

    def concat(self, name: str | None = None) -> Any:
        """All elements, one after the other along their first axis."""
        return OPS["concat"]([self._filled(k) for k in range(len(self._items))], 0)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Set all elements from the slices of `value` along its first axis."""
        return self._set(OPS["unstack"](convert_to_tensor(value, self._dtype)))

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Set all elements from pieces of `value` of the given lengths along its first axis."""
        parts = OPS["split"](convert_to_tensor(value, self._dtype), list(static(lengths)))
        self._infer = self._infer and len(set(static(lengths))) < 2
        return self._set(parts)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Set the elements at `indices` from the slices of `value` along its first axis."""
        for k, part in zip(static(indices), OPS["unstack"](convert_to_tensor(value, self._dtype)), strict=True):
            self.write(k, part)
        return self

    def _set(self, parts: Any) -> TensorArray:
        if len(parts) > len(self._items) and not self._dynamic:
            raise ValueError(
                f"Cannot unstack {len(parts)} tensors into a TensorArray of static size {len(self._items)}"
            )
        self._items = [None] * len(parts)
        self._cleared.clear()
        for k, part in enumerate(parts):
            self.write(k, part)
        return self


# -- order and Python code


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Accepted: ops run in the order in which they are written, always. Functions among `control_inputs` are called."""
    for x in control_inputs or ():
        if callable(x) and not isinstance(x, Array):
            x()
    yield


def group(*inputs: Any, **kwargs: Any) -> None:
    """Accepted: what was called has run. Reference: tf.group."""
    if kwargs.keys() - {"name"}:
        raise ValueError(f"group: unknown keyword arguments {sorted(kwargs.keys() - {'name'})}; only `name` is taken")


def no_op(name: str | None = None) -> None:
    """Nothing. Reference: tf.no_op."""


def tuple_(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors as a list. Reference: tf.tuple."""
    return [None if x is None else as_tensor(x) for x in tensors]


class PythonCode:
    """What recorders are told before foreign Python code runs: nothing that a replay could repeat."""

    name, dynamic, differentiable = "py_function", True, False


def _announce() -> None:
    for recorder in state.stack:
        recorder.record(cast(Any, PythonCode), (), (), {})


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None) -> Any:
    """`func(*inp)` on tensors, its results converted to the dtypes `Tout`. Reference: tf.py_function.

    Ops in `func` have gradients. A recorded function that calls it runs eagerly, so `func` runs at every call.
    Without `func` it is a decorator: `@tf.py_function(Tout=tf.float32)`.

    >>> import gputape as tf
    >>> tf.py_function(lambda x: x * 2.0, [tf.constant(3.0)], tf.float32).numpy()
    np.float32(6.0)
    """
    if func is None:
        return _decorator(py_function, Tout=Tout, name=name)
    _callable("func", func)
    _announce()
    result = func(*[as_tensor(x) for x in inp or ()])
    if isinstance(Tout, (list, tuple)):
        results = list(result) if isinstance(result, (list, tuple)) else [] if result is None else [result]
        if len(results) != len(Tout):
            raise InvalidArgumentError(f"py_function: func returned {len(results)} values, Tout has {len(Tout)}")
        return [_converted(y, t) for y, t in zip(results, Tout, strict=True)]
    return None if Tout is None else _converted(result, Tout)


def _decorator(call: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """A decorator that lets a function be called on tensors by `call`."""

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        return functools.wraps(func)(lambda *inp: call(func, inp, **options))

    return decorate


def _converted(y: Any, dtype: Any) -> Any:
    try:
        if isinstance(y, (np.ndarray, np.generic)):
            y = np.asarray(y).astype(as_dtype(dtype).numpy)
        return convert_to_tensor(y, as_dtype(dtype))
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"py_function: Tout is {as_dtype(dtype).name}: {error}") from error


def numpy_function(
    func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True, name: str | None = None
) -> Any:
    """`func(*inp)` on NumPy arrays, its results as tensors; gradients do not pass. Reference: tf.numpy_function.

    Results keep the dtypes that `func` gave them, Python numbers become float32 and int32, as in eager TensorFlow.
    Without `func` it is a decorator: `@tf.numpy_function(Tout=tf.float32)`.
    """
    if func is None:
        return _decorator(numpy_function, Tout=Tout, stateful=stateful, name=name)
    _callable("func", func)
    _announce()
    result = func(*[as_tensor(x).numpy() for x in inp or ()])
    if isinstance(result, (list, tuple)):
        return [as_tensor(y) for y in result]
    return None if result is None else as_tensor(result)


_PUBLIC = (cond, case, switch_case, while_loop, map_fn, scan, foldl, foldr, TensorArray)
_PUBLIC = (*_PUBLIC, control_dependencies, group, no_op, py_function, numpy_function)  # type: ignore[assignment]
NAMES: dict[str, Any] = {**{f"tf.{f.__name__}": f for f in _PUBLIC}, "tf.tuple": tuple_}
