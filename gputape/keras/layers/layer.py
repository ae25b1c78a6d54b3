"""Layer: state (variables, sublayers) and a computation, with everything around `call` that layers share.

What a subclass writes: `__init__` with its arguments, `build(input_shape)` that makes variables, `call(inputs)`, and
for speed `compute_output_shape`. The config of a layer of this library is its constructor's arguments, read from the
attributes of the same names.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any

import numpy as np

import gputape as tf

from .. import constraints, dtype_policies, inference, initializers, regularizers, tree
from ..backend import standardize_dtype
from ..scopes import current_path, name_scope
from ..serialization import serialize_keras_object
from ..symbolic import KerasTensor, Operation, default, is_default
from ..variable import Variable
from . import state as layer_state
from .call import LayerCall
from .calling import CallSpec, specs_from_shapes
from .config import argument_names, is_ours, restored, serialized_argument, user_config


def _recording_build(build: Any) -> Any:
    """`build` in the layer's name scope; afterwards the layer is built, knows its shapes and takes no more state."""
    signature = inspect.signature(build)

    @functools.wraps(build)
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_building"):  # a subclass calls its parent's
            build(self, *args, **kwargs)
            return
        self._check_super_called()
        self.__dict__["_building"] = True
        try:
            with self._open_name_scope():
                self._path = current_path()
                build(self, *args, **kwargs)
        finally:
            self.__dict__["_building"] = False
        arguments = dict(signature.bind(self, *args, **kwargs).arguments)
        arguments.pop(next(iter(signature.parameters)))
        self.__dict__["_build_shapes_dict"] = arguments
        self.built = True
        self._post_build()
        self._lock_state()

    return call


class Layer(LayerCall, layer_state.LayerState, Operation, tf.Module):
    """The base of all layers and models.

    Args:
        activity_regularizer: a function of the output, added to the losses.
        trainable: whether its variables train. Default True.
        dtype: a dtype name or DTypePolicy; default the global policy.
        autocast: whether floating-point inputs are cast to the policy's compute dtype. Default True.
        name: default the class's name in snake case, made unique.

    Raises ValueError for other keyword arguments, RuntimeError where a subclass forgot `super().__init__()`.

    >>> from gputape import keras
    >>> class Scale(keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(tf.constant([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    _super_called = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _recording_build(cls.__dict__["build"])  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._super_called = True
        self._initialize_tracker()
        Operation.__init__(self, name=name)
        self._dtype_policy = dtype_policies.get(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        input_dim = kwargs.pop("input_dim", None)
        input_shape = kwargs.pop("input_shape", None) if input_dim is None else (input_dim,)
        batch_shape = kwargs.pop("batch_input_shape", None)
        if input_shape is not None or batch_shape is not None:
            warnings.warn(
                "Do not pass an `input_shape`/`input_dim` argument to a layer. When using Sequential models, prefer "
                "using "
                "an `Input(shape)` object as the first layer in the model instead.",
                stacklevel=3,
            )
            self._input_shape_arg = tuple(batch_shape[1:]) if input_shape is None else input_shape
        if kwargs.get("quantization_config", 0) is None:  # Keras's files say of every layer that it has none
            del kwargs["quantization_config"]
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}")
        if not isinstance(trainable, bool):
            raise ValueError(
                f"Expected `trainable` to be a boolean. Received: trainable={trainable} (of type {type(trainable)})"
            )
        self._trainable = trainable
        self.built = False
        self.autocast = autocast
        self.supports_jit = True
        self._path: str | None = None
        self._parent_path: str | None = None
        self._input_spec: Any = None
        self._called = False
        self.__dict__["_build_shapes_dict"] = None
        self.__dict__["_losses"] = []
        self._convert_input_args = True
        self._allow_non_tensor_positional_args = False
        self._call_signature = inspect.signature(self.call)
        self.call_signature_parameters = list(self._call_signature.parameters)
        self._call_has_training_arg = "training" in self.call_signature_parameters
        self._call_has_mask_arg = "mask" in self.call_signature_parameters
        self._call_context_args = {"training"}
        self._supports_masking = not is_default(self.compute_mask)

    # -- building
    @default
    def build(self, input_shape: Any) -> None:
        """Make the variables. Called once, before the first `call`, with the shape (or nest of shapes) of its input."""
        if is_default(self.build) and any(not layer.built for layer in self._layers):
            warnings.warn(
                f"`build()` was called on layer '{self.name}', however the layer does not have a `build()` method "
                "implemented and it looks like it has unbuilt state. This will cause the layer to be marked as built, "
                "despite not being actually built, which may cause failures down the line. Make sure to implement a "
                "proper `build()` method.",
                stacklevel=3,
            )

    build = _recording_build(build)

    def _post_build(self) -> None:
        """For subclasses: called after `build`."""

    def _build_at_init(self) -> None:
        """For layers without variables: they are built from the start, unless a subclass has a `build`."""
        if is_default(self.build):
            self.built = True
            self._post_build()
            self._lock_state()

    def _maybe_build(self, spec: CallSpec) -> None:
        if is_default(self.build):
            if any(not layer.built for layer in self._layers):
                return  # the call itself builds them
            self.build(next(iter(spec.shapes().values()), None))
            return
        self.build(**spec.shapes_for(self.build, type(self).__name__))
        self._assert_input_compatibility(spec.first_arg)

    def _finish_build(self, spec: CallSpec | None) -> None:
        self.built = True
        if spec is not None and self._build_shapes_dict is None:
            shape = next(iter(spec.shapes().values()), None)
            self.__dict__["_build_shapes_dict"] = {"input_shape": shape}
        self._path = self._path or current_path()
        self._post_build()
        self._lock_state()

    def get_build_config(self) -> Any:
        """What `build_from_config` needs to make the variables again: the shapes that `build` received."""
        shapes = self._build_shapes_dict
        if shapes is None:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def build_from_config(self, config: Any) -> None:
        """`build` with the shapes in `config`."""
        if config and "input_shape" in config:
            self.build(config["input_shape"])
        elif config and "shapes_dict" in config:
            self.build(**config["shapes_dict"])

    @property
    def path(self) -> str | None:
        """The names of the layers around it and its own, joined by "/"; None until built."""
        return self._path

    def _open_name_scope(self) -> name_scope:
        if self._parent_path is None:
            self._parent_path = current_path()
        return name_scope(self.name, caller=self)

    # -- dtypes
    @property
    def dtype_policy(self) -> Any:
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = dtype_policies.get(value)
        if isinstance(self._dtype_policy, dtype_policies.DTypePolicyMap) and self.path:
            if self.path in self._dtype_policy:
                del self._dtype_policy[self.path]
            self._dtype_policy[self.path] = policy
        else:
            self._dtype_policy = policy

    def _policy(self) -> Any:
        policy = self._dtype_policy
        return policy[self._path] if isinstance(policy, dtype_policies.DTypePolicyMap) and self._path else policy

    @property
    def dtype(self) -> str:
        return self.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of its computations and outputs."""
        return self._policy().compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of its variables."""
        return self._policy().variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype to which floating-point inputs are cast."""
        return self.compute_dtype

    quantization_mode = None

    def quantize(self, mode: Any = None, **kwargs: Any) -> None:
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `quantize` method implemented.")

    # -- variables
    def add_weight(self, *args: Any, **kwargs: Any) -> Variable:
        """A new variable of this layer.

        Positional arguments are `shape, initializer, dtype` (Keras 3), or `name, shape, dtype, initializer` (Keras 2).

        Args:
            shape: default ().
            initializer: default "glorot_uniform" for floats, "zeros" for other dtypes.
            dtype: default the layer's variable dtype.
            trainable, autocast, regularizer, constraint, aggregation, overwrite_with_gradient, name: of the variable.
        """
        self._check_super_called()
        return self._new_weight(**layer_state.weight_arguments(args, kwargs))

    def _new_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool | None = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = "none",
        synchronization: Any = "auto",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        experimental_autocast: bool = True,
    ) -> Variable:
        dtype = standardize_dtype(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        with name_scope(self.name, caller=self):
            variable = Variable(
                initializer=initializers.get(initializer),
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable is not False,
                autocast=autocast and experimental_autocast,
                aggregation=aggregation,
                synchronization=synchronization,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track_variable(variable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Variable:
        """Another name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    # -- shapes
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if is_default(self.compute_output_shape):
            return super().compute_output_spec(*args, **kwargs)
        spec = CallSpec(self._call_signature, self._call_context_args, args, kwargs)
        shapes = self.compute_output_shape(**spec.shapes_for(self.compute_output_shape, type(self).__name__))
        return specs_from_shapes(shapes, self.compute_dtype, type(self).__name__)

    @default
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for the shape of the input."""
        raise self._not_implemented(
            self.compute_output_shape, "Should implement `def compute_output_shape(self, input_shape)`."
        )

    def _build_by_run(self, *args: Any, **kwargs: Any) -> bool:
        """Make the state of sublayers by running `call` on zeros of the shapes given; whether that went well."""
        specs = [tree.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), a) for a in args]
        named = {
            k: tree.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), v)
            for k, v in kwargs.items()
        }
        try:
            with self._open_name_scope():
                inference.compute_output_spec(self.call, *specs, **named)
        except Exception:
            return False
        return True

    # -- configs
    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, from which `from_config` makes an equal layer."""
        self._check_super_called()
        config = self._base_config()
        for name in argument_names(type(self)):  # type: ignore[arg-type]
            config[name] = serialized_argument(name, getattr(self, name))
        return user_config(self, config)

    def _base_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        config["dtype"] = serialize_keras_object(self.dtype_policy)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer with the constructor's arguments in `config`."""
        if isinstance(config.get("dtype"), dict):
            policy = dtype_policies.deserialize(config["dtype"])
            config = {**config, "dtype": policy if isinstance(policy, dtype_policies.DTypePolicyMap) else policy.name}
        try:
            return cls(**config)
        except Exception as error:
            raise TypeError(
                f"Error when deserializing class '{cls.__name__}' using config={config}.\n\nException encountered: "
                f"{error}"
            ) from error

    def __reduce__(self) -> Any:
        """Pickled and copied as its config and the values of its variables."""
        optimizer = getattr(self, "optimizer", None)
        slots = [np.array(v) for v in optimizer.variables] if optimizer is not None and optimizer.built else None
        custom = {type(x).__name__: type(x) for x in self._flatten_layers() if not is_ours(type(x))}
        return restored, (serialize_keras_object(self), custom, [np.array(v) for v in self.variables], slots)

    def _check_super_called(self) -> None:
        if not self._super_called:
            raise RuntimeError(
                f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                "in the "
                "`__init__()` method. Go add it!"
            )

    def _not_implemented(self, method: Any, more: str = "") -> NotImplementedError:
        return NotImplementedError(
            f"Layer {type(self).__name__} does not have a `{method.__name__}` method implemented. {more}".rstrip()
        )

    def _obj_type(self) -> str:
        return "Layer"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    __str__ = __repr__
