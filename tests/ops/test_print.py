"""tf.print and tf.debugging.Assert: effects, at every call of a recorded function too."""

import sys

import pytest

import gputape as tf
from gputape.ops import print as family
from tests.ops.declared import declared


def test_all_names_are_tried():
    assert declared(family) == {"print_values", "check"}


def test_print_writes_to_stderr_or_where_it_is_told(capsys, tmp_path):
    tf.print("x:", tf.constant([1.0, 2.5]), {"a": tf.constant(1)}, sep="|", end="!\n")
    tf.print(tf.range(10), summarize=2, output_stream=sys.stdout)
    captured = capsys.readouterr()
    assert captured.err == "x:|[1 2.5]|{'a': 1}!\n" and captured.out == "[0 1 ... 8 9]\n"
    for _ in range(2):
        tf.print("line", output_stream=f"file://{tmp_path / 'out.txt'}")
    assert (tmp_path / "out.txt").read_text() == "line\nline\n"


def test_assert_shows_its_data():
    tf.debugging.Assert(True, [tf.constant(1)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="5"):
        tf.debugging.Assert(tf.constant(False), [tf.constant(5)])


def test_assert_holds_at_every_call_of_a_recorded_function():
    @tf.function
    def f(x):
        tf.debugging.Assert(tf.reduce_all(x > 0), [x])
        return x

    f(tf.constant([1.0]))
    f(tf.constant([2.0]))
    with pytest.raises(tf.errors.InvalidArgumentError):
        f(tf.constant([-2.0]))
    assert "ops replayed" in f.report()
