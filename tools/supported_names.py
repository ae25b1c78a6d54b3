"""Writes docs/supported-names.md: the public names of TensorFlow 2.21 and Keras 3.15, which are here, and why the others
are not. Every missing name has a rule in ABSENT.

    python -m tools.supported_names > docs/supported-names.md

The names are in tests/references/public_names.json, by section: "tf.math" is a namespace, "tf.Variable (methods)" a class.
tests/test_names.py holds the page and `ABSENT` to what the library has.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import gputape

NAMES = Path(__file__).resolve().parents[1] / "tests" / "references" / "public_names.json"

# Why a name is not here, and the patterns of the full names this holds for. The first pattern that fits a name counts.
ABSENT: list[tuple[str, list[str]]] = [
    (
        "quantization: there are no kernels for quantized numbers",
        ["*.q*int*", "*.QUANTIZED_DTYPES", "*uantiz*", "keras.dtype_policies.*DTypePolicy"],
    ),
    ("no op or kernel takes these number formats", ["*.float8_*", "*.float4_*", "*.int2", "*.int4", "*.uint2", "*.uint4"]),
    (
        "graph mode: there is no graph to build, every tensor has a value",
        [
            "tf.Graph", "tf.Operation", "tf.RegisterGradient", "tf.graph_util", "tf.import_graph_def", "tf.no_gradient",
            "tf.variable_creator_scope", "tf.resource", "tf.variant", "tf.dtypes.resource", "tf.dtypes.variant",
            "*.eval", "*.initialized_value", "*.load", "*.count_up_to", "*.graph", "*.op", "*.consumers",
            "tf.IndexedSlices.name", "tf.TensorArray.grad",
        ],
    ),
    (
        "the protocol by which TensorFlow traces functions; here a spec describes, and `tf.function` records",
        [
            "*.cast", "*.experimental_as_proto", "*.experimental_from_proto", "*.experimental_type_proto", "*.flatten",
            "*.from_tensors", "*.to_tensors", "*.placeholder_value", "tf.data.IteratorSpec", "tf.NoneTensorSpec",
            "tf.TensorArraySpec", "tf.DType.is_subtype_of", "tf.DType.most_specific_common_supertype",
            "tf.TensorSpec.value_type", "tf.types",
        ],
    ),
    (
        "protocol buffers are read and written as files, they are no objects here",
        ["*.as_proto", "*.as_datatype_enum", "tf.make_ndarray", "tf.make_tensor_proto"],
    ),
    (
        "TensorFlow's compilers, devices and libraries",
        [
            "tf.xla", "tf.mlir", "tf.lite", "tf.tpu", "tf.raw_ops", "tf.load_library", "tf.load_op_library", "tf.sysconfig",
            "tf.security", "tf.experimental.tensorrt", "tf.experimental.function_executor_type",
            "tf.experimental.register_filesystem_plugin", "tf.Tensor.is_packed", "tf.Tensor.backing_device",
            "tf.debugging.experimental", "keras.src",
        ],
    ),
    (
        "internal to TensorFlow, in its public list by accident",
        [
            "tf.approx_top_k", "tf.check_pinned", "tf.conv", "tf.conv2d_backprop_*_v2", "tf.ragged_fill_empty_rows*",
            "tf.random_index_shuffle",
        ],
    ),
    (
        "computing on several machines in TensorFlow's ways",
        [
            "*.dtensor", "tf.train.ClusterDef", "tf.train.ClusterSpec", "tf.train.JobDef", "tf.train.ServerDef",
            "tf.train.Coordinator", "tf.config.experimental_connect_to_*",
        ],
    ),
    ("queues and batched serving of TensorFlow 1: use tf.data", ["tf.queue", "tf.nondifferentiable_batch_function"]),
    ("deprecated in TensorFlow: use Keras's preprocessing layers", ["tf.feature_column"]),
    (
        "deprecated in TensorFlow; its documentation names the successor",
        [
            "*.experimental_ref", "tf.Variable.batch_scatter_update", "tf.Variable.constraint",
            "tf.Variable.read_value_no_copy", "tf.Variable.set_shape", "tf.nn.RNNCell*Wrapper", "keras.legacy",
            "keras.utils.legacy",
        ],
    ),
    ("what `compile` was given is an attribute of the model, not of its class", ["*.loss"]),
    ("operators of Python 2", ["*.__div__", "*.__rdiv__", "*.__long__"]),
    (
        "types made by users that act as tensors: a class with `__gputape_tensor__` converts instead",
        [
            "tf.experimental.*Extension*", "tf.experimental.extension_type", "tf.experimental.*dispatch_for*",
            "tf.register_tensor_conversion_function",
        ],
    ),
    (
        "ragged tensors have one ragged dimension after another, and no shape objects of their own",
        ["tf.experimental.DynamicRaggedShape", "tf.experimental.RowPartition", "tf.experimental.StructuredTensor"],
    ),
    ("errors are raised where they happen, not later", ["tf.experimental.async_*", "tf.experimental.enable_strict_mode"]),
    (
        "would need a large table of constants, or counts kept inside an op",
        ["*.sobol_sample", "*.learned_unigram_candidate_sampler", "*.stateless_parameterized_truncated_normal"],
    ),
    ("a checkpoint is restored into objects; `tf.train.list_variables` shows what is in it", ["tf.train.*View"]),
    ("other frameworks' models and services", ["keras.layers.*Layer", "keras.layers.TorchModuleWrapper", "*.OrbaxCheckpoint"]),
    ("elements of datasets are dense arrays; `padded_batch` takes different sizes", ["tf.data.Dataset.*_batch"]),
    ("a hash of TensorFlow's graph of a dataset", ["tf.data.Dataset.fingerprint"]),
    (
        "not written yet",
        [
            "tf.experimental.numpy", "tf.dtypes.experimental", "tf.train.experimental", "keras.RematScope",
            "keras.distillation", "keras.visualization", "keras.wrappers",
            "*.rematerialized_call", "*.RemoteMonitor", "keras.utils.Config",
            "*.KerasFileEditor",
        ],
    ),
]  # fmt: skip


def sections() -> dict[str, list[str]]:
    """The names by section: {"tf.math": ["abs", ...], "tf.Variable (methods)": ["assign", ...], ...}."""
    return json.loads(NAMES.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def home(section: str) -> Any:
    """The namespace or class that a section is about; AttributeError if there is none."""
    first, *rest = section.partition(" ")[0].split(".")
    value: Any = gputape if first == "tf" else gputape.keras
    for name in rest:
        value = getattr(value, name)
    return value


def has(section: str, name: str) -> bool:
    """Whether the name is here."""
    try:
        getattr(home(section), name)
    except AttributeError:
        return False
    return True


def why(section: str, name: str) -> str | None:
    """Why the name is not here; None when no rule fits it."""
    path = f"{section.partition(' ')[0]}.{name}"
    return next((reason for reason, patterns in ABSENT if any(fnmatchcase(path, p) for p in patterns)), None)


def page() -> str:
    """The text of docs/supported-names.md."""
    names = sections()
    here = {section: [name for name in all_ if has(section, name)] for section, all_ in names.items()}
    total, supported = sum(map(len, names.values())), sum(map(len, here.values()))
    lines = [
        "# Supported names",
        "",
        f"{supported:,} of the {total:,} public names of TensorFlow 2.21 and Keras 3.15 are here. Any other name raises an",
        "AttributeError that names the nearest one there is. `python -m tools.supported_names` writes this page.",
    ]
    for section, all_ in names.items():
        lines += ["", f"## {section}: {len(here[section])} of {len(all_)}"]
        if here[section]:
            lines += ["", ", ".join(f"`{name}`" for name in here[section])]
        absent: dict[str, list[str]] = {}
        for name in sorted(set(all_) - set(here[section])):
            absent.setdefault(why(section, name) or "no reason given", []).append(f"`{name}`")
        if absent:
            lines += ["", "| not here | why |", "| --- | --- |"]
            lines += [f"| {', '.join(group)} | {reason} |" for reason, group in absent.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
