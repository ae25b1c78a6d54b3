"""What happens when a layer is called: inputs are converted and checked, variables made, values and masks handed on."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from typing import Any

import gputape as tf

from .. import tree
from ..scopes import AutocastScope, StatelessScope, get_keras_mask, set_keras_mask, state
from ..symbolic import KerasTensor, Node, any_symbolic_tensors, default, is_default
from .calling import CallContext, CallSpec, explained, is_tensor_like
from .input_spec import assert_input_compatibility

_NO_SCOPE = contextlib.nullcontext()


class LayerCall:
    """The calling part of a Layer."""

    # What the other parts of a layer provide.
    name: str
    built: bool
    autocast: bool
    activity_regularizer: Any
    losses: list[Any]
    _call_signature: inspect.Signature
    _call_context_args: set[str]
    _call_has_mask_arg: bool
    _called: bool
    _super_called: bool
    _supports_masking: bool
    _convert_input_args: bool
    _allow_non_tensor_positional_args: bool
    _input_spec: Any
    _dtype_policy: Any
    trainable_variables: list[Any]
    non_trainable_variables: list[Any]
    _check_super_called: Any
    _clear_losses: Any
    _finish_build: Any
    _maybe_build: Any
    _not_implemented: Any
    _open_name_scope: Any
    _policy: Any
    _regularization_losses: Any
    add_loss: Any
    compute_output_spec: Any

    @property
    def input_spec(self) -> Any:
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self._input_spec = value

    @property
    def supports_masking(self) -> bool:
        """Whether masks of inputs reach the outputs."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._supports_masking = value

    @default
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs; by default that of the inputs."""
        return previous_mask

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise self._not_implemented(self.call)

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Convert and cast the inputs, check them, build on the first call, then `call` (or make a graph node)."""
        if not self._super_called:
            self._check_super_called()
        known = self._called and self.built  # nothing is made in this call, so no name scope is needed
        self.__dict__["_called"] = True
        original_args, original_kwargs = args, dict(kwargs)
        x: Any = args[0] if len(args) == 1 else None
        simple = isinstance(x, (tf.Tensor, KerasTensor)) and not kwargs
        if self._convert_input_args and not (simple and x.dtype == self.input_dtype):
            args = tree.map_structure(self._converted, args)
            kwargs = tree.map_structure(self._converted, kwargs)
        if not simple and not self._allow_non_tensor_positional_args:
            for arg in tree.flatten(args):
                if not is_tensor_like(arg, allow_none=True):
                    raise ValueError(
                        "Only input tensors may be passed as positional arguments. The following argument value "
                        "should be "
                        f"passed as a keyword argument: {arg} (of type {type(arg)})"
                    )
        spec = None if simple and self.built else CallSpec(self._call_signature, self._call_context_args, args, kwargs)
        first = args[0] if spec is None else spec.first_arg
        self._assert_input_compatibility(first)
        symbolic = isinstance(first, KerasTensor) if simple else any_symbolic_tensors(args, kwargs)
        outer = state.call
        context = CallContext(self) if outer is None else outer
        if outer is None:
            state.call = context
            self._clear_losses()
        handed_down = dict(context.values)
        try:
            with _NO_SCOPE if known else self._open_name_scope():
                if not self.built and spec is not None:
                    self._maybe_build(spec)
                self._populate_context(context, spec, kwargs)
                previous_mask = self._populate_mask(spec, first, kwargs)
                outputs = self._run(symbolic, args, kwargs)
                if not self.built:
                    self._finish_build(spec)
                if self.activity_regularizer is not None and not symbolic:
                    self._regularize_activity(outputs)
            if self._supports_masking:
                self._set_mask_metadata(first, outputs, previous_mask)
            elif previous_mask is not None and any(m is not None for m in tree.flatten(previous_mask)):
                warnings.warn(
                    f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached "
                    "to it. "
                    "However, this layer does not support masking and will therefore destroy the mask information. "
                    "Downstream layers will not see the mask.",
                    stacklevel=2,
                )
        finally:
            context.values = handed_down
            state.call = outer
        if symbolic:
            Node(self, original_args, original_kwargs, outputs)
        return outputs

    def _converted(self: Any, x: Any) -> Any:
        y = self._dtype_policy.convert_input(x, self.autocast, self.input_dtype)
        mask = get_keras_mask(x) if y is not x else None
        if mask is not None:
            set_keras_mask(y, mask)
        return y

    def _assert_input_compatibility(self, inputs: Any) -> None:
        spec = self.input_spec
        if spec:
            assert_input_compatibility(spec, inputs, self.name)

    def _populate_context(self, context: CallContext, spec: CallSpec | None, kwargs: dict[str, Any]) -> None:
        """`training` and its like: what the caller said, else what an outer layer was told, else the default."""
        parameters = self._call_signature.parameters
        for name in self._call_context_args:
            value = spec.user_arguments_dict.get(name) if spec is not None else None
            if value is None:
                value = context.values.get(name)
            if name in parameters:
                if value is None and parameters[name].default is not inspect.Parameter.empty:
                    value = parameters[name].default
                if value is not None:
                    kwargs[name] = value
            context.values[name] = value

    def _register_call_context_args(self, *names: str) -> None:
        """Hand further keyword arguments down to the layers inside, as `training` is."""
        if self._called:
            raise RuntimeError("Cannot add call-context args after the layer has been called.")
        self._call_context_args = self._call_context_args | set(names)

    def _populate_mask(self, spec: CallSpec | None, first: Any, kwargs: dict[str, Any]) -> Any:
        """Fill in mask arguments from the masks that tensors carry; returns the mask of the first argument."""
        mask = kwargs.get("mask")
        if spec is None:
            mask = get_keras_mask(first)
            if self._call_has_mask_arg and mask is not None:
                kwargs["mask"] = mask
            return mask
        tensors = spec.tensor_arguments_dict
        for name, value in tensors.items():
            argument = "mask" if len(tensors) == 1 else f"{name}_mask"
            if argument in spec.arguments_dict and spec.arguments_dict[argument] is None:
                kwargs[argument] = tree.map_structure(get_keras_mask, value)
        if kwargs.get("mask") is not None:
            return kwargs["mask"]
        return tree.map_structure(get_keras_mask, first)

    def _run(self, symbolic: bool, args: Any, kwargs: dict[str, Any]) -> Any:
        outer, policy = state.autocast, self._policy()
        wanted = policy.compute_dtype
        if outer is not None:
            if not self.autocast or not tf.as_dtype(wanted).is_floating:
                wanted = None
            scoped = wanted != outer.dtype
        else:
            scoped = wanted != policy.variable_dtype and tf.as_dtype(wanted).is_floating
        if not scoped:
            return self._perform(symbolic, args, kwargs)
        with AutocastScope(wanted):
            return self._perform(symbolic, args, kwargs)

    def _perform(self, symbolic: bool, args: Any, kwargs: dict[str, Any]) -> Any:
        if symbolic:
            return self.symbolic_call(*args, **kwargs)
        try:
            return self.call(*args, **kwargs)
        except Exception as error:
            told = explained(error, self, args, kwargs)
            if told is error:
                raise
            raise told from error

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        return self.compute_output_spec(*args, **kwargs)

    def _regularize_activity(self, outputs: Any) -> None:
        for y in tree.flatten(outputs):
            if isinstance(y, tf.Tensor):
                loss = self.activity_regularizer(y)
                size = y.shape[0] if y.ndim else 1  # the same strength for every batch size
                self.add_loss(loss / size if size else tf.zeros_like(loss))

    def _set_mask_metadata(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        if previous_mask is None and is_default(self.compute_mask):
            return
        flat = tree.flatten(outputs)
        if all(get_keras_mask(y) is not None for y in flat):
            return
        masks = self.compute_mask(inputs, previous_mask)
        if masks is None:
            return
        for y, mask in zip(flat, tree.flatten(masks)):
            if mask is not None and get_keras_mask(y) is None:
                set_keras_mask(y, mask)

    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """`call` with these values of its variables: (outputs, new non-trainable values), and the losses if wanted.

        The layer's own values stay as they are. ValueError unless built, or if the numbers of values differ.
        """
        if not self.built:
            raise ValueError(
                f"To call stateless_call, {type(self).__name__} must be built (i.e. its variables must have been "
                "already "
                "created). You can build it by calling it on some data."
            )
        groups = {"trainable_variables": trainable_variables, "non_trainable_variables": non_trainable_variables}
        for name, values in groups.items():
            if len(values) != len(getattr(self, name)):
                raise ValueError(
                    f"Argument `{name}` must be a list of tensors corresponding 1:1 to {type(self).__name__}().{name}. "
                    f"Received list with length {len(values)}, but expected {len(getattr(self, name))} variables."
                )
        mapping = [*zip(self.trainable_variables, trainable_variables)]
        mapping += zip(self.non_trainable_variables, non_trainable_variables)
        with StatelessScope(mapping, collect_losses=return_losses) as scope:
            outputs = self.call(*args, **kwargs)
            losses = [*scope.losses, *self._regularization_losses()] if return_losses else []
        changed = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, changed, losses) if return_losses else (outputs, changed)
