"""tf.saved_model.load: objects with the variables and functions of a saved model, without the classes they had."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from .. import nest
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..function import Function
from ..op import Effect
from ..registry import OPS
from ..tensor import Array, Tensor, Variable, as_tensor, placed
from ..tensor_spec import TensorSpec
from ..train.files import CheckpointReader
from .save import KIND
from .sizes import value


class Restored:
    """An object of a saved model: its attributes are variables, functions, and objects like it.

    `signatures`: the signatures by name, on the root.
    """

    def __init__(self) -> None:
        self._functions: dict[str, Any] = {}

    @property
    def variables(self) -> list[Variable]:
        """All variables below this object."""
        found: list[Variable] = []
        queue: list[Any] = [self]
        seen = {id(self)}
        while queue:
            x = queue.pop(0)
            held = x.values() if isinstance(x, dict) else x if isinstance(x, list) else vars(x).values()
            for child in held:
                if id(child) in seen or not isinstance(child, (Variable, Restored, list, dict)):
                    continue
                seen.add(id(child))
                if isinstance(child, Variable):
                    found.append(child)
                else:
                    queue.append(child)
        return found

    @property
    def trainable_variables(self) -> list[Variable]:
        return [v for v in self.variables if v.trainable]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "__call__" not in self._functions:
            raise TypeError(
                f"This object has no saved __call__: decorate it with @tf.function, and give it an input_signature or "
                f"call it before saving. Saved functions: {sorted(self._functions)}"
            )
        return self._functions["__call__"](*args, **kwargs)


class Program:
    """One signature of a saved function: steps over registers, for sizes that may be open."""

    def __init__(self, saved: dict[str, Any], arrays: list[Any], variables: dict[str, Variable]) -> None:
        self.saved, self.arrays, self.variables = saved, arrays, variables
        self.arguments = _structure(saved["arguments"])
        self.specs = [s for s in nest.flatten(self.arguments) if isinstance(s, TensorSpec)]
        self.run = Function(self._run)

    def fitted(self, args: Any, kwargs: Any) -> list[Any] | None:
        """The tensors among the arguments if they are of this signature, else None."""
        try:
            nest.assert_same_structure(self.arguments, (args, kwargs), check_types=False)
        except (TypeError, ValueError):
            return None
        found = []
        for wanted, x in zip(nest.flatten(self.arguments), nest.flatten((args, kwargs)), strict=True):
            if not isinstance(wanted, TensorSpec):
                if wanted != x:
                    return None
                continue
            try:
                x = x if isinstance(x, Array) else as_tensor(x, wanted.dtype.numpy)
            except (TypeError, ValueError):
                return None
            if not wanted.is_compatible_with(x):
                return None
            found.append(x)
        return found

    def sizes(self, tensors: Any) -> dict[int, int]:
        """The open sizes, of each axis one."""
        found: dict[int, int] = {}
        for spec, x in zip(self.specs, tensors, strict=True):
            for k, (n, size) in enumerate(zip(spec.shape, x._array.shape, strict=True)):
                if n is None and found.setdefault(k, size) != size:
                    raise InvalidArgumentError(
                        f"a saved function was called with sizes {found[k]} and {size} along axis {k}: axes that were "
                        f"None in its signature have one size"
                    )
        return found

    def _run(self, *tensors: Any) -> Any:
        sizes = self.sizes(tensors)
        registers: dict[int, Any] = dict(enumerate(tensors))
        for r, constant in self.saved["constants"].items():
            made = value(constant, sizes, self.arrays)
            registers[int(r)] = Tensor(placed(made)) if isinstance(made, np.ndarray) else made
        for step in self.saved["steps"]:
            targets = [self.variables[key] for key in step["targets"]]
            if step["op"] == "read":
                registers[step["outputs"][0]] = as_tensor(targets[0])
                continue
            op = OPS[step["op"]]
            inputs = [registers[r] for r in step["inputs"]]
            attrs = value(step["attrs"], sizes, self.arrays)
            made = op(tuple(targets), *inputs, **attrs) if isinstance(op, Effect) else op(*inputs, **attrs)
            for r, y in zip(step["outputs"], made if isinstance(made, tuple) else (made,)):
                registers[r] = y
        return _structure(self.saved["results"], registers)


class RestoredFunction:
    """A saved function: the program of the signature that the arguments have."""

    def __init__(self, name: str, programs: list[Program], parameters: Any = None) -> None:
        self.__name__, self.programs = name, programs
        self.signature = None if parameters is None else inspect.Signature([_parameter(*p) for p in parameters])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.signature is not None:
            bound = self.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        for program in self.programs:
            tensors = program.fitted(args, kwargs)
            if tensors is not None:
                return program.run(*tensors)
        known = "; ".join(str(p.specs) for p in self.programs)
        raise ValueError(
            f"Could not find matching concrete function to call loaded from the SavedModel. {self.__name__} was called "
            f"with {args}, {kwargs}; it was saved for {known}"
        )


def _parameter(name: str, kind: int, optional: bool, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect._ParameterKind(kind), default=default if optional else inspect.Parameter.empty
    )


class Signature:
    """A signature of a saved model: tensors by keyword in, a dict of tensors out.

    `programs`: one, or one for each number of axes that a tensor of unknown rank may have.
    """

    def __init__(self, name: str, programs: list[Program]) -> None:
        self.name, self.programs = name, programs
        self.structured_input_signature = programs[0].arguments
        keys = sorted(key for key, _ in programs[0].saved["results"]["dict"])
        known = programs[0].saved["outputs"]
        self.structured_outputs = {
            key: TensorSpec(shape if len(programs) == 1 else None, dtype, key)
            for key, (shape, dtype) in zip(keys, known, strict=True)
        }

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        names = list(self.structured_input_signature[1])
        if len(args) > 1 or (args and len(names) != 1):
            raise TypeError(f"signature {self.name!r} takes its tensors by keyword: {names}")
        given = {names[0]: args[0]} if args else kwargs
        if set(given) != set(names):
            raise TypeError(f"signature {self.name!r} takes {names}, got {sorted(given)}")
        for program in self.programs:
            tensors = program.fitted((), {n: given[n] for n in names})
            if tensors is not None:
                return program.run(*tensors)
        raise InvalidArgumentError(f"signature {self.name!r} wants {self.structured_input_signature[1]}, got {given}")


def _structure(saved: Any, registers: Any = None) -> Any:
    """What save._structure wrote, with TensorSpecs, or with the values of registers, at the leaves."""
    ((kind, content),) = saved.items()
    if kind == "dict":
        return {k: _structure(v, registers) for k, v in content}
    if kind in ("list", "tuple"):
        parts = [_structure(v, registers) for v in content]
        return parts if kind == "list" else tuple(parts)
    if kind == "spec":
        return TensorSpec(*content)
    return content if kind == "plain" else registers[content]


def load(export_dir: Any, tags: Any = None, options: Any = None) -> Any:
    """What `tf.saved_model.save` wrote: an object with the saved variables, functions and `signatures`.

    Functions are called as before, with tensors of the signatures that were saved; gradients pass through them, and
    their variables train. Raises OSError if there is no saved model of this library. Reference: tf.saved_model.load.
    """
    folder = Path(os.fspath(export_dir))
    if not contains_saved_model(folder):
        raise OSError(
            f"SavedModel file does not exist at: {folder}/saved_model.json: it is written by tf.saved_model.save of "
            f"this library; TensorFlow's saved_model.pb cannot be read"
        )
    saved = json.loads((folder / "saved_model.json").read_bytes())
    if saved.get("kind") != KIND:
        raise OSError(f"{folder}/saved_model.json is not a saved model of this library")
    arrays = _arrays(folder / "constants.npz", saved["dtypes"], saved["shapes"])
    reader = CheckpointReader(str(folder / "variables" / "variables"))
    variables: dict[str, Variable] = {}
    objects: list[Any] = []
    for number in range(len(saved["nodes"])):
        entry = saved["variables"].get(str(number))
        if entry is None:
            kind = list if number in saved["lists"] else dict if number in saved["dicts"] else Restored
            objects.append(kind())
            continue
        variable = Variable(
            reader.get_tensor(entry["key"]), trainable=entry["trainable"], name=entry["name"], shape=entry["shape"]
        )
        if None not in entry["shape"]:
            variable._declared = None
        variables[entry["key"]] = variable
        objects.append(variable)
    for x, edges in zip(objects, saved["nodes"], strict=True):
        for name, child in edges.items():
            if isinstance(x, list):
                x.append(objects[child])
            elif isinstance(x, dict):
                x[name] = objects[child]
            else:
                setattr(x, name, objects[child])
    root = objects[0]
    for name, programs in saved["functions"].items():
        function = RestoredFunction(name, [Program(p, arrays, variables) for p in programs], saved["parameters"][name])
        root._functions[name] = function
        if name != "__call__":
            setattr(root, name, function)
    root.signatures = {
        name: Signature(name, [Program(p, arrays, variables) for p in programs])
        for name, programs in saved["signatures"].items()
    }
    return root


def _arrays(path: Path, dtypes: list[str], shapes: list[list[int]]) -> list[Any]:
    out = []
    with np.load(path, allow_pickle=False) as held:
        for k, (name, shape) in enumerate(zip(dtypes, shapes, strict=True)):
            a, dtype = held[str(k)], as_dtype(name).numpy
            if dtype.kind == "O":
                flat = np.empty(a.size, object)
                flat[:] = [str(v).encode("latin-1") for v in a]
                a = flat
            elif a.dtype != dtype:
                a = np.frombuffer(a.tobytes(), dtype)
            out.append(a.reshape(shape))
    return out


def contains_saved_model(export_dir: Any) -> bool:
    """Whether a folder holds a saved model of this library."""
    return (Path(os.fspath(export_dir)) / "saved_model.json").is_file()
