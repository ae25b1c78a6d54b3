"""The shapes that an einsum equation "x,kernel->y" implies, for EinsumDense."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_FORMS = (r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", r"\.\.\.([a-zA-Z]+),([a-zA-Z]+)->\.\.\.([a-zA-Z]+)",
          r"([a-zA-Z]{2,})\.\.\.,([a-zA-Z]+)->([a-zA-Z]+)\.\.\.")  # fmt: skip


class EinsumShapes(NamedTuple):
    """Shapes of kernel, bias (None without one) and output; which axes of the kernel belong to input and output."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    output: tuple[int | None, ...]
    input_axes: list[int]
    output_axes: list[int]


def einsum_shapes(equation: str, bias_axes: str | None, input_shape: Any, output_shape: Any) -> EinsumShapes:
    """The shapes for inputs of `input_shape`; `output_shape` is without the batch axis and what "..." stands for.

    ValueError for an equation of another form, or letters whose sizes contradict or cannot be known.
    """
    match = next((m for m in (re.fullmatch(form, equation) for form in _FORMS) if m), None)
    if match is None:
        raise ValueError(
            f"Invalid einsum equation '{equation}'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or "
            "[X]...,[Y]->[Z]...."
        )
    x, kernel, y = match.groups()
    left = equation.startswith("...")
    elided = len(input_shape) - len(x)
    output = [input_shape[0], *output_shape]
    if left:
        output[1:1] = input_shape[1:elided]
    elif elided > 0:
        output.extend(input_shape[len(x) :])
    skipped = elided if left else 0
    input_sizes = {letter: input_shape[k + skipped] for k, letter in enumerate(x)}
    output_sizes = {letter: output[k + skipped] for k, letter in enumerate(y)}
    for letter in x:
        if letter in y and output_sizes[letter] not in (None, input_sizes[letter]):
            raise ValueError(
                f"Input shape and output shape do not match at shared dimension '{letter}'. Input shape is "
                f"{input_sizes[letter]}, and output shape is {output_sizes[letter]}."
            )
    for letter in y:
        if letter not in x and letter not in kernel:
            raise ValueError(
                f"Dimension '{letter}' was specified in the output '{y}' but has no corresponding dim in the input "
                "spec "
                f"'{x}' or weight spec '{kernel}'"
            )
        if output_sizes[letter] is None and letter in input_sizes:
            output[y.index(letter) + skipped] = input_sizes[letter]
    for letter in kernel:
        if letter not in output_sizes and letter not in input_sizes:
            raise ValueError(
                f"Weight dimension '{letter}' did not have a match in either the input spec '{x}' or the output spec "
                f"'{y}'. For this layer, the weight must be fully specified."
            )
    output_axes = [k for k, letter in enumerate(kernel) if letter in output_sizes]
    input_axes = [k for k, letter in enumerate(kernel) if letter not in output_sizes]
    sizes = tuple(output_sizes[c] if c in output_sizes else input_sizes[c] for c in kernel)
    return EinsumShapes(
        sizes, _bias_shape(bias_axes, y, output_sizes, 0 if left else elided), tuple(output), input_axes, output_axes
    )


def _bias_shape(bias_axes: str | None, y: str, sizes: dict[str, Any], elided: int) -> tuple[int, ...] | None:
    if bias_axes is None:
        return None
    for letter in bias_axes:
        if letter not in y:
            raise ValueError(f"Bias dimension '{letter}' was requested, but is not part of the output spec '{y}'")
    first = min(y.index(letter) for letter in bias_axes)
    return tuple(sizes[c] if c in bias_axes else 1 for c in y[first:]) + (1,) * elided
