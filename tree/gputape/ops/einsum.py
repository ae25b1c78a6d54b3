"""Sums of products by labels: einsum, tensordot. Both come down to one matrix product per pair of operands."""

from __future__ import annotations

import itertools
import math
import string
from typing import Any

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .getitem import subscript
from .matmul import matmul


@public
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """The sum of products over pairs of axes of `a` and `b`; the result has the other axes of a, then those of b.

    Args:
        axes: a number n (the last n axes of a, the first n of b), or a pair (axes of a, axes of b): ints or lists.

    ValueError for axes that do not pair up, InvalidArgumentError for axes of different sizes.

    >>> import gputape as tf
    >>> tf.tensordot(tf.ones([2, 3, 4]), tf.ones([4, 3, 5]), [[1, 2], [1, 0]]).shape
    TensorShape([2, 5])
    """
    a = a if isinstance(a, Array) else as_tensor(a, b._array.dtype if isinstance(b, Array) else None)
    b = b if isinstance(b, Array) else as_tensor(b, a._array.dtype)
    x, y = tuple(a._array.shape), tuple(b._array.shape)
    of_a, of_b = _axes(axes, len(x), len(y))
    if [x[k] for k in of_a] != [y[k] for k in of_b]:
        raise InvalidArgumentError(
            f"Matrix size-incompatible: tensordot of a {x} over axes {of_a} and b {y} over axes {of_b}: the sizes of "
            f"paired axes must be equal [Op:MatMul]"
        )
    free_a, free_b = [k for k in range(len(x)) if k not in of_a], [k for k in range(len(y)) if k not in of_b]
    shape_a, shape_b, inner = [x[k] for k in free_a], [y[k] for k in free_b], math.prod(x[k] for k in of_a)
    left = OPS["reshape"](OPS["transpose"](a, [*free_a, *of_a]), (math.prod(shape_a), inner))
    right = OPS["reshape"](OPS["transpose"](b, [*of_b, *free_b]), (inner, math.prod(shape_b)))
    return OPS["reshape"](matmul(left, right), (*shape_a, *shape_b))


def _axes(axes: Any, rank_a: int, rank_b: int) -> tuple[list[int], list[int]]:
    """The paired axes of both operands, counted from the front."""
    if isinstance(axes, Array):
        axes = axes.numpy().tolist()
    if isinstance(axes, int):
        if axes < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        if axes > min(rank_a, rank_b):
            raise ValueError(
                f"`axes` must not be larger than the number of dimensions of a ({rank_a}) and b ({rank_b}): {axes}."
            )
        return list(range(rank_a - axes, rank_a)), list(range(axes))
    if len(axes) != 2:
        raise ValueError(f"`axes` must be an integer or have length 2. Received: {axes}.")
    pairs = []
    for given, rank in zip(axes, (rank_a, rank_b)):
        listed = [int(k) for k in given] if hasattr(given, "__len__") else [int(given)]
        if any(not -rank <= k < rank for k in listed):
            raise ValueError(f"tensordot: axes {listed} are not all in [{-rank}, {rank}), the axes of that operand")
        pairs.append([k % rank for k in listed])
    of_a, of_b = pairs
    if len(of_a) != len(of_b):
        raise ValueError(f"Different number of contraction axes `a` and `b`, {len(of_a)} != {len(of_b)}.")
    return of_a, of_b


@public
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """The sum of products of `inputs` over the labels of `equation` that its output does not have.

    Each input has one letter per axis, such as "ij,jk->ik"; "..." stands for axes that broadcast. A letter twice in one
    input means its diagonal. Without "->" the output has the letters that occur once, in alphabetical order.

    Args:
        optimize, name: accepted as in TensorFlow; pairs are always contracted in the order of the smallest results.

    ValueError for equations that make no sense or do not fit the number of inputs, TypeError for unknown keywords,
    InvalidArgumentError for sizes or ranks that do not fit.

    >>> import gputape as tf
    >>> tf.einsum("ij,kj->ki", [[1.0, 2.0]], [[3.0, 4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    unknown = kwargs.keys() - {"name", "optimize", "greedy"}
    if unknown:
        raise TypeError(
            f"Invalid keyword arguments for einsum: {', '.join(sorted(unknown))}. "
            f"Valid arguments: name, optimize, greedy."
        )
    hint = next((x._array.dtype for x in inputs if isinstance(x, Array)), None)
    tensors = [x if isinstance(x, Array) else as_tensor(x, hint) for x in inputs]
    terms, output = _parse(equation, [tuple(t._array.shape) for t in tensors])
    operands = [_diagonal(equation, t, labels) for t, labels in zip(tensors, terms)]
    while len(operands) > 1:
        i, j = _cheapest(operands, output)
        (x, y), rest = (operands[i], operands[j]), [o for k, o in enumerate(operands) if k not in (i, j)]
        keep = set(output).union(*[labels for _, labels in rest])
        operands = [*rest, _contract(equation, x, y, keep)]
    x, labels = _summed(operands[0], set(output))
    return OPS["transpose"](x, [labels.index(c) for c in output])


# -- equations


def _parse(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """The labels of each input and of the output, with letters for the axes that "..." stands for."""
    compact = equation.replace(" ", "")
    left, arrow, output = compact.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f'Got {len(shapes)} inputs for equation "{equation}", expecting {len(terms)}')
    for part in (*terms, output):
        letters = part.replace("...", "", 1)
        if letters and not (letters.isascii() and letters.isalpha()):
            raise ValueError(f"einsum: {part!r} in {equation!r}: an operand has letters, and at most one '...'")
    missing = sorted(set(output.replace(".", "")) - set(left))
    if missing:
        raise ValueError(f"Output subscripts contain the label {missing[0]} not present in the input subscripts.")
    if len(set(output.replace(".", ""))) != len(output.replace(".", "")):
        raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
    spare = [c for c in string.ascii_letters if c not in compact]
    most, filled = 0, []
    for term, shape in zip(terms, shapes):
        count = len(shape) - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            raise InvalidArgumentError(
                f"einsum {equation!r}: {term!r} does not fit an input of shape {shape} [Op:Einsum]"
            )
        most = max(most, count if "..." in term else 0)
        filled.append((term, count))
    names = "".join(spare[:most])
    terms = [term.replace("...", names[most - count :]) for term, count in filled]
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        output = ("..." if "..." in left else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return terms, output.replace("...", names)


# -- operands: pairs of a tensor and the labels of its axes


def _diagonal(equation: str, x: Any, labels: str) -> tuple[Any, str]:
    """The operand without repeated labels: of axes with one label it keeps the diagonal."""
    for label in sorted(set(labels)):
        while labels.count(label) > 1:
            i, j = [k for k, c in enumerate(labels) if c == label][:2]
            shape = x._array.shape
            if shape[i] != shape[j]:
                raise InvalidArgumentError(
                    f"einsum {equation!r}: label {label!r} has size {shape[i]} at axis {i} and {shape[j]} at axis {j} "
                    f"of the input {tuple(shape)} [Op:Einsum]"
                )
            rest = [k for k in range(len(labels)) if k not in (i, j)]
            n, kept = shape[i], [shape[k] for k in rest]
            flat = OPS["reshape"](OPS["transpose"](x, [*rest, i, j]), (*kept, n * n))
            x = subscript(flat, key=(Ellipsis, slice(None, None, n + 1)))
            labels = "".join(labels[k] for k in rest) + label
    return x, labels


def _summed(operand: tuple[Any, str], keep: set[str]) -> tuple[Any, str]:
    """The operand summed over the labels that are not in `keep`."""
    x, labels = operand
    gone = [k for k, c in enumerate(labels) if c not in keep]
    return (OPS["reduce_sum"](x, axis=gone), "".join(c for c in labels if c in keep)) if gone else operand


def _cheapest(operands: list[tuple[Any, str]], output: str) -> tuple[int, int]:
    """The pair whose product has the fewest elements; the first such pair."""
    if len(operands) == 2:
        return 0, 1

    def size(pair: tuple[int, int]) -> int:
        others = set(output).union(*[labels for k, (_, labels) in enumerate(operands) if k not in pair])
        sizes = {c: s for k in pair for c, s in zip(operands[k][1], operands[k][0]._array.shape)}
        return math.prod(s for c, s in sizes.items() if c in others)

    return min(itertools.combinations(range(len(operands)), 2), key=size)


def _unstretched(operand: tuple[Any, str], sizes: dict[str, int]) -> tuple[Any, str]:
    """The operand without axes of size 1 whose label has another size in the other operand: they broadcast."""
    x, labels = operand
    gone = [k for k, c in enumerate(labels) if x._array.shape[k] == 1 and sizes.get(c, 1) != 1]
    return (
        (OPS["squeeze"](x, axis=gone), "".join(c for k, c in enumerate(labels) if k not in gone)) if gone else operand
    )


def _contract(equation: str, first: tuple[Any, str], second: tuple[Any, str], keep: set[str]) -> tuple[Any, str]:
    """The product of two operands, summed over the labels that are not in `keep`: one product of matrices.

    Labels of both that stay are batches, labels of both that go are summed, labels of one are rows or columns.
    """
    first, second = (_unstretched(o, dict(zip(p[1], p[0]._array.shape))) for o, p in ((first, second), (second, first)))
    (x, of_x), (y, of_y) = _summed(first, keep | set(second[1])), _summed(second, keep | set(first[1]))
    sizes = dict(zip(of_x, x._array.shape))
    for c, size in zip(of_y, y._array.shape):
        if sizes.setdefault(c, size) != size:
            raise InvalidArgumentError(
                f"einsum {equation!r}: label {c!r} has size {sizes[c]} in one input and {size} in another; shapes "
                f"{tuple(x._array.shape)} ({of_x}) and {tuple(y._array.shape)} ({of_y}) [Op:Einsum]"
            )
    batch = [c for c in of_x if c in of_y and c in keep]
    inner = [c for c in of_x if c in of_y and c not in keep]
    rows, columns = [c for c in of_x if c not in of_y], [c for c in of_y if c not in of_x]
    b, m, k, n = (math.prod(sizes[c] for c in group) for group in (batch, rows, inner, columns))

    def arranged(tensor: Any, labels: str, order: list[str], shape: tuple[int, ...]) -> Any:
        return OPS["reshape"](OPS["transpose"](tensor, [labels.index(c) for c in order]), shape)

    lead = (b,) if batch else ()
    left = arranged(x, of_x, [*batch, *rows, *inner], (*lead, m, k))
    right = arranged(y, of_y, [*batch, *inner, *columns], (*lead, k, n))
    product = OPS["multiply"](left, right) if not inner else matmul(left, right)
    order = "".join([*batch, *rows, *columns])
    return OPS["reshape"](product, tuple(sizes[c] for c in order)), order


NAMES = {
    "tf.einsum": einsum,
    "tf.linalg.einsum": einsum,
    "tf.tensordot": tensordot,
    "tf.linalg.tensordot": tensordot,
}
