"""Sources of kernels: splicing, declared instances, names of types, and the cache on disk."""

import numpy as np
import pytest

from gputape import sources


def test_includes_are_spliced_once_and_lines_stay_right(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "kernel_root", lambda: tmp_path)
    (tmp_path / "a.cuh").write_text('#include "b.cuh"\nint a;\n')
    (tmp_path / "b.cuh").write_text("int b;\n")
    text = sources.spliced('#include "a.cuh"\n#include "b.cuh"\nint main;\n', "x.cu")
    assert text.count("int b;") == text.count("int a;") == 1
    lines = text.splitlines()
    assert lines[0] == '#line 1 "x.cu"' and lines[lines.index('#line 2 "x.cu"') + 2] == "int main;"


def test_instances_with_budgets():
    text = "// instance f<float>  regs<=40 spill=0\n// instance g<__half, 2>\n//instance h<double> smem<=1024\n"
    assert sources.instances(text) == {
        "f<float>": {"regs": 40, "spill": 0},
        "g<__half, 2>": {},
        "h<double>": {"smem": 1024},
    }


def test_names_of_types():
    assert sources.c_name(np.float32) == "float" and sources.c_name("bfloat16") == "__nv_bfloat16"
    assert sources.c_name(True) == "true" and sources.c_name(7) == "7" and sources.c_name("Sum") == "Sum"
    with pytest.raises(TypeError, match="no complex64 elements"):
        sources.c_name(np.complex64)


def test_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GPUTAPE_CACHE_DIR", str(tmp_path / "deep"))
    made = []

    def make():
        made.append(1)
        return b"cubin"

    assert [sources.kept(("k", 1), make) for _ in range(2)] == [b"cubin"] * 2 and made == [1]
    assert sources.kept(("k", 2), make) == b"cubin" and made == [1, 1]
    assert len(list((tmp_path / "deep").iterdir())) == 2


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("GPUTAPE_CACHE_DIR", str(blocked / "below"))
    assert sources.kept("k", lambda: b"made") == b"made"


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("GPUTAPE_CACHE_DIR", raising=False)
    monkeypatch.setattr(sources.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert sources.cache_dir() == tmp_path / "gputape"


def test_files_are_written_whole(tmp_path):
    sources.write_whole(tmp_path / "a" / "f", b"one")
    sources.write_whole(tmp_path / "a" / "f", b"two")
    assert (tmp_path / "a" / "f").read_bytes() == b"two" and len(list((tmp_path / "a").iterdir())) == 1
