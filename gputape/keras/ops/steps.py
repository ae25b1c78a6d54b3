"""Functions of keras.ops as steps of a graph: a class per function, with the name and config that Keras's files have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import Operation, any_symbolic_tensors
from .matrices import LINALG

# Parameters that hold tensors: arguments of the step. All others are attributes of it, and stand in its config.
_INPUTS = {
    "a", "abs_", "angle", "array", "b", "beta", "bias", "bins", "boxes", "choicelist", "condition", "condlist",
    "constant_values", "coordinates", "data", "default", "depthwise_kernel", "elements", "elems", "end_points", "f",
    "false_fn", "fun", "gamma", "image1", "image2", "images", "index", "indices", "init", "init_val", "inputs",
    "kernel", "key", "loop_vars", "mask", "mean", "operands", "output", "output_length", "output_shape",
    "pointwise_kernel", "pred", "predictions", "primals", "q", "query", "scale", "segment_ids", "sequence_lengths",
    "sorted_sequence", "start", "start_indices", "start_points", "step", "stop", "tangents", "target",
    "target_length", "targets", "transform", "translation", "true_fn", "updates", "value", "values", "variable",
    "variance", "weights", "x", "x1", "x2", "xs", "y",
}  # fmt: skip
_ATTRIBUTES = {  # where a name above is an attribute after all
    ("bincount", "weights"), ("histogram", "bins"), ("squareplus", "b"), ("trapezoid", "x"),
}  # fmt: skip
_FURTHER_INPUTS = {
    ("batch_normalization", "offset"), ("full", "fill_value"), ("full_like", "fill_value"), ("isclose", "atol"),
    ("isclose", "rtol"), ("rearrange", "tensor"), ("switch", "branches"),
}  # fmt: skip
_CLASS_NAMES = {
    "allclose": "AllClose", "batch_normalization": "BatchNorm", "cdist": "CDist", "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss", "fft": "FFT", "fft2": "FFT2", "hsv_to_rgb": "HSVToRGB", "ifft2": "IFFT2", "irfft": "IRFFT",
    "isin": "IsIn", "istft": "ISTFT", "layer_normalization": "LayerNorm", "rfft": "RFFT",
    "rgb_to_grayscale": "RGBToGrayscale", "rgb_to_hsv": "RGBToHSV", "rms_normalization": "RMSNorm",
    "jvp": "JVP", "psnr": "PSNR", "searchsorted": "SearchSorted", "ssim": "SSIM", "stft": "STFT", "svd": "SVD",
}  # fmt: skip
# The module of Keras that has a function: "numpy" unless its name or the file where we have it tells otherwise.
_MODULES = {
    **dict.fromkeys((*LINALG, "jvp"), "linalg"),
    **dict.fromkeys(("cdist", "erf", "erfc", "erfinv", "in_top_k", "logdet", "logsumexp", "rsqrt", "top_k"), "math"),
    **dict.fromkeys(("view_as_complex", "view_as_real"), "math"),
    **{"moments": "nn", "polar": "nn", "psnr": "nn", "size": "numpy", "unstack": "core"},
}
_FILES = {
    "core": "core", "ctc": "nn", "einops": "einops", "filters": "image", "image": "image", "math": "math",
    "networks": "nn", "spectra": "math", "warp": "image",
}  # fmt: skip

_functions: dict[str, tuple[str, Callable[..., Any]]] = {}  # by the name of their class: name, function


class Step(Operation):
    """A call of one function of keras.ops: tensors are its arguments, all else its attributes."""

    function: Callable[..., Any]
    signature: inspect.Signature
    inputs: tuple[str, ...]  # the parameters that hold tensors
    further: str | None  # the name of its **parameter
    _keras_module: str

    def __init__(self, *args: Any, name: str | None = None, **attributes: Any) -> None:
        super().__init__(name)
        parameters = self.signature.parameters
        own = [p for n, p in parameters.items() if n not in self.inputs and n != self.further]
        bound = inspect.Signature(own).bind(*args, **attributes)
        bound.apply_defaults()
        self.attributes = dict(bound.arguments)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        parameters = self.signature.parameters
        if self.inputs and parameters[self.inputs[-1]].kind is inspect.Parameter.VAR_POSITIONAL:
            fixed = len(self.inputs) - 1
            args = (*args[:fixed], args[fixed:])
        values = {**self.attributes, **dict(zip(self.inputs, args)), **kwargs}
        ordered = {n: values.pop(n) for n in parameters if n in values}
        if self.further:
            ordered[self.further] = values
        bound = inspect.BoundArguments(self.signature, ordered)
        return self.function(*bound.args, **bound.kwargs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **serialize_keras_object(self.attributes)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**{k: deserialize_keras_object(v) for k, v in config.items()})


def _holds_tensors(name: str, parameter: str) -> bool:
    return (parameter in _INPUTS and (name, parameter) not in _ATTRIBUTES) or (name, parameter) in _FURTHER_INPUTS


def _class_name(name: str) -> str:
    return _CLASS_NAMES.get(name) or "".join(word.capitalize() for word in name.split("_"))


@functools.cache
def step_class(class_name: str) -> Any:
    """The class of this name, such as "Add" for keras.ops.add; None if there is none."""
    if class_name not in _functions:
        return None
    name, function = _functions[class_name]
    signature = inspect.signature(function)
    module = _MODULES.get(name) or _FILES.get(function.__module__.rpartition(".")[2], "numpy")
    further = [n for n, p in signature.parameters.items() if p.kind is inspect.Parameter.VAR_KEYWORD]
    members = {
        "function": staticmethod(function),
        "signature": signature,
        "inputs": tuple(n for n in signature.parameters if _holds_tensors(name, n)),
        "further": further[0] if further else None,
        "_keras_module": f"keras.src.ops.{module}",
    }
    return type(class_name, (Step,), members)


def operation(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """Decorator: calls with a KerasTensor among the arguments become one step, under `name` or the function's own."""
    name = name or function.__name__
    class_name = _class_name(name)
    _functions[class_name] = name, function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic_tensors(args, kwargs):
            return _add_step(step_class(class_name), args, kwargs)
        return function(*args, **kwargs)

    return call


def _add_step(cls: Any, args: Any, kwargs: Any) -> Any:
    """A node for a call: its tensors by position; a symbolic tensor in the place of an attribute is one of them too."""
    given = dict(cls.signature.bind(*args, **kwargs).arguments)
    named: dict[str, Any] = given.pop(cls.further, {})
    attributes: dict[str, Any] = {}
    for name, value in given.items():
        if name not in cls.inputs:
            (named if any_symbolic_tensors(value) else attributes)[name] = value
    last = max((k for k, n in enumerate(cls.inputs) if n in given), default=-1)
    parameters = cls.signature.parameters
    tensors: list[Any] = []
    for name in cls.inputs[: last + 1]:
        value = given.get(name, parameters[name].default)
        tensors += value if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL else [value]
    unset = {n: None for n in named if n in parameters and parameters[n].default is inspect.Parameter.empty}
    return cls(**unset, **attributes)(*tensors, **named)
