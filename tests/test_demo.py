"""The demo and the README: they learn, the demo draws, and it trains without matplotlib too."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from gputape import demo
from gputape.__main__ import main

PNG = b"\x89PNG\r\n\x1a\n"


def test_trains_to_the_target_and_draws(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the pictures need the extra plot")
    assert main(["demo", "--folder", str(tmp_path / "pictures")]) == 0
    out = capsys.readouterr().out
    assert "Training on the " in out and "Test accuracy 9" in out and f"Epoch {demo.EPOCHS}/{demo.EPOCHS}" in out
    for name in ("learning_curve.png", "confusion_matrix.png"):
        assert (tmp_path / "pictures" / name).read_bytes().startswith(PNG)


def test_without_matplotlib_it_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    demo.draw({"loss": [1.0], "accuracy": [0.5]}, np.eye(10, dtype=int), tmp_path / "pictures")
    assert 'pip install "gputape[plot]"' in capsys.readouterr().out
    assert not (tmp_path / "pictures").exists()


def test_confusion_counts_each_pair():
    counts = demo.confusion(np.array([1, 1, 2, 9]), np.array([1, 1, 7, 9]))
    assert counts[1, 1] == 2 and counts[2, 7] == 1 and counts[9, 9] == 1 and counts.sum() == 4


def test_low_accuracy_is_a_failure(tmp_path, monkeypatch):
    """The exit code is the check that `make demo` works: it must be able to say no."""
    monkeypatch.setattr(demo, "TARGET", 1.01)
    monkeypatch.setattr(demo, "EPOCHS", 1)
    assert demo.run(tmp_path) == 1


def test_the_programs_of_the_readme_run(capsys):
    readme = Path(__file__).resolve().parents[1] / "README.md"
    names: dict = {}
    for program in re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL):
        exec(program, names)
    loss = float(capsys.readouterr().out.splitlines()[-1])
    assert 0 < loss < 0.4
