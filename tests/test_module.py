"""tf.Module: the variables and modules in its attributes."""

import pytest

import gputape as tf


class Leaf(tf.Module):
    def __init__(self, value):
        super().__init__()
        self.v = tf.Variable(value)


class TreeOfLeaves(tf.Module):
    def __init__(self):
        super().__init__()
        self.z = tf.Variable(1.0, name="z")
        self.a = tf.Variable(2.0, name="a", trainable=False)
        self.leaves = [Leaf(3.0), {"y": Leaf(5.0), "b": (Leaf(4.0),)}]
        self.again = self.z
        self.plain = "text"


def test_variables_in_the_order_of_attributes_each_once():
    tree = TreeOfLeaves()
    assert [float(v) for v in tree.variables] == [2.0, 1.0, 3.0, 4.0, 5.0]
    assert [v.name for v in tree.non_trainable_variables] == ["a:0"]
    assert len(tree.trainable_variables) == 4 and len(tree.submodules) == 3


def test_modules_that_hold_each_other():
    one, two = Leaf(1.0), Leaf(2.0)
    one.other, two.other = two, one
    assert [float(v) for v in one.variables] == [1.0, 2.0] and one.submodules == (two,)


def test_what_is_added_later_is_found():
    leaf = Leaf(1.0)
    leaf.more = []
    leaf.more.append(tf.Variable(2.0))
    assert len(leaf.variables) == 2


def test_names():
    assert TreeOfLeaves().name == "tree_of_leaves" and tf.Module("my_name").name == "my_name"
    with pytest.raises(ValueError, match="valid Python identifiers"):
        tf.Module("not a name")
    with tf.name_scope("outer") as scope, Leaf(1.0).name_scope as inner:
        assert (scope, inner) == ("outer/", "leaf/")


def test_init_scope_hides_from_tapes():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.init_scope():
            y = x * x
    assert tape.gradient(y, x) is None
