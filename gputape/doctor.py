"""The doctor: what gputape finds on this machine and, for each missing piece, the command that mends it."""

import platform
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

import gputape as tf
from gputape import cuda

CUPY = ("cupy-cuda12x", "cupy-cuda13x", "cupy")
NVRTC = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc")
CUBLAS = ("nvidia-cublas-cu12", "nvidia-cublas")
EXTRAS = {
    "matplotlib": "plot",
    "pydot": "plot",
    "rich": "progress",
    "h5py": "files",
    "safetensors": "files",
    "pillow": "images",
    "tensorboardX": "tensorboard",
    "pandas": "pandas",
    "mpi4py": "mpi",
}


class Finding(NamedTuple):
    """One line of the report: what was looked for, what was found, and what to do about it (empty: nothing)."""

    part: str
    found: str
    mend: str = ""


def report() -> int:
    """Prints the findings as a table; 0 when gradients on the CPU work, which needs nothing but NumPy and ml_dtypes.

    >>> from gputape import doctor
    >>> doctor.report()
    python ...
    0
    """
    findings = [examine(part, check) for part, check in CHECKS.items()]
    findings += [examine(package, partial(optional, package)) for package in EXTRAS]
    widths = [max(len(column) for column in columns) for columns in zip(*findings)]
    for finding in findings:
        print("  ".join(text.ljust(width) for text, width in zip(finding, widths)).rstrip())
    return 0 if gradient_works() else 1


def examine(part: str, check: Callable[[], tuple[str, str]]) -> Finding:
    """What `check` returns, or, since a doctor never falls ill, the error that it raised."""
    try:
        return Finding(part, *check())
    except Exception as error:
        return Finding(part, f"failed: {type(error).__name__}: {first_line(error)}")


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def installed(packages: tuple[str, ...]) -> list[str]:
    """Each installed one of `packages` with its version."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def nvidia_smi(field: str) -> list[str]:
    """The value of `field` for each GPU that the NVIDIA driver names; empty without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={field}", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return answer.stdout.strip().splitlines() if answer.returncode == 0 else []


def gpu_install() -> str:
    """The command that installs CuPy, NVRTC and cuBLAS for this driver: release 580 is the first that runs CUDA 13."""
    release = nvidia_smi("driver_version")
    extra = "cuda13" if release and int(release[0].split(".")[0]) >= 580 else "cuda12"
    return f'pip install "gputape[{extra}]"'


def gradient_works() -> bool:
    """Whether d(x * x) / dx at 3 is 6: array, op, tape and reverse pass in one."""
    try:
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        return float(tape.gradient(y, x)) == 6.0
    except Exception:
        return False


def python() -> tuple[str, str]:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}", ""


def numpy() -> tuple[str, str]:
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return f"{np.__version__}, BLAS {blas['name']} {blas['version']}", ""


def ml_dtypes() -> tuple[str, str]:
    found = installed(("ml_dtypes",))
    return (version("ml_dtypes"), "") if found else ("missing", "pip install ml_dtypes")


def gradient() -> tuple[str, str]:
    if gradient_works():
        return f"gputape {tf.__version__} computes gradients on the CPU", ""
    return "gputape cannot compute a gradient", "pip install --force-reinstall gputape"


def driver() -> tuple[str, str]:
    found = nvidia_smi("driver_version")
    return (found[0], "") if found else ("missing", "with an NVIDIA GPU: sudo apt install nvidia-driver")


def cupy() -> tuple[str, str]:
    found = installed(CUPY)
    if len(found) > 1:  # they share one folder, and whichever came last has overwritten the others
        return " and ".join(found), f"pip uninstall {' '.join(name.split()[0] for name in found)}; {gpu_install()}"
    return (found[0], "") if found else ("missing", gpu_install())


def nvrtc() -> tuple[str, str]:
    if find_spec("cupy") is None:
        return "missing", gpu_install()
    try:
        cuda.compile_cubin('extern "C" __global__ void doctor() {}', "doctor.cu", "sm_80")
    except Exception as error:
        return f"does not compile: {first_line(error)}", gpu_install()
    return f"{' '.join(installed(NVRTC)) or 'of the CUDA toolkit'}, compiles", ""


def cublas() -> tuple[str, str]:
    if not cuda.available():
        found = installed(CUBLAS)
        return (f"{found[0]}, not tried without a device", "") if found else ("not found", gpu_install())
    ones = cuda.to_device(np.ones((2, 2), np.float32))
    if float(tf.matmul(ones, ones)[0, 0]) != 2.0:
        return "multiplies wrongly", gpu_install()
    return f"{' '.join(installed(CUBLAS)) or 'of the CUDA toolkit'}, multiplies", ""


def device() -> tuple[str, str]:
    names = nvidia_smi("name")
    if cuda.available():
        return f"{', '.join(names) or 'a CUDA device'}: in use", ""
    if not names:
        return "no GPU: everything runs on the CPU", ""
    return f"{', '.join(names)}: not in use", "mend the lines above, then see CUDA_VISIBLE_DEVICES"


def compiler() -> tuple[str, str]:
    program = shutil.which("g++")
    if program is None:
        return "missing: the tests cannot run kernels on the CPU", "sudo apt install g++"
    answer = subprocess.run([program, "-dumpfullversion"], capture_output=True, text=True, timeout=20, check=True)
    return f"{answer.stdout.strip()} (runs kernels on the CPU in the tests)", ""


def optional(package: str) -> tuple[str, str]:
    if not installed((package,)):
        return "missing (optional)", f'pip install "gputape[{EXTRAS[package]}]"'
    return version(package), ""


CHECKS: dict[str, Callable[[], tuple[str, str]]] = {
    "python": python,
    "numpy": numpy,
    "ml_dtypes": ml_dtypes,
    "gputape": gradient,
    "driver": driver,
    "cupy": cupy,
    "nvrtc": nvrtc,
    "cublas": cublas,
    "device": device,
    "g++": compiler,
}
