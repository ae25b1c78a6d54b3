"""Lambda: any function of tensors as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from .. import tree
from ..inference import compute_output_spec
from ..lambdas import dump_function, load_function
from ..registration import in_safe_mode
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import KerasTensor
from .layer import Layer


class Lambda(Layer):
    """y = function(x): any function of tensors as a layer.

    Args:
        function: called with the inputs, `arguments`, and `mask` or `training` if it has such parameters.
        output_shape: a shape without the batch axis, or a function of the input's shape; default: found by trying.
        mask: a mask, or a function (inputs, mask) -> mask.
        arguments: keyword arguments for the function.

    A lambda is saved as code, and loading such a file needs `safe_mode=False`.
    """

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        parameters = inspect.getfullargspec(function).args
        self._passed = [name for name in ("mask", "training") if name in parameters]

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: given[name] for name in self._passed})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        if self._output_shape is not None:
            batch_size = tree.flatten(input_shape)[0]
            return tree.map_shape_structure(lambda s: (batch_size, *s), self._output_shape)
        try:
            inputs = tree.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), input_shape)
            return tree.map_structure(lambda x: x.shape, compute_output_spec(self.call, inputs))
        except Exception:
            raise NotImplementedError(
                "We could not automatically infer the shape of the Lambda's output. Please specify the `output_shape` "
                "argument for this Lambda layer."
            ) from None

    def get_config(self) -> dict[str, Any]:
        config = {**self._base_config(), "function": _written(self.function)}
        if self._output_shape is not None:
            config["output_shape"] = (
                _written(self._output_shape) if callable(self._output_shape) else self._output_shape
            )
        if self.mask is not None:
            config["mask"] = _written(self.mask) if callable(self.mask) else serialize_keras_object(self.mask)
        config["arguments"] = serialize_keras_object(dict(self.arguments))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool | None = None) -> Any:
        safe = in_safe_mode() if safe_mode is None else safe_mode
        config = dict(config)
        for name in ("function", "output_shape", "mask", "arguments"):
            if name in config:
                config[name] = _read(config[name], custom_objects, safe is not False)
        shape = config.get("output_shape")
        if isinstance(shape, list) and tree.is_shape(shape):
            config["output_shape"] = tuple(shape)
        return cls(**config)


def _written(function: Any) -> Any:
    if getattr(function, "__name__", None) == "<lambda>":
        code, defaults, closure = dump_function(function)
        return {"class_name": "__lambda__", "config": {"code": code, "defaults": defaults, "closure": closure}}
    return serialize_keras_object(function)


def _read(config: Any, custom_objects: Any, safe: bool) -> Any:
    if not (isinstance(config, dict) and config.get("class_name") == "__lambda__"):
        return deserialize_keras_object(config, custom_objects=custom_objects)
    if safe:
        raise ValueError(
            "Requested the deserialization of a `Lambda` layer whose `function` is a Python lambda. This carries a "
            "potential risk of arbitrary code execution and thus it is disallowed by default. If you trust the "
            "source of "
            "the artifact, you can override this error by passing `safe_mode=False` to the loading function, or "
            "calling "
            "`keras.config.enable_unsafe_deserialization()."
        )
    return load_function(**config["config"])
