"""CheckpointManager: numbered checkpoints in a directory, of which the last few are kept."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from .checkpoint import Checkpoint
from .files import delete, get_checkpoint_state, latest_checkpoint, write_state

log = logging.getLogger("gputape")


class CheckpointManager:
    """Saves a tf.train.Checkpoint again and again into one directory, and deletes the oldest.

    Args:
        max_to_keep: how many checkpoints stay; None for all. ValueError for 0 and below.
        keep_checkpoint_every_n_hours: of those that would go, one in so many hours stays for ever.
        checkpoint_name: the start of the file names, default "ckpt".
        step_counter, checkpoint_interval: `save` does nothing unless the counter, a Variable or int, has grown by
            `checkpoint_interval` since the last checkpoint.
        init_fn: what `restore_or_initialize` calls when there is nothing to restore.

    Reference: tf.train.CheckpointManager.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                f"Expected a positive integer or `None` for `max_to_keep`, received `max_to_keep`={max_to_keep}."
            )
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError("`step_counter` should be passed if `checkpoint_interval` is not None.")
        self._directory: str = os.fspath(directory)
        self._checkpoint, self._max_to_keep = checkpoint, max_to_keep
        self._hours, self._name = keep_checkpoint_every_n_hours, checkpoint_name
        self._step_counter, self._interval, self._init_fn = step_counter, checkpoint_interval, init_fn
        self._last_step: int | None = None
        self._kept: list[tuple[str, float]] = []
        state = get_checkpoint_state(self._directory)
        self._latest = None if state is None else state.model_checkpoint_path
        self._preserved = time.time()
        if state is not None:
            times = state.all_model_checkpoint_timestamps or [time.time()] * len(state.all_model_checkpoint_paths)
            self._kept = list(zip(state.all_model_checkpoint_paths, times))
            self._preserved = state.last_preserved_timestamp or self._preserved

    @property
    def checkpoint(self) -> Checkpoint:
        return self._checkpoint

    @property
    def directory(self) -> str:
        return self._directory

    @property
    def checkpoint_interval(self) -> int | None:
        return self._interval

    @property
    def latest_checkpoint(self) -> str | None:
        """The name of the newest checkpoint, what `Checkpoint.restore` takes; None if there is none."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The names of those that are kept, oldest first; those that stay for ever are not among them."""
        return [path for path, _ in self._kept]

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str | None:
        """Write a checkpoint and delete what is too many; returns its name, or None if it is not yet time.

        checkpoint_number: default one more than `checkpoint.save_counter`.
        """
        step = None if self._step_counter is None else int(self._step_counter)
        last, interval = self._last_step, self._interval
        if check_interval and None not in (step, last, interval) and step < last + interval:  # type: ignore[operator]
            return None
        self._last_step = step
        counter = self._checkpoint._counter()
        counter.assign_add(1)
        number = int(counter.numpy()) if checkpoint_number is None else int(checkpoint_number)
        path = self._checkpoint.write(os.path.join(self._directory, f"{self._name}-{number}"), options)
        self._latest = path
        self._kept = [*[k for k in self._kept if k[0] != path], (path, time.time())]
        self._sweep()
        write_state(self._directory, path, self._kept, self._preserved)
        return path

    def _sweep(self) -> None:
        """Delete the oldest while there are too many."""
        while self._max_to_keep is not None and len(self._kept) > self._max_to_keep:
            path, made = self._kept.pop(0)
            if self._hours is not None and made - self._preserved >= 3600 * self._hours:
                self._preserved = made
            else:
                delete(path)

    def restore_or_initialize(self) -> str | None:
        """Restore the latest checkpoint and return its name; without one call `init_fn` and return None."""
        if self._latest is not None:
            self._checkpoint.restore(self._latest).expect_partial()
            if self._step_counter is not None:
                self._last_step = int(self._step_counter)
            return self._latest
        if self._init_fn is not None:
            self._init_fn()
            log.info("Customized initialization is done through the passed `init_fn`.")
        return None

    def sync(self) -> None:
        """Nothing to do: checkpoints are on disk when `save` returns."""


def checkpoints_iterator(
    checkpoint_dir: Any,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """The names of new checkpoints in a directory as they come, one at a time.

    min_interval_secs: at least so long between two. timeout: seconds to wait for the next; None for ever. When it is
    over the iterator ends, or, with `timeout_fn`, ends if that returns True.
    """
    seen: str | None = None
    while True:
        started = time.time()
        path = latest_checkpoint(checkpoint_dir)
        while path is None or path == seen:
            if timeout is not None and time.time() - started >= timeout:
                if timeout_fn is None or timeout_fn():
                    return
                started = time.time()
            time.sleep(min(0.1, timeout or 0.1))
            path = latest_checkpoint(checkpoint_dir)
        seen, began = path, time.time()
        yield path
        if (left := began + min_interval_secs - time.time()) > 0:
            time.sleep(left)
