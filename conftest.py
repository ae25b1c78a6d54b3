"""Imports the package before pytest imports single files of it for their doctests: ops are registered once."""

import gputape  # noqa: F401
