"""The exceptions of `tf.errors`, and the texts that name what is missing.

One class per status code of TensorFlow. A bad argument is a ValueError as well, and a missing case a
NotImplementedError: `except ValueError` and `except tf.errors.InvalidArgumentError` both catch a bad argument.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """An op that failed: the base class of every exception here.

    Made either as `OpError(message)` or with TensorFlow's three arguments, `OpError(node_def, op, message)`.
    `str(error)` is the message. `node_def` and `op` are what was given, None by default; `error_code` is the class's
    status code.

    >>> import gputape as tf
    >>> error = tf.errors.InvalidArgumentError("matmul: a (2, 3) and b (4, 5)")
    >>> error.message, error.error_code == tf.errors.INVALID_ARGUMENT, isinstance(error, ValueError)
    ('matmul: a (2, 3) and b (4, 5)', True, True)
    >>> str(tf.errors.OutOfRangeError(None, None, "End of sequence"))
    'End of sequence'
    """

    error_code: int = UNKNOWN

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)  # the arguments as given: pickle and copy make the exception again from them
        if len(args) < 3:
            self.node_def, self.op, message = None, None, args[0] if args else ""
        else:
            self.node_def, self.op, message = args[:3]
        self.message = str(message)
        if len(args) > 3 and isinstance(args[3], int):
            self.error_code = args[3]

    def __str__(self) -> str:
        return self.message


class CancelledError(OpError):
    """The operation was cancelled before it was done."""

    error_code = CANCELLED


class UnknownError(OpError):
    """A failure of which nothing more is known."""

    error_code = UNKNOWN


class InvalidArgumentError(OpError, ValueError):
    """An argument has a value, a shape or a dtype that the op does not take."""

    error_code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """The operation was not done in time."""

    error_code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, a directory or a name does not exist."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError):
    """What was to be created is there already."""

    error_code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    error_code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory, disk space or another resource is used up."""

    error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The object is not in a state in which this can be done, such as a variable that has no value yet."""

    error_code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was given up, as another one interfered."""

    error_code = ABORTED


class OutOfRangeError(OpError):
    """Beyond the end: an iterator has no further element."""

    error_code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """The op exists, this case of it does not."""

    error_code = UNIMPLEMENTED


class InternalError(OpError):
    """Something that must hold inside the library does not."""

    error_code = INTERNAL


class UnavailableError(OpError):
    """The service or the device cannot be reached now."""

    error_code = UNAVAILABLE


class DataLossError(OpError):
    """Data is lost or damaged: a truncated file, a wrong checksum."""

    error_code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The caller has not said who it is."""

    error_code = UNAUTHENTICATED


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operator that needs a value was used where only a symbol is known, such as `if keras.Input(...):`."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The entry of `names` that is spelled most like `name`, letter case aside; None when nothing comes near.

    >>> from gputape.errors import nearest
    >>> nearest("reduce_men", ["reduce_mean", "reduce_sum"])
    'reduce_mean'
    """
    known = {candidate.lower(): candidate for candidate in sorted(names)}
    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None


def unknown_name(module: str, name: str, names: Iterable[str]) -> AttributeError:
    """The AttributeError for `module.name`, naming the nearest of the supported `names`; to be raised by `__getattr__`.

    >>> from gputape.errors import unknown_name
    >>> unknown_name("gputape.math", "reduce_men", ["reduce_mean"])
    AttributeError("module 'gputape.math' has no attribute 'reduce_men'; did you mean 'reduce_mean'?")
    """
    close = nearest(name, names)
    hint = f"; did you mean '{close}'?" if close else ""
    return AttributeError(f"module '{module}' has no attribute '{name}'{hint}")


def missing_extra(package: str, extra: str) -> ImportError:
    """The ImportError for an optional `package` that is not installed, with the command that installs it.

    >>> from gputape.errors import missing_extra
    >>> missing_extra("h5py", "hdf5")
    ImportError('h5py is not installed; install it with: pip install "gputape[hdf5]"')
    """
    return ImportError(f'{package} is not installed; install it with: pip install "gputape[{extra}]"', name=package)
