"""gputape: GPU-first array autodiff on CuPy under TensorFlow's names. `import gputape as tf`.

Importing needs neither CUDA nor CuPy; arrays live on the GPU when there is one and in NumPy otherwise.
"""

from __future__ import annotations

import importlib as _importlib
import pkgutil as _pkgutil
from typing import Any as _Any

from . import custom as _custom
from . import dtypes as _dtypes
from . import errors, nest, ops, testing
from . import function as _function
from . import host_memory as _host_memory
from . import tape as _tape
from . import tensor as _tensor
from .api import build as _build
from .errors import unknown_name as _unknown_name
from .indexed_slices import IndexedSlicesSpec, type_spec_from_value
from .tensor_shape import TensorShape
from .tensor_spec import TensorSpec, TypeSpec

__version__ = "0.1.0"

_host_memory.keep_freed()

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
# Every module is loaded and says its names in NAMES, but for those that wait until they are asked for.
_LATE = ("__main__", "demo", "doctor", "keras")
_modules = [
    _importlib.import_module(f"{_home}.{_m.name}")
    for _home, _path in ((ops.__name__, ops.__path__), (__name__, __path__))
    for _m in _pkgutil.iter_modules(_path)
    if _m.name not in _LATE
]
_built = _build(__name__, [_NAMES, *[_m.NAMES for _m in _modules if hasattr(_m, "NAMES")]])
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
