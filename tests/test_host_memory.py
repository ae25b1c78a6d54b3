"""Freed memory of the host is used again without the system's help."""

import os
import subprocess
import sys

import pytest

from gputape import host_memory

COUNT = """
import resource, gputape, numpy as np
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    arrays = [np.ones(2_000_000, np.float32) for _ in range(4)]  # 8 MB each
    del arrays
for _ in range(3):
    work()
before = faults()
for _ in range(10):
    work()
print(faults() - before)
"""


def faults(**environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, env=clean | environment
    )
    return int(done.stdout)


@pytest.fixture
def glibc(monkeypatch):
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    if not host_memory.keep_freed():
        pytest.skip("not glibc")


def test_pages_are_not_asked_for_again(glibc):
    assert faults() < 500


def test_the_environment_decides(glibc):
    assert faults(MALLOC_MMAP_THRESHOLD_="100000") > 10_000


def test_a_setting_of_the_user_is_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000")
    assert host_memory.keep_freed() is False
