"""The one command for a machine with a GPU: tests, sanitizer, determinism, kernels, models; a report as they come.

Run: make gpu-report, or python -m bench.report [--minutes 9] [--only section ...] [--folder bench/results]. It writes
`<device>-<date>.json`, the same as a Markdown table, and pictures, after every result: a cut at any minute leaves what was
measured until then. The most telling sections come first, each is a process of its own, and what is not installed or does
not fit the time is named. Without a GPU it runs what proves kernels there: emulation, the compiler, determinism.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.timing import ratio, surroundings
from gputape import cuda
from gputape.sources import write_whole

ROOT = Path(__file__).resolve().parents[1]
TAIL = 4000  # characters kept of what a section printed
TESTED = (
    "tests/ops/test_softmax.py",
    "tests/ops/test_loss.py",
    "tests/ops/test_norm.py",
    "tests/ops/test_index.py",
)  # under the sanitizer, which makes kernels a hundred times slower
BENCHES = sorted((ROOT / "bench" / "ops").glob("bench_*.py"))
TELLING = ("softmax", "update", "loss", "norm", "reduce", "matmul", "attention", "conv")  # of these, first


class Section(NamedTuple):
    """A command of the report. limit: seconds, less if the whole is over sooner."""

    name: str
    command: list[str]
    limit: float
    needs: str = ""  # a program without which there is nothing to run


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def pytest(*arguments: str, processes: int = min(os.cpu_count() or 1, 16)) -> list[str]:
    # Kernels are compiled at their first launch, so many processes help; pytest-benchmark warns of them.
    many = ("-n", str(processes)) if processes > 1 and importlib.util.find_spec("xdist") else ()
    return python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", *many, *arguments)


def on_gpu() -> list[Section]:
    """The sections where there is a GPU, most telling first."""
    first = [f"bench.ops.bench_{name}" for name in TELLING]
    rest = [f"bench.ops.{path.stem}" for path in BENCHES if f"bench.ops.{path.stem}" not in first]
    sanitizer = ["compute-sanitizer", "--error-exitcode", "1", "--tool"]
    return [
        Section("tests", pytest("-k", "not emulated and not sm_", "tests"), 240),
        Section("kernels beside peers", python("-m", "bench.peers"), 90),
        Section("models: mlp", python("-m", "bench.models", "mlp", "custom_model"), 120),
        Section("kernels: first", python("-m", "bench.report", "--run", *first), 120),
        Section("determinism", python("-m", "bench.determinism"), 60),
        Section("models: others", python("-m", "bench.models", "transformer", "cnn", "lstm"), 180),
        *[
            Section(
                tool,
                [*sanitizer, tool, *pytest("-k", "cuda", *TESTED, processes=1)],
                120,
                needs="compute-sanitizer",
            )
            for tool in ("memcheck", "racecheck", "initcheck")
        ],
        Section("models: large", python("-m", "bench.models", "gpt2", "resnet50"), 240),
        Section("overhead", python("-m", "bench.overhead"), 60),
        Section("kernels: rest", python("-m", "bench.report", "--run", *rest), 240),
    ]


def without_gpu() -> list[Section]:
    """The sections where there is none: what proves kernels without one."""
    return [
        Section("determinism", python("-m", "bench.determinism"), 60),
        Section("launches", python("-m", "bench.launches", "mlp", "cnn"), 60),
        Section("emulated kernels", pytest("-k", "emulated", "tests/ops"), 300),
        Section("compiled kernels", pytest("tests/test_kernels_compile.py"), 300),
        Section("kernels beside peers", python("-m", "bench.peers", "--seconds", "0.05"), 60),
        Section("overhead", python("-m", "bench.overhead"), 60),
        Section("models: mlp", python("-m", "bench.models", "mlp", "--seconds", "0.3"), 120),
    ]


def surrounding() -> dict[str, Any]:
    """What the numbers depend on, the driver and the peers' versions among it."""
    found = surroundings() | {
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
    }
    if shutil.which("nvidia-smi"):
        asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        found["driver"] = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    peers = [name for name in ("torch", "jax", "keras", "tensorflow", "cupy") if importlib.util.find_spec(name)]
    found["installed"] = {name: _version(name) for name in peers}
    found["not installed"] = [name for name in ("torch", "jax", "keras", "tensorflow") if name not in peers]
    return found


def _version(name: str) -> str:
    from importlib import metadata

    owners = metadata.packages_distributions().get(name, [])
    return metadata.version(owners[0]) if owners else "of no distribution"


def run(section: Section, limit: float, folder: str) -> Iterator[dict[str, Any]]:
    """The section's state, again whenever its results have grown, and when it is over."""
    state: dict[str, Any] = {"section": section.name, "status": "running", "results": []}
    if section.needs and not shutil.which(section.needs):
        yield state | {"status": f"left out: {section.needs} is not installed"}
        return
    if limit <= 0:
        yield state | {"status": "left out: out of time"}
        return
    lines, printed = Path(folder, "lines.jsonl"), Path(folder, "printed.txt")
    lines.write_text("")
    environment = os.environ | {"GPUTAPE_BENCH_RESULTS": str(lines), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.monotonic()
    with printed.open("w") as output:
        process = subprocess.Popen(
            section.command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        over = False
        while process.poll() is None:
            time.sleep(0.2)
            if len(results := _results(lines)) > len(state["results"]):
                state["results"] = results
                yield state
            if over := time.monotonic() - start > limit:
                os.killpg(process.pid, 9)
                process.wait()
    state["results"] = _results(lines)
    state["seconds"] = round(time.monotonic() - start, 1)
    state["printed"] = printed.read_text(errors="replace")[-TAIL:]
    state["status"] = "cut: out of time" if over else "passed" if process.returncode == 0 else "FAILED"
    yield state


def _results(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file that is being written."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


# -- what is written


def markdown(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        "# " + ("GPU report: " if report["gpu"] else "Report without a GPU: ") + report["surroundings"]["device"],
        "",
    ]
    if not report["gpu"]:
        lines += ["No GPU is usable here: kernels were emulated and compiled, and no time below is a GPU's.", ""]
    lines += [f"- {key}: {value}" for key, value in report["surroundings"].items() if value] + [""]
    lines += ["| section | status | seconds |", "|---|---|---|"]
    lines += [f"| {s['section']} | {s['status']} | {s.get('seconds', '')} |" for s in report["sections"]]
    for section in report["sections"]:
        lines += ["", f"## {section['section']}", ""]
        if not (rows := section["results"]):
            lines += ["```", section.get("printed", "").strip()[-1500:], "```"]
        elif "kernel" in rows[0]:
            lines += _beside(rows, "kernel", lambda r: f"{r['seconds'] * 1e6:.1f}", "microseconds")
        elif "model" in rows[0]:
            named = [r | {"case": f"{r['model']}: {r['case']}"} for r in rows if "case" in r]
            lines += _beside(named, "case", _rate, "steps/s (first run, s; MB on the GPU)")
            lines += [f"\n{r['library']} failed on {r['model']}: {r['failed']}" for r in rows if "failed" in r]
        else:
            lines += ["| kernel | ms | GB/s | of a copy |", "|---|---|---|---|"]
            for r in rows:
                rate = r["bytes"] / r["seconds"]
                lines.append(f"| {r['what']} | {r['seconds'] * 1e3:.3f} | {rate / 1e9:.0f} | {rate / r['copy']:.0%} |")
    return "\n".join(lines) + "\n"


def _rate(row: dict[str, Any]) -> str:
    memory = f"; {row['MB']}" if row.get("MB") else ""
    return f"{1 / row['step']:.0f} ({row['first']:.2f}{memory})"


def _beside(rows: list[dict[str, Any]], key: str, cell: Any, unit: str) -> list[str]:
    """A table with a row for each value of `key` and a column for each library."""
    names = list(dict.fromkeys(r["library"] for r in rows))
    lines = [f"| {unit} | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for value in dict.fromkeys(r[key] for r in rows):
        by = {r["library"]: cell(r) for r in rows if r[key] == value}
        lines.append(f"| {value} | " + " | ".join(by.get(name, "") for name in names) + " |")
    return lines


def picture(report: dict[str, Any], path: Path) -> None:
    """Bars: each kernel's share of a copy's bandwidth, and of each model our rate over the best other library's.

    Nothing without matplotlib, or before there are results.
    """
    results = [r for s in report["sections"] for r in s.get("results", ())]
    shares = {r["what"]: r["bytes"] / r["seconds"] / r["copy"] for r in results if "what" in r}
    ratios = {}
    for case in {(r["model"], r["case"]) for r in results if "case" in r}:
        steps = {r["library"]: r["step"] for r in results if (r.get("model"), r.get("case")) == case}
        if beside := ratio(steps):
            ratios[": ".join(case)] = beside
    drawn = [(shares, "share of a copy's bandwidth"), (dict(sorted(ratios.items())), "our rate over the best other's")]
    drawn = [(bars, label) for bars, label in drawn if bars]
    if not drawn or not importlib.util.find_spec("matplotlib"):
        return
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    heights = [1 + 0.22 * len(bars) for bars, _ in drawn]
    figure, all_axes = pyplot.subplots(
        len(drawn), figsize=(8, sum(heights)), squeeze=False, height_ratios=heights, layout="constrained"
    )
    for axes, (bars, label) in zip(all_axes[:, 0], drawn, strict=True):
        axes.barh(list(bars), list(bars.values()))
        axes.axvline(1.0, color="black", linewidth=0.8)
        axes.set_xlabel(label)
        axes.invert_yaxis()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def write(report: dict[str, Any], stem: Path) -> None:
    write_whole(stem.with_suffix(".json"), (json.dumps(report, indent=1) + "\n").encode())
    write_whole(stem.with_suffix(".md"), markdown(report).encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="begin nothing after this time, and end what runs")
    parser.add_argument("--only", nargs="*", help="sections to run, in this order")
    parser.add_argument("--folder", default=str(ROOT / "bench" / "results"), help="where the report goes")
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)  # one section: these modules, one after the other
    given = parser.parse_args()
    if given.run:
        statuses = [subprocess.run(python("-m", module), check=False).returncode for module in given.run]
        sys.exit(any(statuses))
    sections = on_gpu() if cuda.available() else without_gpu()
    named = {s.name: s for s in sections}
    if unknown := set(given.only or ()) - named.keys():
        parser.error(f"no section {sorted(unknown)}; there are {list(named)}")
    sections = [named[name] for name in given.only] if given.only else sections
    report: dict[str, Any] = {"gpu": cuda.available(), "surroundings": surrounding(), "sections": []}
    about = report["surroundings"]
    stem = Path(given.folder, re.sub(r"[^a-z0-9]+", "-", f"{about['device']}-{about['date'][:10]}".lower()).strip("-"))
    stem.parent.mkdir(parents=True, exist_ok=True)
    if not cuda.available():
        print("no GPU is usable here: kernels are emulated and compiled instead (python -m gputape doctor says why)")
    print(f"writing {stem}.json and .md", flush=True)
    end = time.monotonic() + 60 * given.minutes
    failed = False
    for section in sections:
        report["sections"].append({})
        with tempfile.TemporaryDirectory() as folder:
            for state in run(section, min(section.limit, end - time.monotonic()), folder):
                report["sections"][-1] = state
                write(report, stem)
        print(f"{section.name}: {state['status']}", flush=True)
        failed |= state["status"] == "FAILED"
        picture(report, stem.with_suffix(".png"))
    sys.exit(failed)


if __name__ == "__main__":
    main()
