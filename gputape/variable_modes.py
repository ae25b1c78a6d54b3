"""How the copies of a Variable on several devices go together: kept by tf.Variable, used by tf.distribute."""

from __future__ import annotations

import enum


class VariableSynchronization(enum.Enum):
    """When the copies of a distributed variable are made equal."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How the copies of a distributed variable become one value."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
