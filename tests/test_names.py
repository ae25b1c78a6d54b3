"""The table of supported names is true: what it names is here, and what is not here is told by a helpful error."""

from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

import pytest

from gputape.errors import nearest
from tools import supported_names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "supported-names.md"
SECTIONS = supported_names.sections()
MISSING = [
    (section, name) for section, names in SECTIONS.items() for name in names if not supported_names.has(section, name)
]


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == supported_names.page(), "run python -m tools.supported_names > docs/..."


def test_each_missing_name_has_a_reason():
    assert [f"{section}: {name}" for section, name in MISSING if supported_names.why(section, name) is None] == []


def test_each_pattern_is_of_use():
    paths = [f"{section.partition(' ')[0]}.{name}" for section, name in MISSING]
    patterns = [pattern for _, patterns in supported_names.ABSENT for pattern in patterns]
    assert [pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)] == []


@pytest.mark.parametrize("section", sorted({section for section, _ in MISSING}))
def test_a_missing_name_says_what_is_near(section):
    """AttributeError; from a module, with the nearest name in it."""
    try:
        home = supported_names.home(section)
    except AttributeError:
        return
    for name in [name for where, name in MISSING if where == section]:
        with pytest.raises(AttributeError) as caught:
            getattr(home, name)
        if isinstance(home, ModuleType):
            text = str(caught.value)
            assert f"has no attribute '{name}'" in text
            assert (nearest(name, dir(home)) is None) == ("did you mean" not in text), text
