"""The table of ops."""

import pytest

from gputape.registry import OPS, register


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="op 'add' is registered already"):
        register("add", lambda x: x)
    assert callable(OPS["add"])


def test_what_is_registered_is_found():
    register("an_op_of_this_test", len)
    assert OPS.pop("an_op_of_this_test") is len
