"""Symbolic tensors: the graph that `Input` and calls on symbolic tensors build.

A KerasTensor knows its shape and dtype and which call made it. Any op of gputape, any layer and any Python operator
that meets one makes a Node instead of a value; keras.Model turns the nodes between inputs and outputs into a function.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from gputape.errors import InvalidArgumentError

from . import tree
from .backend import standardize_dtype, standardize_shape
from .functions import function_at, function_path
from .operators import ARITHMETIC, COMPARISONS, OF_ONE, operator
from .scopes import auto_name, checked_name
from .serialization import deserialize_keras_object, serialize_keras_object

KerasHistory = namedtuple("KerasHistory", ["operation", "node_index", "tensor_index"])
Arguments = namedtuple("Arguments", ["args", "kwargs"])  # of a call


def default(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: marks a method that subclasses may leave as it is, so that `is_default` can tell."""
    method._is_default = True  # type: ignore[attr-defined]
    return method


def is_default(method: Any) -> bool:
    return getattr(method, "_is_default", False)


class KerasTensor:
    """A tensor without values: a shape in which None stands for any size, a dtype, and the call that made it.

    Args:
        shape: tuple of ints and None.
        dtype: default "float32".
        sparse, ragged: accepted for the signature; only dense tensors exist here.
        name: default "keras_tensor", made unique.

    >>> import gputape as tf
    >>> x = tf.keras.Input((3,))
    >>> (x @ tf.ones((3, 5))).shape
    (None, 5)
    """

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["shape"] = standardize_shape(shape)
        self.__dict__["dtype"] = standardize_dtype(dtype)
        self.__dict__["sparse"] = bool(sparse)
        self.__dict__["ragged"] = bool(ragged)
        self.name = name or auto_name(type(self).__name__)
        self.record_history = record_history

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("shape", "dtype", "sparse", "ragged"):
            raise AttributeError(
                f"The `{name}` attribute of KerasTensor is immutable. One should create a new instance of KerasTensor "
                "for this."
            )
        object.__setattr__(self, name, value)

    shape: tuple[int | None, ...]
    dtype: str
    sparse: bool
    ragged: bool
    _keras_history: KerasHistory  # absent until a node makes or takes the tensor

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def get_shape(self) -> Any:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Fill in sizes that are known after all."""
        given = standardize_shape(shape)
        if len(given) != len(self.shape) or any(None not in (a, b) and a != b for a, b in zip(self.shape, given)):
            raise ValueError(f"Shapes {self.shape} and {given} are not compatible")
        self.__dict__["shape"] = tuple(b if a is None else a for a, b in zip(self.shape, given))

    def __gputape_op__(self, op: Any, args: Any, kwargs: Any) -> Any:
        """An op met this tensor: a node for the op."""
        return FunctionOperation(op)(*args, **kwargs)

    def reshape(self, newshape: Any) -> Any:
        return operator("reshape")(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        return operator("squeeze")(self, axis)

    def _no_value(self, what: str) -> Any:
        raise ValueError(
            "A KerasTensor is symbolic: it's a placeholder for a shape and a dtype. It doesn't have any actual "
            "numerical "
            f"value. You cannot {what}."
        )

    def __int__(self) -> int:
        return self._no_value("convert it to an int")

    def __float__(self) -> float:
        return self._no_value("convert it to a float")

    def __index__(self) -> int:
        return self._no_value("use it as an index")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self._no_value("convert it to a NumPy array")

    def __bool__(self) -> bool:
        raise TypeError("A symbolic KerasTensor cannot be used as a boolean.")

    def __iter__(self) -> Any:
        raise NotImplementedError("Iterating over a symbolic KerasTensor is not supported.")

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError("A symbolic KerasTensor has no length: its first size is not known.")
        return self.shape[0]

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, ragged={self.ragged}, "
            f"name={self.name}>"
        )

    __array_priority__ = 200.0


def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
    """Whether a KerasTensor is among the (nested) arguments."""
    return any(isinstance(x, KerasTensor) for x in tree.flatten((args or (), kwargs or {})))


class Operation:
    """A named step of a graph: a layer, or a function of tensors.

    Called on symbolic tensors it adds a Node and returns symbolic outputs; otherwise it runs `call`.
    """

    _init_arguments: Any = ((), {})

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = object.__new__(cls)
        made.__dict__["_init_arguments"] = (args, kwargs)  # for `get_config` of users' classes
        return made

    def __init__(self, name: str | None = None) -> None:
        self.name = checked_name(name if name is not None else auto_name(type(self).__name__))
        self.__dict__["_inbound_nodes"] = []
        self.__dict__["_outbound_nodes"] = []

    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic_tensors(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors like the outputs of `call` on tensors like the arguments."""
        from .inference import compute_output_spec

        try:
            return compute_output_spec(self.call, *args, **kwargs)
        except Exception as error:
            kind = type(self).__name__
            told = (
                f"Could not automatically infer the output shape / dtype of '{self.name}' (of type {kind}). Either the "
                f"`{kind}.call()` method is incorrect, or you need to implement the `{kind}.compute_output_spec() / "
                f"compute_output_shape()` method. Error encountered:\n\n{error}"
            )
            if isinstance(error, InvalidArgumentError):  # without data it is the shapes that do not fit
                raise ValueError(told) from error
            raise retold(error, told) from error

    @default
    def get_config(self) -> dict[str, Any]:
        from .layers.config import user_config

        return user_config(self, {"name": self.name})

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)

    @property
    def input(self) -> Any:
        """The symbolic input of the first call; a list of them if there are several."""
        return self._at_first_node("input_tensors", "input")

    @property
    def output(self) -> Any:
        """The symbolic output of the first call; a list of them if there are several."""
        return self._at_first_node("outputs", "output")

    def _at_first_node(self, attribute: str, told: str) -> Any:
        if not self._inbound_nodes:
            raise AttributeError(f"The layer {self.name} has never been called and thus has no defined {told}.")
        values = getattr(self._inbound_nodes[0], attribute)
        return values[0] if isinstance(values, list) and len(values) == 1 else values

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


def retold(error: Exception, message: str) -> Exception:
    """An exception of the kind of `error` that says `message`; a RuntimeError if that kind wants other arguments."""
    try:
        made = type(error)(message)
    except Exception:
        made = RuntimeError(message)
    return made.with_traceback(error.__traceback__)


class FunctionOperation(Operation):
    """A function of tensors as a step of a graph: what an op of gputape makes of KerasTensors."""

    _keras_module = "keras.src.ops.function"

    def __init__(self, function: Any, name: str | None = None, **fixed: Any) -> None:
        super().__init__(name or auto_name(getattr(function, "name", None) or function.__name__))
        self.function = function
        self.fixed = fixed  # keyword arguments of every call

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs, **self.fixed)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "function": function_path(self.function), **serialize_keras_object(self.fixed)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        function = function_at(config.pop("function"))
        return cls(function, config.pop("name"), **{k: deserialize_keras_object(v) for k, v in config.items()})


class Node:
    """One call of an operation: its arguments, and the symbolic tensors that came out."""

    def __init__(self, operation: Any, call_args: Any = (), call_kwargs: Any = None, outputs: Any = None) -> None:
        self.operation = operation
        self.arguments = Arguments(*tree.map_structure(lambda x: x, (tuple(call_args), call_kwargs or {})))
        self.outputs: list[Any] = [] if outputs is None else tree.flatten(outputs)
        self.input_tensors = [x for x in tree.flatten(self.arguments) if isinstance(x, KerasTensor)]
        for x in self.outputs:
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All operation outputs must be tensors. Operation {operation} returned a non-tensor. "
                    f"Non-tensor received: {x}"
                )
        recorded = all(x.record_history for x in self.input_tensors)
        for x in self.input_tensors:
            if recorded and not hasattr(x, "_keras_history"):
                x._keras_history = KerasHistory(None, 0, 0)
            inbound = getattr(x, "_keras_history", (None,))[0]
            if inbound is not None:
                inbound._outbound_nodes.append(self)
        operation._inbound_nodes.append(self)
        if recorded:
            for k, x in enumerate(self.outputs):
                x._keras_history = KerasHistory(operation, len(operation._inbound_nodes) - 1, k)
        self.is_input = not self.input_tensors

    output_tensors = property(lambda self: self.outputs)

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes whose outputs this one uses."""
        histories = [x._keras_history for x in self.input_tensors]
        return [h.operation._inbound_nodes[h.node_index] for h in histories if h.operation is not None]

    def fill_in(self, values: dict[int, Any]) -> tuple[Any, Any]:
        """The arguments with values in the place of symbolic tensors; `values` maps ids."""
        args, kwargs = self.arguments
        if not kwargs and len(args) == 1 and isinstance(args[0], KerasTensor):
            return (values[id(args[0])],), {}

        def value(x: Any) -> Any:
            return values.get(id(x)) if isinstance(x, KerasTensor) else x

        return tree.map_structure(value, args), tree.map_structure(value, kwargs)

    def __repr__(self) -> str:
        return f"<Node operation={self.operation.name}, id={id(self)}>"


for _method, _name in ARITHMETIC.items():
    setattr(KerasTensor, f"__{_method}__", operator(_name))
    setattr(KerasTensor, f"__r{_method}__", operator(_name, reflected=True))
# No __eq__: symbolic tensors are compared by identity, so that they can be looked for in lists and dicts.
for _method, _name in {**COMPARISONS, **OF_ONE}.items():
    setattr(KerasTensor, f"__{_method}__", operator(_name))
