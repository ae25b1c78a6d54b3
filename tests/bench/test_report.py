"""The report runs without a GPU, and a cut at any moment leaves what was found until then."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from bench import report
from bench.report import Section, markdown, python, run


def started(folder, *sections):
    command = python("-m", "bench.report", "--folder", str(folder), "--only", *sections)
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}  # the short form
    return subprocess.Popen(
        command,
        cwd=report.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def written(folder):
    paths = sorted(folder.glob("*.json"))
    return json.loads(paths[0].read_text()) if paths else None


def last(section, limit, folder):
    return list(run(section, limit, str(folder)))[-1]


def test_the_short_form_runs_to_the_end(tmp_path):
    process = started(tmp_path, "determinism", "launches")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    found = written(tmp_path)
    assert [(s["section"], s["status"]) for s in found["sections"]] == [
        ("determinism", "passed"),
        ("launches", "passed"),
    ]
    text = next(tmp_path.glob("*.md")).read_text()
    assert "| determinism | passed |" in text and found["surroundings"]["commit"] in text


def test_a_cut_leaves_what_was_found(tmp_path):
    process = started(tmp_path, "determinism", "emulated kernels")
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = written(tmp_path)
            if found and found["sections"] and found["sections"][0].get("status") == "passed":
                break
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert written(tmp_path)["sections"][0]["section"] == "determinism"
    assert "| determinism | passed |" in next(tmp_path.glob("*.md")).read_text()


def test_results_are_told_as_they_come(tmp_path):
    code = (
        "import os, time; f = open(os.environ['GPUTAPE_BENCH_RESULTS'], 'a')\n"
        'f.write(\'{"kernel": "a", "library": "gputape", "seconds": 1.0}\\n\'); f.flush(); time.sleep(1)\n'
        'f.write(\'{"kernel": "b", "libr\'); f.flush(); time.sleep(60)'
    )
    states = []
    for state in run(Section("slow", python("-c", code), 9), 2.5, str(tmp_path)):
        states.append((state["status"], len(state["results"])))
    assert states[0] == ("running", 1)
    assert states[-1] == ("cut: out of time", 1)  # the half line is not a result


@pytest.mark.parametrize(
    ("section", "limit", "status"),
    [
        (Section("good", python("-c", "print(1)"), 9), 9, "passed"),
        (Section("bad", python("-c", "raise SystemExit(3)"), 9), 9, "FAILED"),
        (Section("late", python("-c", "print(1)"), 9), 0, "left out: out of time"),
        (
            Section("bare", ["no-such-program"], 9, needs="no-such-program"),
            9,
            "left out: no-such-program is not installed",
        ),
    ],
)
def test_what_becomes_of_a_section_is_said(section, limit, status, tmp_path):
    assert last(section, limit, tmp_path)["status"] == status


def test_table_and_picture_hold_every_kind_of_result(tmp_path):
    rows = [
        {"section": "a", "status": "passed", "results": [{"kernel": "gelu", "library": "jax", "seconds": 1e-6}]},
        {
            "section": "b",
            "status": "passed",
            "results": [
                {"model": "mlp", "case": "fit", "library": "gputape", "first": 0.5, "step": 0.01, "MB": 700},
                {"model": "mlp", "case": "fit", "library": "jax", "first": 0.5, "step": 0.02, "MB": None},
                {"model": "mlp", "library": "jax", "failed": "no memory"},
            ],
        },
        {"section": "c", "status": "passed", "results": [{"what": "exp", "seconds": 1.0, "bytes": 2e9, "copy": 4e9}]},
    ]
    text = markdown({"gpu": True, "surroundings": {"device": "H"}, "sections": rows})
    assert "# GPU report: H" in text
    assert "| gelu | 1.0 |" in text
    assert "| mlp: fit | 100 (0.50; 700) | 50 (0.50) |" in text and "jax failed on mlp: no memory" in text
    assert "| exp | 1000.000 | 2 | 50% |" in text
    pytest.importorskip("matplotlib")
    report.picture({"sections": rows}, tmp_path / "bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")


def test_every_section_names_modules_that_exist():
    for section in [*report.on_gpu(), *report.without_gpu()]:
        for word in section.command:
            if word.startswith("bench."):
                path = report.ROOT / word.replace(".", "/")
                assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), word
            if word.startswith("tests/"):
                assert (report.ROOT / word).exists(), word
    assert sys.executable in report.on_gpu()[0].command
