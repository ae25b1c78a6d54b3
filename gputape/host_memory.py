"""Memory of the host that was freed stays with the process, for the next array of its size.

glibc gives large pieces back to the system at once; NumPy then gets them anew for each result, and the system clears every
page again at its first use. That takes longer than most ops: a training step of a small convolutional net spends a third of
its time so.
"""

from __future__ import annotations

import ctypes
import os

KEPT = 256 << 20  # bytes at the end of the heap that are not given back
LARGEST = 32 << 20  # bytes of an array up to which this holds; glibc allows no more
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's numbers of the two settings


def keep_freed() -> bool:
    """Tell glibc to keep up to 256 MB that were freed; whether it was told so.

    Of no effect, and False, with other C libraries, and where MALLOC_TRIM_THRESHOLD_ or MALLOC_MMAP_THRESHOLD_ is set in
    the environment: then the user has decided. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    if {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & set(os.environ):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, KEPT) and mallopt(_MMAP_THRESHOLD, LARGEST))
