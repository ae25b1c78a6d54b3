"""Which script a character belongs to."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import scripts as family
from tests.ops.declared import declared


def test_scripts():
    assert declared(family) == {"script_of", "unicode_script"}
    codes = np.int32([[ord("a"), ord("я")], [ord("日"), ord(" ")], [-1, 0x110000]])
    assert tf.strings.unicode_script(codes).numpy().tolist() == [[25, 8], [17, 0], [-1, -1]]
    assert tf.strings.unicode_script(tf.ragged.constant([[97], []])).to_list() == [[25], []]
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        tf.strings.unicode_script([1.0])


def test_the_runs_cover_all_code_points():
    ends, scripts = family.table()
    assert len(ends) == len(scripts) == family.RUNS and ends[-1] == 0x110000 and (np.diff(ends) > 0).all()
