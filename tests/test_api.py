"""How namespaces are made of tables of names."""

import sys

import pytest

import gputape as tf
from gputape.api import Namespace, build


@pytest.fixture
def root():
    yield "a_root"
    for name in [n for n in sys.modules if n.startswith("a_root.")]:
        del sys.modules[name]


def test_names_become_attributes_and_namespaces(root):
    made = build(root, [{"tf.one": 1, "tf.deep.two": 2}, {"tf.deep.er.three": 3, "tf.one": 1}])
    assert made["one"] == 1 and made["deep"].two == 2 and made["deep"].er.three == 3
    assert dir(made["deep"]) == ["er", "two"] and made["deep"].__all__ == ["er", "two"]
    assert sys.modules["a_root.deep.er"] is made["deep"].er and isinstance(made["deep"], Namespace)


def test_a_name_has_one_meaning(root):
    with pytest.raises(ValueError, match=r"tf\.deep\.x is claimed by 1 and by 2"):
        build(root, [{"tf.deep.x": 1}, {"tf.deep.x": 2}])


def test_unknown_names_tell_the_nearest():
    with pytest.raises(AttributeError, match="reduce_sum"):
        tf.math.reduce_sun  # noqa: B018
    with pytest.raises(AttributeError, match="constant"):
        tf.constnat  # noqa: B018


def test_aliases_are_one_function():
    assert tf.math.exp is tf.exp and tf.linalg.matmul is tf.matmul
