"""What an op is: how arguments are sorted, what a rule is given, what fused ops and effects do."""

import numpy as np
import pytest

import gputape as tf
from gputape import op as ops
from gputape.record import recording
from gputape.registry import OPS


@pytest.fixture
def declare(monkeypatch):
    """The decorators; ops declared by them are forgotten after the test."""
    for name in set(OPS) & {"twice", "weigh", "both", "bump"}:
        pytest.fail(f"{name} is taken")
    yield ops
    for name in ("twice", "weigh", "both", "bump"):
        OPS.pop(name, None)


class Ear:
    is_tape = False

    def __init__(self):
        self.heard = []

    def record(self, op, inputs, outputs, attrs):
        self.heard.append((op.name, attrs))


def test_arguments_are_sorted_into_arrays_and_attributes(declare):
    @declare.op
    def weigh(xp, x, w, *, power=1):
        return x * w**power

    assert weigh([1.0, 2.0], w=[3.0, 3.0], power=2, name="ignored").numpy().tolist() == [9.0, 18.0]
    assert weigh([2.0], [3.0]).numpy().tolist() == [6.0]
    assert OPS["weigh"] is weigh and repr(weigh) == "<gputape op weigh(x, w)>"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'w'"):
        weigh([1.0])
    with pytest.raises(TypeError, match="takes 2 arrays"):
        weigh([1.0], [1.0], [1.0])
    with pytest.raises(TypeError, match=r"unexpected keyword arguments \['size'\]"):
        weigh([1.0], [1.0], size=3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="x is float32, w is float64"):
        weigh(tf.constant(1.0), tf.constant(1.0, tf.float64))


def test_an_error_of_a_body_names_the_op_and_the_shapes(declare):
    @declare.op
    def weigh(xp, x, w):
        raise ValueError("no")

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"weigh: x \(2,\), w \(\): no \[Op:weigh\]"):
        weigh([1.0, 2.0], 1.0)


def test_a_rule_gets_what_its_parameters_name(declare):
    got = {}

    @declare.op
    def weigh(xp, x, w, *, power):
        return x * w**power

    @weigh.gradient
    def _(dy, y, x_shape, w, power):
        got.update(y=y.numpy(), x_shape=x_shape, w=w.numpy(), power=power)
        return lambda: dy * w**power, pytest.fail

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = weigh(x, tf.constant([3.0, 3.0]), power=2)
    assert tape.gradient(y, x).numpy().tolist() == [9.0, 9.0]  # pytest.fail, the rule of w, was not called
    assert got["x_shape"] == (2,) and got["power"] == 2 and got["w"].tolist() == [3.0, 3.0]
    with pytest.raises(TypeError, match="'z' is no input, output or attribute"):
        weigh.gradient(lambda dy, z: dy)


def test_missing_gradients_of_several_outputs_are_zeros(declare):
    @declare.op
    def both(xp, x):
        return x * 2, x * 3

    @both.gradient
    def _(dys):
        assert isinstance(dys, tuple) and dys[0].numpy().tolist() == [0.0]
        return dys[0] * 2.0 + dys[1] * 3.0

    x = tf.constant([1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        _, y = both(x)
    assert tape.gradient(y, x).numpy().tolist() == [3.0]


def test_a_fused_op_without_a_rule_is_its_meaning(declare, host):
    @declare.fused
    def twice(x):
        return tf.exp(x) + x

    with recording(Ear()) as ear:
        twice(tf.constant(1.0))
    assert [name for name, _ in ear.heard] == ["exp", "add"]

    @twice.numpy
    def _(x):
        return np.exp(x) + x

    x = tf.constant(2.0)
    with recording(Ear()) as ear, tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = twice(x)
        first = tape.gradient(y, x)
    assert ear.heard[0][0] == "twice"
    np.testing.assert_allclose([first, outer.gradient(first, x)], [np.exp(2) + 1, np.exp(2)], rtol=1e-6)


def test_an_effect_changes_variables_and_is_heard(declare):
    @declare.effect
    def bump(xp, targets, step):
        for t in targets:
            t += step

    v, w = tf.Variable(1.0), tf.Variable([1.0, 2.0])
    with recording(Ear()) as ear:
        bump([v, w], tf.constant(2.0))
    assert v.numpy() == 3.0 and w.numpy().tolist() == [3.0, 4.0] and ear.heard == [("bump", {})]


def test_elementwise_ops_keep_python_numbers_and_tell_shapes(declare):
    @declare.elementwise
    def weigh(xp, x, y):
        return xp.add(x, y)

    assert weigh(tf.constant(1, tf.int8), 2).dtype == tf.int8
    assert weigh(1, tf.constant([1.5], tf.float16)).dtype == tf.float16
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"cannot broadcast x \[2\] and y \[3\]"):
        weigh(tf.ones([2]), tf.ones([3]))


def test_public_functions_name_themselves_in_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="matvec: "):
        tf.linalg.matvec(tf.ones([2, 3]), tf.ones([2]))


def test_what_an_op_does_inside_is_not_heard():
    with recording(Ear()) as ear:
        tf.nn.softmax(tf.constant([1.0, 2.0]))
    assert len(ear.heard) == 1
