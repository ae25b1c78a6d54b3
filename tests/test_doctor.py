"""The doctor: complete, never ill, and each missing piece comes with its command."""

import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from gputape import doctor
from gputape.__main__ import main


def findings(capsys):
    code = main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    return code, {line.split()[0]: line for line in lines}


@pytest.fixture
def nothing_installed(monkeypatch):
    def version(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "find_spec", lambda package: None)
    monkeypatch.setattr(doctor.shutil, "which", lambda program: None)
    monkeypatch.setattr(doctor.cuda, "available", lambda: False)


def test_reports_every_part_and_the_cpu_path_works(capsys):
    code, lines = findings(capsys)
    assert code == 0
    assert list(lines) == [*doctor.CHECKS, *doctor.EXTRAS]
    assert "failed" not in "".join(lines.values())
    assert "BLAS" in lines["numpy"] and "computes gradients" in lines["gputape"]


def test_every_optional_package_of_the_project_is_looked_for():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads TOML")
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    extras = {re.split("[>=\\[]", package)[0]: extra for extra in doctor.EXTRAS.values()
              for package in project["optional-dependencies"][extra]}  # fmt: skip
    left = {"cuda12", "cuda13", "test", "kernels", "bench", *doctor.EXTRAS.values()}
    assert extras == doctor.EXTRAS and set(project["optional-dependencies"]) == left


def test_each_missing_piece_names_its_command(capsys, nothing_installed):
    code, lines = findings(capsys)
    assert code == 0
    for part in ("cupy", "nvrtc", "cublas"):
        assert 'pip install "gputape[cuda12]"' in lines[part]
    assert "apt install nvidia-driver" in lines["driver"] and "apt install g++" in lines["g++"]
    assert "pip install ml_dtypes" in lines["ml_dtypes"]
    for package, extra in doctor.EXTRAS.items():
        assert f'pip install "gputape[{extra}]"' in lines[package]


@pytest.mark.parametrize("release, extra", [("535.54", "cuda12"), ("580.65.06", "cuda13"), (None, "cuda12")])
def test_the_extra_follows_the_driver(monkeypatch, release, extra):
    monkeypatch.setattr(doctor, "nvidia_smi", lambda field: [release] if release else [])
    assert doctor.gpu_install() == f'pip install "gputape[{extra}]"'


def test_two_cupy_packages_are_told(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda package: "14.0")
    found, mend = doctor.cupy()
    assert "cupy-cuda12x 14.0 and cupy-cuda13x 14.0" in found
    assert mend.startswith("pip uninstall cupy-cuda12x cupy-cuda13x")


def test_a_gpu_that_is_not_in_use_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "nvidia_smi", lambda field: ["NVIDIA A100"])
    monkeypatch.setattr(doctor.cuda, "available", lambda: False)
    assert doctor.device()[0] == "NVIDIA A100: not in use"


def test_a_check_that_raises_becomes_a_line(capsys, monkeypatch):
    def broken():
        raise RuntimeError("no such thing\nand a long trace")

    monkeypatch.setitem(doctor.CHECKS, "driver", broken)
    code, lines = findings(capsys)
    assert code == 0 and lines["driver"].split(maxsplit=1)[1].startswith("failed: RuntimeError: no such thing")


def test_a_broken_cpu_path_is_a_failure(capsys, monkeypatch):
    monkeypatch.setattr(doctor.tf, "GradientTape", None)
    code, lines = findings(capsys)
    assert code == 1 and "cannot compute a gradient" in lines["gputape"]
