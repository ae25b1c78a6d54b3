"""The house keeps its shape: names agree between the trees, imports go one way, the wheel is complete and light."""

import ast
import subprocess
import sys
import types
import zipfile
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import gputape

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "gputape"

# Who may import whom: a module imports from its own line or from one above it.
ORDER = [
    [
        "sources",
        "launch",
        "cuda",
        "registry",
        "dtypes",
        "errors",
        "nest",
        "tensor_shape",
        "printing",
        "device_spec",
        "variable_modes",
        "host_memory",
    ],
    ["record", "api"],
    ["tensor"],
    ["op", "module", "tensor_spec"],
    ["vmap", "explain", "indexed_slices"],
    ["tape"],
    ["blas", "blas_plan", "ops", "ragged", "sparse"],
    [
        "candidates",
        "captured",
        "concrete",
        "custom",
        "random",
        "random_image",
        "forward",
        "fractional_pool",
        "function",
        "fusion",
        "guards",
        "plan",
        "trace",
        "debugging",
        "control_flow",
        "numerics",
        "initial_values",
        "graph_mode",
        "linear_operator",
        "critical_section",
        "optional",
        "dlpack",
        "autograph",
    ],
    ["average_loss", "device", "data", "distribute", "protobuf", "example", "io", "lookup", "audio"],
    ["config", "inspect", "memory", "saved_model", "summary", "timeline", "train"],
    ["testing"],
    ["kernel", "numpy", "scipy"],
    ["__init__"],
    ["keras"],
    ["demo", "doctor"],
    ["__main__"],
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
HEAVY = {"cupy", "gputape.keras", "h5py", "matplotlib", "mpi4py", "pandas", "pydot", "rich", "scipy", "tensorboardX"}
WHEEL_LIMIT = 1_500_000  # bytes


def modules() -> dict[str, Path]:
    """Each module of the package under its dotted name: {"gputape.ops.math": Path, "gputape": Path, ...}."""
    paths = {path.relative_to(ROOT).with_suffix("").parts: path for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for parts, path in paths.items()}


MODULES = modules()


def statements(tree: ast.AST, late: bool) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING:`, which never run; without `late` not those in functions either."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.FunctionDef) and not late:
            continue
        yield node
        yield from statements(node, late)


def imports(name: str, late: bool = True) -> set[str]:
    """The full dotted names that the module imports; `from a import b` gives "a.b"."""
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in statements(ast.parse(path.read_text()), late):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return found


def imported_modules(name: str, late: bool = True) -> set[str]:
    """The modules of the package that the module imports: "gputape.ops.math.exp" counts as "gputape.ops.math"."""
    found = {target if target in MODULES else target.rpartition(".")[0] for target in imports(name, late)}
    return {target for target in found if target in MODULES} - {name}


def place(name: str) -> str:
    """Where the module stands in ORDER: "gputape.ops.math" is "ops", the package itself is "__init__"."""
    return name.split(".")[1] if "." in name else "__init__"


def kernel_names() -> list[str]:
    return sorted(path.stem for path in (ROOT / "kernels").glob("*.cu"))


def test_every_module_has_a_place():
    assert {place(name) for name in MODULES} - set(RANK) == set(), "add the module to ORDER, where it belongs"


def test_lower_never_imports_higher():
    wrong = [
        f"{name} imports {target}"
        for name in MODULES
        for target in imported_modules(name)
        if RANK[place(target)] > RANK[place(name)]
    ]
    assert wrong == []


def test_no_import_cycles():
    try:
        TopologicalSorter({name: imported_modules(name, late=False) for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


def test_one_module_imports_cupy():
    assert [name for name in MODULES if {i.split(".")[0] for i in imports(name)} & {"cupy", "cupyx"}] == [
        "gputape.cuda"
    ]


def test_keras_and_the_demo_use_public_names_only():
    """The layers' needs prove the public API: only names in gputape.__all__, and nothing from inside the core."""
    public, wrong = set(gputape.__all__), []
    for name, path in MODULES.items():
        if not (name.startswith("gputape.keras") or name == "gputape.demo"):
            continue
        used = {target.split(".")[1] for target in imports(name) if target.startswith("gputape.")}
        tree = ast.parse(path.read_text())
        aliases = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name == "gputape"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                used.add(node.attr)
        wrong += [f"{name} uses gputape.{attribute}" for attribute in sorted(used - public - {"keras"})]
    assert wrong == []


def test_all_is_complete():
    names = gputape.__all__
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(gputape, name)] == []
    public = {
        name
        for name, value in vars(gputape).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, types.ModuleType)
    }
    assert public - set(names) == set()


@pytest.mark.parametrize("name", kernel_names())
def test_a_kernel_has_its_op_its_test_and_its_bench(name):
    for path in (f"gputape/ops/{name}.py", f"tests/ops/test_{name}.py", f"bench/ops/bench_{name}.py"):
        assert (ROOT / path).is_file(), f"kernels/{name}.cu has no {path}"
    assert f'"{name}.cu"' in (PACKAGE / "ops" / f"{name}.py").read_text(), f"ops/{name}.py does not load {name}.cu"


@pytest.mark.parametrize("tree, prefix", [("tests/ops", "test_"), ("bench/ops", "bench_")])
def test_each_test_and_bench_belongs_to_an_op(tree, prefix):
    ops = {path.stem for path in (PACKAGE / "ops").glob("*.py")}
    assert {path.stem.removeprefix(prefix) for path in (ROOT / tree).glob(f"{prefix}*.py")} - ops == set()


def test_every_op_has_a_test():
    ops = {path.stem for path in (PACKAGE / "ops").glob("*.py") if not path.stem.startswith("_")}
    assert ops - {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "ops").glob("test_*.py")} == set()


def test_import_is_silent_and_light():
    """In a fresh process: no output, and none of the packages that only some programs need."""
    code = "import sys, gputape; sys.exit(','.join(sorted(set(sys.argv[1:]) & set(sys.modules))))"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr.strip()) == ("", "")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="building the wheel needs the extra test")
    folder = tmp_path_factory.mktemp("wheel")
    return Path(next(builder.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))


def test_wheel_holds_all_that_runs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    sources = {f"gputape/kernels/{path.name}" for path in (ROOT / "kernels").glob("*.cu*")}
    assert sources, "no kernels found"
    needed = sources | {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")}
    needed |= {"gputape/py.typed", "gputape/keras/datasets/digits.npz", "gputape/keras/datasets/README.md"}
    assert needed - held == set()
    assert not {name for name in held if name.startswith(("tests/", "bench/", "kernels/"))}


def test_wheel_is_light(wheel):
    assert wheel.stat().st_size < WHEEL_LIMIT


def test_version_has_one_source(wheel):
    assert wheel.name.startswith(f"gputape-{gputape.__version__}-")
