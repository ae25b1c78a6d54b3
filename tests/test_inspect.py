"""inspect: kernels of ops, layers and recorded functions, and what they take; nothing is launched or changed."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda

X = tf.constant([[1.0, 2.0, 3.0]])


def names(found):
    return [launch.name for launch in found.launches]


def test_an_op():
    found = tf.inspect(tf.nn.softmax, tf.cast(X, tf.float16))
    assert found.ops == ["softmax_along"] and names(found) == ["softmax_forward<__half>"]
    (launch,) = found.launches
    assert (launch.file, launch.grid, launch.block, launch.dynamic_shared) == ("softmax.cu", (1,), (256,), 0)
    assert "__global__" in launch.source and "struct Sum" in launch.source


def test_a_function_of_several_ops_with_gradients():
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.softmax(x)
        return tape.gradient(y, x)

    found = tf.inspect(f, X)
    assert "softmax_backward<float>" in names(found)


def test_an_op_without_a_kernel():
    found = tf.inspect(tf.linalg.expm, tf.eye(2))
    assert found.launches == [] and found.array_code == found.ops != [] and found.ops[0] in str(found)


def test_a_recorded_function_tells_its_plan_and_its_chains(host):
    @tf.function
    def f(x):
        return tf.reduce_sum(tf.exp(x) * 2.0)

    with pytest.raises(ValueError, match="no recording"):
        tf.inspect(f)
    found = tf.inspect(f, tf.constant([[1.0, 2.0, 3.0]]))
    assert found.ops[0] == "exp+multiply" and "chain" in names(found)
    assert "exp(" in found.plans[0] and found.plans[0] in str(found)
    assert tf.inspect(f).ops == found.ops and f.experimental_get_tracing_count() == 1


def test_a_training_step_keeps_its_weights():
    v = tf.keras.Variable(np.ones(3, np.float32))
    optimizer = tf.keras.optimizers.Adam(0.1)
    optimizer.build([v])

    @tf.function
    def step():
        optimizer.apply([tf.ones(3)], [v])

    step()
    before = v.numpy().copy()
    found = tf.inspect(step)
    np.testing.assert_array_equal(v, before)
    assert names(found) == ["update<Adam, float>"]


def test_resources():
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()
    except Exception as error:
        pytest.skip(f"NVRTC is missing: {error}")
    found = tf.inspect(tf.nn.softmax, X, arch="sm_80")
    used = found.launches[0].resources
    assert 0 < used["regs"] <= 40 and used["spill"] == 0
    assert f"{used['regs']} registers" in str(found) and "sm_80" in str(found)


def test_without_nvrtc_the_reason_is_told(monkeypatch):
    def missing(*args):
        raise ImportError("no cupy here")

    monkeypatch.setattr(cuda, "compile_cubin", missing)
    assert "registers unknown: no cupy here" in str(tf.inspect(tf.nn.softmax, X))
