"""tf.train.Checkpoint: save and restore the variables that objects hold."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from ..dtypes import int64
from ..tensor import Variable, constant
from .files import checked_prefix, get_checkpoint_state, write, write_state
from .restore import CheckpointLoadStatus, InitializationOnlyStatus, Restoration, check_trackable
from .trackable import Graph


class Checkpoint:
    """Saves and restores the variables of objects: modules, layers, models, optimizers, variables, lists and dicts.

    Args:
        root: an object whose attributes count as the checkpoint's own.
        kwargs: further objects by name; they become attributes.

    Values are matched by the names under which objects hold each other, not by names of variables. Variables that are
    made after `restore` get their values then. The files are this library's own, see train/files.py. Raises ValueError
    for an object that cannot hold variables, or a name that `root` has for another one. Reference: tf.train.Checkpoint.

    >>> import tempfile, gputape as tf
    >>> v = tf.Variable([1.0, 2.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = tf.train.Checkpoint(v=v).save(folder + "/ckpt")
    ...     _ = v.assign([0.0, 0.0])
    ...     _ = tf.train.Checkpoint(v=v).restore(path).assert_consumed()
    >>> v.numpy()
    array([1., 2.], dtype=float32)
    """

    variables = ()  # a checkpoint may hold checkpoints

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        if root is not None:
            check_trackable("root", root)
            self._root_of_checkpoint = root
        for name, value in sorted(kwargs.items()):
            check_trackable(name, value)
            held = getattr(root, name, value) if root is not None else value
            if held is not value:
                raise ValueError(
                    f"Cannot create a Checkpoint with keyword argument {name} if root.{name} already exists."
                )
            setattr(self, name, value)

    def _counter(self) -> Variable:
        if not hasattr(self, "save_counter"):
            self.save_counter = Variable(constant(0, int64), trainable=False, name="save_counter")
        return self.save_counter

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write the values under exactly that name, without counting; returns it. `read` takes it."""
        prefix = checked_prefix(file_prefix)
        graph = Graph(self)
        values = {key: v._read("Checkpoint.write") for key, v in graph.variables.values()}
        write(prefix, values, graph.kept(), {n: key for n, (key, _) in graph.variables.items()})
        return prefix

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Write the values under `file_prefix`-N, N counting up, as the directory's latest; returns the name."""
        prefix = checked_prefix(file_prefix)
        number = int(self._counter().assign_add(np.int64(1)).numpy())
        path = self.write(f"{prefix}-{number}", options)
        directory = os.path.dirname(path) or "."
        state = get_checkpoint_state(directory)
        kept = (
            [] if state is None else list(zip(state.all_model_checkpoint_paths, state.all_model_checkpoint_timestamps))
        )
        write_state(directory, path, [*[k for k in kept if k[0] != path], (path, time.time())])
        return path

    def read(self, save_path: Any, options: Any = None) -> CheckpointLoadStatus:
        """Take the values that `write` wrote. NotFoundError if there are none."""
        return CheckpointLoadStatus(Restoration(os.fspath(save_path), self))

    def restore(self, save_path: Any, options: Any = None) -> Any:
        """Take the values that `save` wrote, now and for variables that come later; None does nothing.

        Returns a status: `.assert_consumed()`, `.assert_existing_objects_matched()`, `.expect_partial()`. Raises
        NotFoundError if there is no such checkpoint, ValueError where a shape differs.
        """
        if save_path is None:
            return InitializationOnlyStatus()
        self._counter()
        return self.read(save_path, options)


class CheckpointOptions:
    """Accepted by `save`, `write`, `read` and `restore`: there is one device and one way to write."""

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(kwargs)
