"""Around a layer's `call`: its arguments by name, shapes for `build`, values handed down, told errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import gputape as tf

from .. import tree
from ..backend import standardize_shape
from ..symbolic import KerasTensor, is_default, retold

_TENSORS = (tf.Tensor, KerasTensor, tf.Variable, tf.RaggedTensor, tf.SparseTensor)


def is_tensor_like(x: Any, allow_none: bool = False) -> bool:
    return isinstance(x, _TENSORS) or (allow_none and x is None)


class CallContext:
    """The outermost running layer, and the values (such as `training`) that reach the layers inside it."""

    def __init__(self, entry_layer: Any) -> None:
        self.entry_layer = entry_layer
        self.values: dict[str, Any] = {}


class CallSpec:
    """The arguments of one call by name, and which of them are tensors (or nests of tensors)."""

    def __init__(self, signature: inspect.Signature, context_args: Any, args: Any, kwargs: dict[str, Any]) -> None:
        unknown = {k: kwargs.pop(k) for k in context_args if k in kwargs and k not in signature.parameters}
        bound = signature.bind(*args, **kwargs)
        self.user_arguments_dict = {**unknown, **bound.arguments}
        bound.apply_defaults()
        self.arguments_dict = dict(bound.arguments)
        self.tensor_arguments_dict: dict[str, Any] = {}
        self.nested: set[str] = set()
        for name, value in self.arguments_dict.items():
            if is_tensor_like(value):
                self.tensor_arguments_dict[name] = value
            elif tree.is_nested(value) and len(value):
                flat = tree.flatten(value)
                if all(is_tensor_like(x, allow_none=True) for x in flat):
                    self.tensor_arguments_dict[name] = value
                    self.nested.add(name)
                elif any(is_tensor_like(x) for x in flat):
                    raise ValueError(
                        "In a nested call() argument, you cannot mix tensors and non-tensors. Received invalid mixed "
                        f"argument: {name}={value}"
                    )
        self.first_arg = next(iter(self.arguments_dict.values()), None)

    def shapes(self) -> dict[str, Any]:
        """{"x_shape": shape of the argument x, ...} of the tensor arguments, masks left out."""
        found = {}
        for name, value in self.tensor_arguments_dict.items():
            if name not in ("mask", "args", "kwargs"):
                found[f"{name}_shape"] = tree.map_structure(_shape, value) if name in self.nested else _shape(value)
        return found

    def shapes_for(self, method: Callable[..., Any], class_name: str) -> dict[str, Any]:
        """The shapes as arguments of `build` or `compute_output_shape`: by name, or the first if it takes one only."""
        shapes = self.shapes()
        if is_default(method):
            return {}
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names = [n for n, p in inspect.signature(method).parameters.items() if p.kind not in kinds]
        if len(names) == 1:
            return {names[0]: next(iter(shapes.values()), None)}
        told = (
            f"For a `{method.__name__}()` method with more than one argument, all arguments should have a `_shape` "
            "suffix "
            f"and match an argument from `call()`. E.g. `{method.__name__}(self, foo_shape, bar_shape)` "
        )
        for name in names:
            if not name.endswith("_shape"):
                raise ValueError(
                    f"{told} For layer '{class_name}', Received `{method.__name__}()` argument `{name}`, which does "
                    "not "
                    "end in `_shape`."
                )
            if name.removesuffix("_shape") not in self.arguments_dict:
                raise ValueError(
                    f"{told} For layer '{class_name}', received `{method.__name__}()` argument `{name}`, but `call()` "
                    f"does not have argument `{name.removesuffix('_shape')}`."
                )
        return {name: shapes[name] for name in names if name in shapes}


def _shape(x: Any) -> Any:
    return None if x is None else standardize_shape(x.shape)


def specs_from_shapes(shapes: Any, dtype: str, class_name: str) -> Any:
    """KerasTensors for what `compute_output_shape` returned: a shape, or a nest of shapes."""
    if hasattr(shapes, "as_list"):  # a tf.TensorShape
        shapes = tuple(shapes)
    if not isinstance(shapes, (list, tuple, dict)):
        try:
            shapes = tuple(shapes)
        except TypeError:
            raise ValueError(
                f"Method `compute_output_shape()` of layer {class_name} is returning a type that cannot be "
                "interpreted as "
                f"a shape. It should return a shape tuple. Received: {shapes}"
            ) from None
    return tree.map_shape_structure(lambda s: KerasTensor(s, dtype=dtype), shapes)


_TOLD = "Exception encountered when calling "


def explained(error: Exception, layer: Any, args: Any, kwargs: Any) -> Exception:
    """`error` with the layer and the arguments of the call; told once, by the innermost layer."""
    if str(error).startswith(_TOLD):
        return error
    where = f"{type(layer).__name__}.call()"
    try:
        bound = layer._call_signature.bind(*args, **kwargs).arguments
    except TypeError:
        bound = {f"args[{k}]": a for k, a in enumerate(args)} | kwargs
    told = "\n".join(f"  • {name}={_described(value)}" for name, value in bound.items())
    return retold(error, f"{_TOLD}{where}, layer '{layer.name}'.\n\n{error}\n\nArguments received by {where}:\n{told}")


def _described(value: Any) -> str:
    def leaf(x: Any) -> Any:
        if isinstance(x, (tf.Tensor, tf.Variable)):
            return f"tf.Tensor(shape={tuple(x.shape)}, dtype={x.dtype.name})"
        return x if isinstance(x, KerasTensor) else repr(x)

    return str(tree.map_structure(leaf, value)).replace('"', "")
