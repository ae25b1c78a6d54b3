"""tf.train: checkpoints, and averages of variables."""

from __future__ import annotations

from typing import Any

from .average import ExponentialMovingAverage
from .checkpoint import Checkpoint, CheckpointOptions
from .files import (
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from .manager import CheckpointManager, checkpoints_iterator

_PUBLIC: tuple[Any, ...] = (
    Checkpoint,
    CheckpointManager,
    CheckpointOptions,
    ExponentialMovingAverage,
    checkpoints_iterator,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
NAMES = {f"tf.train.{x.__name__}": x for x in _PUBLIC}
