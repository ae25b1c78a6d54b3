"""Chains of elementwise ops as one kernel: the same bits as one by one, fewer launches, and what stays apart."""

import os

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda, fusion
from gputape.fusion import Chain, fused
from gputape.record import recording
from gputape.trace import Trace
from tests.emulator import emulator
from tests.emulator.emulator import ORDERS, Emulator

pytestmark = pytest.mark.skipif(bool(emulator.unavailable()), reason=str(emulator.unavailable()))
RNG = np.random.default_rng(0)
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]


class Program:
    """What `f` does with `args`, as recorded and with its chains fused."""

    def __init__(self, f, *args):
        self.args = [tf.constant(a) for a in args]
        self.trace = Trace(self.args)
        with recording(self.trace):
            out = f(*self.args)
        self.results = [self.trace.register(y) for y in (out if isinstance(out, tuple) else (out,))]
        self.steps = self.trace.program(set(self.results))
        self.fused = fused(self.steps, self.trace.likes, set(self.results))

    def run(self, steps):
        """The results, and the kernels launched for them."""
        registers = list(self.trace.registers)
        registers[: len(self.args)] = [a._array for a in self.args]
        with cuda.count_launches() as counter:
            for step in steps:
                made = step.op.run([registers[r] for r in step.inputs], step.attrs)
                for r, y in zip(step.outputs, made if type(made) is tuple else (made,)):
                    registers[r] = y
        return [registers[r] for r in self.results], counter.launches

    def names(self):
        return [step.op.name for step in self.fused]


def check(program):
    """The fused program gives the bits of the other; returns what it launched."""
    expected, _ = program.run(program.steps)
    made, launches = program.run(program.fused)
    for a, b in zip(made, expected):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tobytes() == b.tobytes()
    return launches


@pytest.fixture(autouse=True, params=["emulated"])  # so that `make sanitize` finds these tests
def _emulated():
    with cuda.emulated(Emulator()):
        yield


def given(dtype, *shapes):
    return [RNG.standard_normal(s).astype(dtype) for s in shapes]


def long(x, row, one, y):
    """Broadcasting, numbers, functors of two files, a predicate, a selection, and a value used twice."""
    a = tf.exp(x) * row + one
    b = tf.nn.relu(a - 2.0) * 0.5
    return tf.where(b > 0.25, tf.sqrt(b), y), a


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_chain_is_one_launch_of_the_same_bits(dtype):
    program = Program(long, *given(dtype, (3, 5), (5,), (), (3, 5)))
    assert check(program) == ["chain"]
    assert isinstance(program.fused[0].op, Chain)


def test_integers_and_bools():
    def f(x, y):
        return tf.logical_and(x + y > 3, tf.logical_not(x * y < 2))

    assert check(Program(f, np.arange(12).reshape(3, 4), np.arange(4))) == ["chain"]


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (1000,), (2, 1, 3)], ids=str)
def test_shapes(shape):
    check(Program(lambda x: tf.tanh(x * 2.0) + x, *given(np.float32, shape)))


@pytest.mark.parametrize(
    "shape, fits", [((4,), True), ((3, 4), True), ((1, 4), True), ((2, 1, 1), False), ((3, 1), False)]
)
def test_rows_are_read_as_they_are_and_columns_are_left(shape, fits):
    program = Program(lambda x, y: tf.exp(x) * y, *given(np.float32, (2, 3, 4), shape))
    assert len(check(program)) == (1 if fits else 2)


def test_strided_arguments():
    program = Program(lambda x: tf.exp(x) + 1.0, *given(np.float32, (3, 4)))
    program.args = [tf.constant(np.asfortranarray(program.args[0].numpy()))]
    check(program)


def test_nan_and_extremes():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38], np.float32)
    check(Program(lambda x: tf.maximum(x * 10.0, 0.0) - tf.abs(x), x))


def test_what_is_read_in_between_is_not_delayed():
    """The sum needs the exponentials, and what comes after needs the sum: two chains, not one."""

    def f(x):
        e = tf.exp(x - 1.0)
        return e / tf.reduce_sum(e) * 2.0

    program = Program(f, *given(np.float32, (3, 4)))
    assert [name.count("+") for name in program.names()] == [1, 0, 1]
    check(program)


def test_a_value_that_others_read_too_is_stored():
    def f(x):
        e = tf.exp(x)
        y = e + 1.0
        return y, tf.reduce_sum(e)

    program = Program(f, *given(np.float32, (3, 4)))
    assert check(program).count("chain") == 1


def test_two_chains_that_meet_become_one():
    program = Program(lambda x, y: tf.exp(x) * 2.0 + tf.math.log(tf.abs(y)) * 3.0, *given(np.float32, (3, 4), (3, 4)))
    assert check(program) == ["chain"]


def test_chains_do_not_reach_across_effects():
    v = tf.Variable([1.0, 2.0])

    def f(x):
        y = tf.exp(v * x)
        v.assign_add(x)
        return y + 1.0

    program = Program(f, np.float32([1, 2]))
    assert [name for name in program.names() if "+" in name] == ["multiply+exp"]


def test_single_ops_and_ops_with_attributes_stay():
    program = Program(lambda x: tf.reduce_sum(tf.cast(tf.exp(x), "float64"), 0), *given(np.float32, (3, 4)))
    assert not any(isinstance(step.op, Chain) for step in program.fused)


def test_long_programs_are_cut():
    def f(x):
        for _ in range(fusion.MOST + 8):
            x = x + 1.0
        return x

    program = Program(f, *given(np.float32, (3,)))
    assert len(program.fused) == 2
    check(program)


def test_equal_chains_share_their_kernel():
    first, second = (Program(lambda x: tf.exp(x) * 3.0, *given(np.float32, s)) for s in ((2, 3), (7,)))
    assert first.fused[0].op.kernels is second.fused[0].op.kernels


def test_the_order_of_threads_does_not_matter():
    program = Program(long, *given(np.float32, (33, 5), (5,), (), (33, 5)))
    with cuda.emulated(Emulator(orders=ORDERS)):
        program.run(program.fused)


@pytest.mark.skipif("GPUTAPE_SANITIZER" in os.environ, reason="NVRTC finds no libraries of its own there")
def test_a_chain_compiles_for_devices():
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()  # loads the library
    except Exception as error:
        pytest.skip(f"NVRTC is missing ({error}): pip install 'gputape[kernels]'")
    program = Program(long, *given(np.float16, (3, 5), (5,), (), (3, 5)))
    kernels = program.fused[0].op.kernels
    for arch in ("sm_80", "sm_90"):
        cuda.compile_cubin(kernels.source, kernels.name, arch, ["chain"], kernels.options)
