"""gputape.cuda without a GPU: arrays while emulating, launches and what they refuse, the cache, error flags, graphs."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda, launch, sources
from tests.emulator import emulator
from tests.emulator.emulator import ORDERS, Emulator

needs_emulator = pytest.mark.skipif(bool(emulator.unavailable()), reason=str(emulator.unavailable()))
FLOATS = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


class Recorder:
    """A driver that notes launches and runs nothing."""

    def __init__(self):
        self.launches = []

    def launch(self, kernel, grid, block, args, smem):
        self.launches.append((kernel.expression, grid, block, args, smem))


def launched(name="f", grid=1, args=(), template=None, **options):
    """What the driver gets for a launch."""
    kernels = cuda.Kernels("softmax.cu", block=64)
    kernel = getattr(kernels, name) if template is None else getattr(kernels, name)[template]
    with cuda.emulated(Recorder()) as driver:
        kernel(grid=grid, args=args, **options)
    return driver.launches


# -- arrays


def test_on_a_machine_without_a_device():
    if cuda.available():
        pytest.skip("there is a device")
    x = np.ones(3)
    assert not cuda.is_device(x) and not isinstance(x, cuda.ndarray)
    assert cuda.array_module(x, 2.0) is np and cuda.to_host(x) is x
    for ask in (cuda.stream, lambda: cuda.to_device(x), lambda: cuda.Kernels("softmax.cu").f(grid=1, args=())):
        with pytest.raises(RuntimeError, match="python -m gputape doctor"):
            ask()


def test_unknown_attributes_are_errors():
    with pytest.raises(AttributeError, match="no_such_name"):
        cuda.no_such_name  # noqa: B018


@pytest.mark.parametrize("dtype", [*FLOATS, np.complex64, np.int32, np.bool_])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 5), (2, 3)])
def test_outputs_start_as_poison(shape, dtype):
    with cuda.emulated(Recorder()):
        y = cuda.empty(shape, dtype)
        assert y.shape == shape and y.dtype == dtype and set(y.tobytes()) <= {0xFF}
        if y.dtype.kind in "fcV":
            assert np.isnan(y).all()
        z = cuda.empty_like(np.zeros((3, 2), dtype).T)
        assert z.shape == (2, 3) and z.flags.c_contiguous
        assert not cuda.zeros(shape, dtype).any()


def test_contiguous_copies_only_what_has_strides():
    x = np.arange(6).reshape(2, 3)
    assert cuda.contiguous(x) is x
    y = cuda.contiguous(x.T)
    assert y.flags.c_contiguous and np.array_equal(y, x.T)


def test_arrays_of_other_libraries_are_taken_over():
    x = np.arange(3.0)
    assert np.shares_memory(cuda.from_foreign(x), x)


# -- emulation


def test_emulation_nests_and_is_suspended_for_the_meaning():
    first, second = Recorder(), Recorder()
    assert not cuda.emulating
    with cuda.emulated(first):
        with cuda.emulated(second):
            cuda.Kernels("softmax.cu").inner(grid=1, args=())
            with cuda.meaning():
                assert not cuda.emulating
        cuda.Kernels("softmax.cu").outer(grid=1, args=())
        assert cuda.emulating
    assert not cuda.emulating
    assert [launch[0] for launch in first.launches] == ["outer"]
    assert [launch[0] for launch in second.launches] == ["inner"]


def test_an_error_ends_emulation():
    with pytest.raises(ZeroDivisionError), cuda.emulated(Recorder()):
        1 / 0  # noqa: B018
    assert not cuda.emulating


def test_launches_are_counted():
    with cuda.count_launches() as all_of_them:
        launched("f", template=np.dtype("float32"))
        with cuda.count_launches() as one:
            launched("g")
        launched("nothing", grid=0)
    assert all_of_them.launches == ["f<float>", "g"] and one.launches == ["g"]


# -- launching


@pytest.mark.parametrize(
    "template, expression",
    [
        (np.dtype("float16"), "f<__half>"),
        (np.dtype(ml_dtypes.bfloat16), "f<__nv_bfloat16>"),
        (("Exp", np.float32, np.dtype("int64")), "f<Exp, float, long long>"),
        ((np.uint8, 4, True), "f<unsigned char, 4, true>"),
        ("uint4", "f<uint4>"),
        ("float32", "f<float>"),
    ],
)
def test_template_arguments(template, expression):
    assert launched("f", template=template)[0][0] == expression


def test_there_are_no_kernels_of_complex_numbers():
    with pytest.raises(TypeError, match="kernels take no complex64"):
        launched("f", template=np.complex64)


def test_a_kernel_is_made_once():
    kernels = cuda.Kernels("softmax.cu")
    assert kernels.f[np.dtype("float32")] is kernels.f[np.dtype("float32")]
    with pytest.raises(AttributeError):
        kernels._private  # noqa: B018


def test_grids_and_blocks():
    assert launched(grid=3)[0][1:3] == ((3,), (64,))
    assert launched(grid=np.int64(3), block=32, smem=8)[0][1:] == ((3,), (32,), (), 8)
    assert launched(grid=(2, 5), block=(32, 2))[0][1:3] == ((2, 5), (32, 2))
    assert launched(grid=(2, 0)) == []
    with pytest.raises(ValueError, match="more than the 64 threads"):
        launched(block=(33, 2))


def test_arguments():
    x, null = np.zeros(3), np.uint64(0)
    table = np.zeros((), [("x", np.int32)])
    assert launched(args=(x, np.float32(2), table, None))[0][3] == (x, np.float32(2), table, null)
    for number in (1, 2.0, True):
        with pytest.raises(TypeError, match=r"argument 1 is a Python \w+, whose width would be a guess"):
            launched(args=(x, number))
    with pytest.raises(ValueError, match=r"argument 0, of shape \(2, 3\), has strides"):
        launched(args=(np.zeros((3, 2)).T,))


# -- sources


def test_sources_are_complete():
    source = cuda.Kernels("softmax.cu").source
    assert '\n#include "' not in source and source.count("struct Accumulator {") == 1
    lines = (sources.kernel_root() / "softmax.cu").read_text().splitlines()
    after = source.splitlines()[source.splitlines().index('#line 1 "softmax.cu"') + 1 :]
    number = lines.index('#include "common.cuh"') + 1
    resumed = after.index(f'#line {number + 1} "softmax.cu"')
    assert after[resumed + 1 :] == lines[number:]


def test_a_header_is_spliced_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "kernel_root", lambda: tmp_path)
    (tmp_path / "a.cuh").write_text('int a;\n#include "b.cuh"\n')
    (tmp_path / "b.cuh").write_text('#include "a.cuh"\nint b;\n')
    text = sources.spliced('#include "b.cuh"\n  #include "a.cuh"\n#include <c.h>\nint c;\n', "c.cu")
    lines = [line for line in text.splitlines() if line and not line.startswith("#line")]
    assert lines == ["int a;", "int b;", "#include <c.h>", "int c;"]


def test_declared_instances():
    text = "// instance f<float, 4>  regs<=40 spill=0 smem<=49152\n//  instance g \nint instance;\n// an instance of\n"
    assert sources.instances(text) == {"f<float, 4>": {"regs": 40, "spill": 0, "smem": 49152}, "g": {}}


# -- the disk cache


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """A cache in an empty folder, and a list of what was compiled."""
    calls = []

    def compile_cubin(source, name, arch, expressions, options):
        calls.append((expressions[0], arch, options))
        return b"cubin\nof " + arch.encode(), {expressions[0]: "_Z1f"}, ""

    nvrtc = SimpleNamespace(getVersion=lambda: (12, 9))
    monkeypatch.setitem(sys.modules, "cupy.cuda", SimpleNamespace(nvrtc=nvrtc))
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=sys.modules["cupy.cuda"], ndarray=FakeArray))
    monkeypatch.setattr(cuda, "compile_cubin", compile_cubin)
    monkeypatch.setenv("GPUTAPE_CACHE_DIR", str(tmp_path / "cache"))
    return calls


def test_a_kernel_is_compiled_once_for_each_input(compiled, tmp_path):
    for _ in range(2):
        assert cuda.cached_cubin(cuda.Kernels("softmax.cu"), "f", "sm_90") == (b"cubin\nof sm_90", "_Z1f")
    cuda.cached_cubin(cuda.Kernels("softmax.cu", block=64), "f", "sm_90")
    cuda.cached_cubin(cuda.Kernels("softmax.cu"), "f", "sm_80")
    cuda.cached_cubin(cuda.Kernels("softmax.cu"), "g", "sm_90")
    cuda.cached_cubin(cuda.Kernels("\nint other;"), "f", "sm_90")
    options = ("-DBLOCK=256",)
    assert compiled == [
        ("f", "sm_90", options),
        ("f", "sm_90", ("-DBLOCK=64",)),
        ("f", "sm_80", options),
        ("g", "sm_90", options),
        ("f", "sm_90", options),
    ]
    assert len(list((tmp_path / "cache").iterdir())) == 5


def test_a_cache_that_cannot_be_written_only_costs_time(compiled, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    for _ in range(2):
        assert cuda.cached_cubin(cuda.Kernels("softmax.cu"), "f", "sm_90")[1] == "_Z1f"
    assert len(compiled) == 2


# -- the device, played by a stand-in for cupy


class FakeArray:
    """An array on device `device`."""

    def __init__(self, device=0):
        self.data = SimpleNamespace(device_id=device, ptr=512)
        self.flags = SimpleNamespace(c_contiguous=True)
        self.shape = (2,)


class FakeCuda:
    """The parts of cupy.cuda that cuda.py uses; `log` tells what was done."""

    def __init__(self, log):
        self.log = log
        self.runtime = SimpleNamespace(getDevice=lambda: 0, setDevice=lambda device: None)
        self.driver = SimpleNamespace(
            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES=8, funcSetAttribute=lambda *a: log.append(("set", *a))
        )
        self.function = SimpleNamespace(Module=self.module)

    def Device(self, device):
        return SimpleNamespace(compute_capability="90")

    def module(self):
        return SimpleNamespace(load=lambda cubin: self.log.append(("load", cubin)), get_function=self.get_function)

    def get_function(self, name):
        return SimpleNamespace(ptr=77)

    def get_current_stream(self):
        return SimpleNamespace(ptr=99)

    def cuLaunchKernel(self, function, *launch):
        *size, smem, stream, parameters, extra = launch
        assert (function, stream, extra) == (77, 99, None)
        self.log.append((*size, smem, tuple(parameters)))
        return 1 if size[0] == 13 else 0

    def MemoryPool(self):
        return SimpleNamespace(malloc="private")

    @contextmanager
    def using_allocator(self, malloc):
        self.log.append(f"allocate {malloc}")
        yield
        self.log.append("allocate as before")

    def Stream(self, non_blocking):
        assert non_blocking  # the default stream waits for it otherwise, which capture forbids
        return FakeStream(self.log)


class FakeStream:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("enter")

    def __exit__(self, *error):
        self.log.append("exit")

    def begin_capture(self):
        self.log.append("begin")

    def end_capture(self):
        self.log.append("end")
        return SimpleNamespace(launch=lambda: self.log.append("launch"))


@pytest.fixture
def fake(monkeypatch):
    log = []
    module = SimpleNamespace(cuda=FakeCuda(log), ndarray=FakeArray)
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(cuda, "_kind", FakeArray)
    monkeypatch.setattr(launch, "driver", lambda: module.cuda)
    monkeypatch.setattr(cuda, "available", lambda: True)
    monkeypatch.setattr(cuda, "cached_cubin", lambda file, expression, arch: (f"{expression} for {arch}", "_Z1f"))
    return log


def test_a_launch_on_the_device_loads_the_kernel_once(fake):
    kernels, x = cuda.Kernels("softmax.cu"), FakeArray()
    for _ in range(2):
        kernels.f[np.dtype("float32")](grid=2, args=(x, np.int64(3), None), smem=16)
    loaded, first, second = fake
    assert loaded == ("load", "f<float> for sm_90") and first == second and first[:7] == (2, 1, 1, 256, 1, 1, 16)
    with pytest.raises(
        launch.LaunchError, match=r"f<float>: cuLaunchKernel returned error 1 for a grid of .13,. blocks"
    ):
        kernels.f[np.dtype("float32")](grid=13, args=(x, np.int64(3), None))


def test_much_shared_memory_is_asked_for(fake):
    kernels = cuda.Kernels("softmax.cu")
    for _ in range(2):
        kernels.f(grid=1, args=(), smem=100_000)
    launched = (1, 1, 1, 256, 1, 1, 100_000, ())
    assert fake[1:] == [("set", 77, 8, 100_000), launched, launched]


def test_arrays_that_are_elsewhere_are_refused(fake):
    kernels = cuda.Kernels("softmax.cu")
    with pytest.raises(TypeError, match="argument 0 is an array on device -1, the kernel runs on 0"):
        kernels.f(grid=1, args=(np.zeros(3),))
    with pytest.raises(TypeError, match="argument 0 is an array on device 1, the kernel runs on 0"):
        kernels.f(grid=1, args=(FakeArray(1),))
    with cuda.emulated(Recorder()), pytest.raises(TypeError, match="on device 0, the kernel runs on -1"):
        kernels.f(grid=1, args=(FakeArray(),))


def test_a_graph_captures_once_and_launches_often(fake):
    graph = cuda.Graph(lambda: fake.append("step") or "outputs")
    assert fake == ["enter", "allocate private", "begin", "step", "end", "allocate as before", "exit"]
    assert graph.launch() == graph.launch() == graph.outputs == "outputs"
    assert fake[-2:] == ["launch", "launch"] and gc.isenabled()


def test_a_step_that_fails_leaves_capture(fake):
    with pytest.raises(ZeroDivisionError):
        cuda.Graph(lambda: 1 / 0)
    assert "end" in fake and "exit" in fake and gc.isenabled()


# -- errors that kernels find

GATHER = cuda.Kernels(
    """
#include "common.cuh"
__global__ void gather(const float* x, const i64* rows, float* y, i64 count, i64 n, int* flag) {
    for (i64 i = global_id(); i < n; i += global_count()) {
        const bool bad = rows[i] < 0 || rows[i] >= count;
        if (bad) report_index(flag, i);
        y[i] = bad ? 0 : x[rows[i]];
    }
}
""",
    block=32,
)


@needs_emulator
@pytest.mark.parametrize("order", ORDERS)
def test_the_first_bad_index_is_told_and_the_flag_cleared(order):
    x, y = np.arange(5, dtype=np.float32), np.empty(100, np.float32)
    rows = np.arange(100) % 5
    with cuda.emulated(Emulator([order])):
        GATHER.gather(grid=2, args=(x, rows, y, np.int64(5), np.int64(100), cuda.error_flag("gather")))
        cuda.check_errors()
        rows[[41, 70, 97]] = -1, 5, 2**40
        GATHER.gather(grid=2, args=(x, rows, y, np.int64(5), np.int64(100), cuda.error_flag("gather")))
        assert y[[41, 70, 97]].tolist() == [0, 0, 0] and y[99] == 4
        with pytest.raises(IndexError, match=r"index out of range in gather \(position 41 of its indices\)"):
            cuda.check_errors()
        cuda.check_errors()


def test_each_op_has_a_flag_of_its_own_which_stays_where_it_is():
    with cuda.emulated(Recorder()):
        first, second = cuda.error_flag("one op"), cuda.error_flag("another op")
        assert cuda.address(cuda.error_flag("one op")) == cuda.address(first) != cuda.address(second)
        first[0], second[0] = cuda.FIRST - 3, cuda.FIRST
        with pytest.raises(IndexError, match=r"one op \(position 3 .*another op \(position 0"):
            cuda.check_errors()
