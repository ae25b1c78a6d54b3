"""gputape: GPU-first array autodiff on CuPy under TensorFlow's names. `import gputape as tf`.

Importing needs neither CUDA nor CuPy; arrays live on the GPU when there is one and in NumPy otherwise.
"""

from __future__ import annotations

import importlib as _importlib
import pkgutil as _pkgutil
from typing import Any as _Any

from . import custom as _custom
from . import device as _device
from . import dtypes as _dtypes
from . import errors, nest, ops, testing
from . import function as _function
from . import module as _module
from . import tape as _tape
from . import tensor as _tensor
from .api import build as _build
from .errors import unknown_name as _unknown_name
from .tensor_shape import TensorShape
from .tensor_spec import IndexedSlicesSpec, TensorSpec, TypeSpec, type_spec_from_value

__version__ = "0.1.0"

_NAMES: dict[str, _Any] = {
    **{f"tf.{d.name}": d for d in _dtypes.ALL},
    **{f"tf.dtypes.{d.name}": d for d in _dtypes.ALL},
    "tf.half": _dtypes.half,
    "tf.double": _dtypes.double,
    "tf.DType": _dtypes.DType,
    "tf.dtypes.DType": _dtypes.DType,
    "tf.as_dtype": _dtypes.as_dtype,
    "tf.dtypes.as_dtype": _dtypes.as_dtype,
    "tf.newaxis": None,
    "tf.Tensor": _tensor.Tensor,
    "tf.Variable": _tensor.Variable,
    "tf.constant": _tensor.constant,
    "tf.convert_to_tensor": _tensor.convert_to_tensor,
    "tf.TensorShape": TensorShape,
    "tf.TensorSpec": TensorSpec,
    "tf.TypeSpec": TypeSpec,
    "tf.IndexedSlicesSpec": IndexedSlicesSpec,
    "tf.type_spec_from_value": type_spec_from_value,
    "tf.GradientTape": _tape.GradientTape,
    "tf.IndexedSlices": _tape.IndexedSlices,
    "tf.UnconnectedGradients": _tape.UnconnectedGradients,
    "tf.custom_gradient": _custom.custom_gradient,
    "tf.recompute_grad": _custom.recompute_grad,
    "tf.grad_pass_through": _custom.grad_pass_through,
    "tf.stop_gradient": _custom.stop_gradient,
    "tf.grad": _custom.grad,
    "tf.value_and_grad": _custom.value_and_grad,
    "tf.jacobian": _custom.jacobian,
    "tf.hessian": _custom.hessian,
    "tf.hvp": _custom.hvp,
    "tf.function": _function.function,
    "tf.is_tensor": _tensor.is_tensor,
    "tf.executing_eagerly": _tensor.executing_eagerly,
    "tf.inside_function": _tensor.inside_function,
    "tf.errors": errors,
    "tf.nest": nest,
    "tf.testing": testing,
    "tf.__version__": __version__,
    "tf.version.VERSION": __version__,
}
_families = [_importlib.import_module(f"{ops.__name__}.{m.name}") for m in _pkgutil.iter_modules(ops.__path__)]
_optional = [
    _importlib.import_module(f"{__name__}.{m.name}")
    for m in _pkgutil.iter_modules(__path__)
    if m.name in ("average_loss", "candidates", "example", "forward", "fractional_pool", "lookup", "ragged", "sparse")
    or m.name
    in ("random", "debugging", "data", "distribute", "config", "io", "strings", "train", "control_flow", "vmap")
    or m.name in ("autograph", "graph_mode", "initial_values", "saved_model", "summary")
]
_built = _build(
    __name__,
    [_NAMES, _device.NAMES, _module.NAMES, *[m.NAMES for m in (*_families, *_optional) if hasattr(m, "NAMES")]],
)
globals().update(_built)
__all__ = sorted(n for n in _built if not n.startswith("_"))


_KERAS = ("initializers", "losses", "metrics", "optimizers")  # also tf.losses, when it is asked for


def __getattr__(name: str) -> _Any:
    if name == "keras":
        return _importlib.import_module(__name__ + ".keras")
    if name in _KERAS:
        return getattr(_importlib.import_module(__name__ + ".keras"), name)
    raise _unknown_name(__name__, name, [*__all__, "keras", *_KERAS])


def __dir__() -> list[str]:
    return [*__all__, "keras", *_KERAS]
