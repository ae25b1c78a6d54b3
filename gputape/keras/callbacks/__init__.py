"""Callbacks: what fit, evaluate and predict call at their turning points."""

from __future__ import annotations

from typing import Any

from gputape.errors import unknown_name

from .averages import SwapEMAWeights as SwapEMAWeights
from .callback import Callback as Callback
from .callback import CallbackList as CallbackList
from .callback import History as History
from .callback import LambdaCallback as LambdaCallback
from .callback import ProgbarLogger as ProgbarLogger
from .checkpoint import BackupAndRestore as BackupAndRestore
from .checkpoint import ModelCheckpoint as ModelCheckpoint
from .csv_logger import CSVLogger as CSVLogger
from .learning_rate import LearningRateScheduler as LearningRateScheduler
from .learning_rate import ReduceLROnPlateau as ReduceLROnPlateau
from .monitor import EarlyStopping as EarlyStopping
from .monitor import MonitorCallback as MonitorCallback
from .monitor import TerminateOnNaN as TerminateOnNaN
from .tensorboard import TensorBoard as TensorBoard


def __getattr__(name: str) -> Any:
    raise unknown_name(__name__, name, globals())
