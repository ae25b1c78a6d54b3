"""InputSpec: what a layer asks of its inputs, and the check that they comply."""

from __future__ import annotations

from typing import Any

from .. import tree
from ..backend import standardize_dtype, standardize_shape


class InputSpec:
    """Rank, shape and dtype that a layer expects of one input; None means anything.

    Args:
        dtype, shape, ndim, max_ndim, min_ndim: what to ask for; None in the shape fits every size.
        axes: {axis: size}. TypeError unless its keys are integers, ValueError for an axis beyond the rank.
        allow_last_axis_squeeze: let a last axis of size 1 be missing or too many.
        name: the key of this input among inputs given as a dict.
        optional: whether None may be passed.

    >>> from gputape import keras
    >>> keras.InputSpec(min_ndim=2, axes={-1: 3})
    InputSpec(min_ndim=2, axes={-1: 3})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Any = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = standardize_dtype(dtype) if dtype is not None else None
        self.shape = standardize_shape(shape) if shape is not None else None
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(k): v for k, v in (axes or {}).items()}
        except (AttributeError, ValueError, TypeError):
            raise TypeError(f"Argument `axes` must be a dict with integer keys. Received: axes={axes}") from None
        rank = self.ndim or self.max_ndim
        if self.axes and rank is not None and max(self.axes) > rank - 1:
            raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {rank - 1}")

    def __repr__(self) -> str:
        told = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{k}={getattr(self, k)}' for k in told if getattr(self, k))})"

    def get_config(self) -> dict[str, Any]:
        told = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {k: getattr(self, k) for k in told}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        return cls(**config)

    def mismatch(self, x: Any) -> str | None:
        """How `x` breaks the spec, None if it does not."""
        shape = tuple(x.shape)
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim and not self.allow_last_axis_squeeze:
            return f"expected ndim={self.ndim}, found ndim={rank}. Full shape received: {shape}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={rank}. Full shape received: {shape}"
        if self.dtype is not None and standardize_dtype(x.dtype) != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={standardize_dtype(x.dtype)}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return (
                    f"expected axis {axis} of input shape to have value {size}, but received input with shape {shape}"
                )
        if self.shape is not None:
            wanted, given = self.shape, shape
            if self.allow_last_axis_squeeze:
                wanted, given = (s[:-1] if s and s[-1] == 1 else s for s in (wanted, given))
            if any(None not in (a, b) and a != b for a, b in zip(wanted, given)):
                return f"expected shape={self.shape}, found shape={given}"
        return None


def assert_input_compatibility(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """ValueError, saying what was expected and found, unless `inputs` comply with `input_spec` (one or a nest)."""
    if not input_spec:
        return
    if isinstance(input_spec, InputSpec) and hasattr(inputs, "shape"):  # by far the most frequent case
        _assert_complies(0, inputs, input_spec, layer_name)
        return
    specs = tree.flatten(input_spec)
    names = [spec.name if spec is not None else None for spec in specs]
    if isinstance(inputs, dict) and all(names):
        for name in names:
            if name not in inputs:
                raise ValueError(
                    f'Missing data for input "{name}". You passed a data dictionary with keys {list(inputs.keys())}. '
                    f"Expected the following keys: {names}"
                )
        inputs = [inputs[name] for name in names]
    flat = tree.flatten(inputs)
    if len(flat) != len(specs):
        if all(names):
            example = ", ".join(f"'{n}': ..." for n in names)
            raise ValueError(
                f'Layer "{layer_name}" expects {len(specs)} named input(s) with keys {names}, but it received '
                f"{len(flat)} input tensors. Pass inputs as a dict, e.g. `layer({{{example}}})`."
            )
        raise ValueError(
            f'Layer "{layer_name}" expects {len(specs)} input(s), but it received {len(flat)} input tensors. '
            f"Inputs received: {inputs}"
        )
    for k, (x, spec) in enumerate(zip(flat, specs)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) as input for layer '{layer_name}'."
            )
        _assert_complies(k, x, spec, layer_name)


def _assert_complies(k: int, x: Any, spec: InputSpec, layer_name: str) -> None:
    told = spec.mismatch(x)
    if told is not None:
        raise ValueError(
            f"Input {k} with name '{spec.name}' of layer '{layer_name}' is incompatible with the layer: {told}"
        )
