"""Every Python block of the documents runs, each document in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = {
    path.name: re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    for path in sorted((ROOT / "docs").glob("*.md"))
}


def test_there_are_documents():
    assert "architecture.md" in BLOCKS and any(BLOCKS.values())


@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if blocks])
def test_the_blocks_run(name):
    code = "\n\n".join(BLOCKS[name])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
