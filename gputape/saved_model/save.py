"""tf.saved_model.save: an object's variables and recorded functions, in a folder that needs none of its classes.

The folder holds `saved_model.json` (the graph of objects, the programs of functions, the signatures),
`constants.npz` and `variables/variables.*` (a checkpoint, see train/files.py). A program is the list of ops that the
function ran, with their attributes, over numbered registers. TensorFlow cannot read it, nor is its format read here.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import cuda, nest
from ..errors import OpError
from ..function import ConcreteFunction, Function
from ..module import Module
from ..record import recording
from ..sources import write_whole
from ..tensor import Array, Tensor, Variable, as_tensor, placed
from ..tensor_spec import TensorSpec
from ..trace import Read, Trace
from ..train.checkpoint import Checkpoint
from ..train.trackable import Graph
from .sizes import Sizes, Unequal, merged

KIND = "gputape saved model"
SERVING = "serving_default"
RANKS = 5  # a tensor of unknown rank is recorded with 0 to 4 axes
log = logging.getLogger("gputape")


def save(obj: Any, export_dir: Any, signatures: Any = None, options: Any = None) -> None:
    """Write `obj`, a tf.Module or a Keras model, so that `tf.saved_model.load` brings it back without its class.

    Args:
        export_dir: a folder; made if it is not there.
        signatures: a tf.function with an input_signature, a concrete function, or a dict of them by name; one alone is
            called "serving_default". A Keras model of known inputs has that one by itself.

    Saved are the variables and the tf.function attributes: for each its input_signature, else every signature that it
    was called with or that `get_concrete_function` asked for. Sizes of None stay open if the program depends on them
    in a simple way; all None of one axis are one size. Tensors of unknown rank have up to four axes, as many as others
    of unknown rank beside them. Of several signatures those that cannot be saved are left out with a warning.

    Raises ValueError for a function that cannot be replayed (it reads values into Python), whose shapes depend on open
    sizes in another way, or that has no known signature; AssertionError for one that uses a Variable that `obj` does
    not hold. Reference: tf.saved_model.save.

    >>> import tempfile, gputape as tf
    >>> class Scale(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = tf.Variable(3.0)
    ...     @tf.function(input_signature=[tf.TensorSpec([None])])
    ...     def __call__(self, x):
    ...         return x * self.factor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.saved_model.save(Scale(), folder)
    ...     loaded = tf.saved_model.load(folder)
    >>> loaded(tf.constant([1.0, 2.0])).numpy()
    array([3., 6.], dtype=float32)
    """
    functions = {name: _recordable(f) for name, f in _functions(obj).items()}
    named = _named(signatures, obj)
    graph = Graph(obj)
    keys = {v._id: key for key, v in graph.variables.values()}
    arrays: list[Any] = []
    held = [(v, v._array) for _, v in graph.variables.values()]  # whoever assigns meanwhile writes into a copy
    try:
        programs = {name: _programs(f, calls, keys, arrays, name) for name, (f, calls) in functions.items() if calls}
        signed = {name: _programs(_keyed(f), [((), kw)], keys, arrays, name) for name, (f, kw) in named.items()}
    finally:
        for variable, array in held:
            variable._array = array
    saved = {
        "kind": KIND,
        "functions": programs,
        "parameters": {name: _parameters(getattr(obj, name)) for name in programs},
        "signatures": signed,
        "nodes": graph.kept(),
        "lists": [n for n, x in enumerate(graph.objects) if isinstance(x, (list, tuple))],
        "dicts": [n for n, x in enumerate(graph.objects) if isinstance(x, dict)],
        "variables": {
            str(n): {"key": key, "trainable": v.trainable, "name": v.name.removesuffix(":0"), "shape": _open(v.shape)}
            for n, (key, v) in graph.variables.items()
        },
    }
    folder = Path(os.fspath(export_dir))
    (folder / "variables").mkdir(parents=True, exist_ok=True)
    Checkpoint(obj).write(folder / "variables" / "variables")
    packed = io.BytesIO()
    np.savez(packed, **{str(k): a for k, a in enumerate(_plain(arrays))})
    write_whole(folder / "constants.npz", packed.getvalue())
    saved["dtypes"] = [as_tensor(a).dtype.name for a in arrays]
    saved["shapes"] = [list(a.shape) for a in arrays]
    write_whole(folder / "saved_model.json", json.dumps(saved).encode())


def _plain(arrays: list[Any]) -> list[Any]:
    """Arrays as npz files hold them: text as latin-1, bfloat16 as bytes."""
    out = []
    for a in arrays:
        if a.dtype.kind == "O":
            a = np.array([v.decode("latin-1") for v in a.ravel()], dtype=np.str_)
        elif a.dtype.kind not in "biufc":
            a = np.frombuffer(a.tobytes(), np.uint8)
        out.append(a)
    return out


def _open(shape: Any) -> list[Any]:
    return [None if n is None else int(n) for n in shape]


# -- what to record


def _functions(obj: Any) -> dict[str, Function]:
    """The tf.functions of an object by name: its own attributes and the methods of its class."""
    names = {n for kind in type(obj).__mro__ for n, x in vars(kind).items() if isinstance(x, Function)}
    if isinstance(obj, Module):
        names |= {n for n, x in vars(obj).items() if isinstance(x, Function)}
    found = {name: getattr(obj, name) for name in sorted(names)}
    return {**found, "__call__": obj} if _inputs(obj) else found


def _inputs(obj: Any) -> dict[str, TensorSpec]:
    """The inputs of a Keras model by name; none of other objects, and of models that are not built."""
    inputs = getattr(obj, "inputs", None) if callable(obj) else None
    return {x.name: TensorSpec(x.shape, x.dtype) for x in nest.flatten(inputs)} if inputs else {}


def _recordable(f: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """The Python function, and the arguments of each of its signatures, tensors as TensorSpecs."""
    if not isinstance(f, Function):
        specs = list(_inputs(f).values())
        return f, [((specs[0] if len(specs) == 1 else nest.pack_sequence_as(f.inputs, specs),), {})]
    calls = f.called if f.input_signature is None else [(tuple(f.input_signature), {})]
    if f._signature is None:
        return f.python_function, calls
    bound = [f._signature.bind(*args, **kwargs) for args, kwargs in calls]
    for b in bound:
        b.apply_defaults()
    return f.python_function, [(b.args, b.kwargs) for b in bound]


def _parameters(f: Any) -> list[Any] | None:
    """The parameters of a tf.function as (name, kind, whether it may be left out, its default if that is plain)."""
    if not isinstance(f, Function) or f._signature is None:
        return None
    found = []
    for p in f._signature.parameters.values():
        default = p.default if p.default is None or isinstance(p.default, (bool, int, float, str)) else None
        found.append([p.name, int(p.kind), p.default is not p.empty, default])
    return found


def _named(signatures: Any, obj: Any) -> dict[str, tuple[Callable[..., Any], dict[str, TensorSpec]]]:
    """Signatures by name: the function and its arguments by keyword."""
    if signatures is None:
        specs = _inputs(obj)
        if not specs:
            return {}

        def serve(**tensors: Any) -> Any:
            values = list(tensors.values())
            return obj(values[0] if len(values) == 1 else nest.pack_sequence_as(obj.inputs, values))

        return {SERVING: (serve, specs)}
    given = signatures if isinstance(signatures, dict) else {SERVING: signatures}
    out = {}
    for name, f in given.items():
        if isinstance(f, Function):
            if f.input_signature is None:
                raise ValueError(
                    f"saved_model.save: signature {name!r} is a tf.function without an input_signature: give it one, or "
                    f"pass f.get_concrete_function(tf.TensorSpec(...))"
                )
            f = f.get_concrete_function()
        if not isinstance(f, ConcreteFunction):
            raise ValueError(f"Expected a TensorFlow function for which to generate a signature, but got {f!r}.")
        names = list(inspect.signature(f.function.python_function).parameters)
        pairs = [*zip(names, f.specs), *f.kwargs.items()]
        specs = {(s.name or n): s for n, s in pairs if isinstance(s, TensorSpec)}
        called = dict(zip(specs, [n for n, s in pairs if isinstance(s, TensorSpec)]))
        plain = {n: s for n, s in pairs if not isinstance(s, TensorSpec)}

        def call(f: Any = f, called: Any = called, plain: Any = plain, **tensors: Any) -> Any:
            return f.function.python_function(**{called[k]: t for k, t in tensors.items()}, **plain)

        out[name] = (call, specs)
    return out


def _keyed(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose results have names, as those of a signature."""

    def call(**tensors: Any) -> Any:
        made = f(**tensors)
        if isinstance(made, dict):
            return made
        return {f"output_{k}": y for k, y in enumerate(nest.flatten(made))}

    return call


# -- recording


def _programs(f: Any, calls: Any, keys: dict[int, str], arrays: list[Any], name: str) -> list[dict[str, Any]]:
    """The programs of all calls that can be saved; what the last one raises if there is none."""
    found: list[dict[str, Any]] = []
    failed: list[tuple[Any, Exception]] = []
    for args, kwargs in calls:
        for call in _of_known_rank(args, kwargs):
            try:
                found.append(_program(f, *call, keys, arrays, name))
            except (ValueError, TypeError, OpError) as error:  # one that does not take this rank, or cannot be replayed
                failed.append((call, error))
    if not found:
        raise failed[-1][1]
    for call, why in failed:
        if call in calls:
            log.warning("saved_model.save: %s is left out for %s: %s", name, call, why)
    return found


def _of_known_rank(args: Any, kwargs: Any) -> list[tuple[Any, Any]]:
    """The same arguments, or one copy for each rank that those of unknown rank may have."""
    if all(s.shape.rank is not None for s in nest.flatten((args, kwargs)) if isinstance(s, TensorSpec)):
        return [(args, kwargs)]

    def known(s: Any, rank: int) -> Any:
        unknown = isinstance(s, TensorSpec) and s.shape.rank is None
        return TensorSpec([None] * rank, s.dtype, s.name) if unknown else s

    return [nest.map_structure(lambda s, n=n: known(s, n), (args, kwargs)) for n in range(RANKS)]


def _program(f: Any, args: Any, kwargs: Any, keys: dict[int, str], arrays: list[Any], name: str) -> dict[str, Any]:
    """What `f` does with tensors of those specs, as JSON."""
    specs = [s for s in nest.flatten((args, kwargs)) if isinstance(s, TensorSpec)]
    unknown = {k for s in specs for k, n in enumerate(s.shape) if n is None}
    sizes = Sizes(list(unknown))
    recorded = [_recorded(f, args, kwargs, chosen, name) for chosen in sizes.recordings()]
    (trace, result, steps), *others = recorded
    results = {trace.register(y) for y in nest.flatten(result) if isinstance(y, Array)}
    constants = sorted(r for r in results.union(*[s.inputs for s in steps]) if trace.registers[r] is not None)
    try:
        if any(_wiring(steps) != _wiring(other) for _, _, other in others):
            raise Unequal("the ops that it runs")
        held = {str(r): merged([_constant(t.registers[r]) for t, _, _ in recorded], sizes, arrays) for r in constants}
        saved = [
            {
                "op": "read" if type(s.op) is Read else s.op.name,
                "inputs": s.inputs,
                "outputs": s.outputs,
                "targets": [_key(v, keys, name) for v in ([s.op.variable] if type(s.op) is Read else s.targets)],
                "attrs": merged([all_steps[k].attrs for _, _, all_steps in recorded], sizes, arrays),
            }
            for k, s in enumerate(steps)
        ]
    except Unequal as why:
        raise ValueError(
            f"saved_model.save: {name} depends on sizes of None in its signature by {why}: give exact sizes"
        ) from why
    except TypeError as error:
        raise ValueError(f"saved_model.save: {name} uses a value that has no place in a file: {error}") from error
    return {
        "arguments": _structure((args, kwargs)),
        "count": len(trace.arguments),
        "constants": held,
        "steps": saved,
        "results": _structure(result, trace),
        "outputs": _outputs([r for _, r, _ in recorded]),
    }


def _outputs(results: list[Any]) -> list[Any]:
    """(shape, dtype) of each result, sizes that differ between the recordings being None."""
    columns = zip(*[[y for y in nest.flatten(r) if isinstance(y, Array)] for r in results], strict=True)
    told = []
    for column in columns:
        sizes = zip(*[y._array.shape for y in column], strict=True)
        told.append([[n[0] if len(set(n)) == 1 else None for n in sizes], column[0].dtype.name])
    return told


def _recorded(f: Any, args: Any, kwargs: Any, sizes: dict[int, int], name: str) -> tuple[Trace, Any, Any]:
    """A recording of `f` for tensors whose unknown sizes are `sizes`."""
    fresh: list[Tensor] = []

    def make(x: Any) -> Any:
        if not isinstance(x, TensorSpec):
            return x
        shape = [sizes[k] if n is None else n for k, n in enumerate(x.shape)]
        empty = np.full(shape, b"", object) if x.dtype == "string" else np.zeros(shape, x.dtype.numpy)
        fresh.append(Tensor(placed(empty)))
        return fresh[-1]

    args, kwargs = nest.map_structure(make, args), nest.map_structure(make, kwargs)
    trace = Trace(fresh)
    with recording(trace), contextlib.redirect_stdout(io.StringIO()):  # what is printed here, of zeros, tells nobody
        result = nest.map_structure(lambda y: as_tensor(y) if y is not None else None, f(*args, **kwargs))
    reasons = [r for r in trace.reasons if not r.startswith("print()")]
    if reasons:
        raise ValueError(f"saved_model.save: {name} cannot be replayed: {reasons[0]}")
    if trace.created_variables:
        raise ValueError(f"saved_model.save: {name} makes variables: call it once before it is saved")
    return trace, result, trace.program({trace.register(y) for y in nest.flatten(result) if isinstance(y, Array)})


def _wiring(steps: Any) -> Any:
    return [(s.op.name, s.inputs, s.outputs) for s in steps]


def _constant(x: Any) -> Any:
    return cuda.to_host(x) if hasattr(x, "dtype") else x


def _key(variable: Variable, keys: dict[int, str], name: str) -> str:
    if variable._id not in keys:
        raise AssertionError(
            f"Tried to export a function which references an 'untracked' resource: {name} uses variable "
            f"{variable.name!r}, which the saved object does not hold: make it an attribute"
        )
    return keys[variable._id]


def _structure(x: Any, trace: Trace | None = None) -> Any:
    """A nest as JSON: TensorSpecs, registers of results, and plain values at the leaves."""
    if isinstance(x, dict):
        return {"dict": [[k, _structure(v, trace)] for k, v in x.items()]}
    if isinstance(x, (list, tuple)):
        return {"list" if isinstance(x, list) else "tuple": [_structure(v, trace) for v in x]}
    if isinstance(x, TensorSpec):
        return {"spec": [_open(x.shape), x.dtype.name, x.name]}
    if isinstance(x, Array) and trace is not None:
        return {"register": trace.register(x)}
    if x is None or isinstance(x, (bool, int, float, str)):
        return {"plain": x}
    raise ValueError(f"saved_model.save: an argument or result {x!r} of type {type(x).__name__} cannot be saved")
