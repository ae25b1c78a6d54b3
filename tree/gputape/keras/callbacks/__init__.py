"""Callbacks: what fit, evaluate and predict call at their turning points."""

from .callback import Callback as Callback
from .callback import CallbackList as CallbackList
from .callback import History as History
from .callback import LambdaCallback as LambdaCallback
from .callback import ProgbarLogger as ProgbarLogger
