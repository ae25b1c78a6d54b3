"""tf.distribute for one device: strategies under whose scope a program for many devices runs unchanged on one.

A strategy here has one replica. `run` calls the function, reductions over replicas are the value itself.
"""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .. import nest
from ..device import device as _device
from ..device import list_logical_devices
from ..registry import OPS


class ReduceOp(enum.Enum):
    """How values of replicas are brought together."""

    SUM = "SUM"
    MEAN = "MEAN"


class _State(threading.local):
    """The strategies whose scopes are open, and the replica whose function is running, per thread."""

    def __init__(self) -> None:
        self.strategies: list[Any] = []
        self.replica: Any = None


_state = _State()


class InputContext:
    """What a function that makes a dataset for one of several workers is told: here, that there is one."""

    def __init__(self, num_input_pipelines: int = 1, input_pipeline_id: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.num_input_pipelines, self.input_pipeline_id = num_input_pipelines, input_pipeline_id
        self.num_replicas_in_sync = num_replicas_in_sync

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The batch of one replica; ValueError if the replicas cannot share `global_batch_size` evenly."""
        if global_batch_size % self.num_replicas_in_sync:
            raise ValueError(
                f"The `global_batch_size` {global_batch_size} is not divisible by `num_replicas_in_sync` "
                f"{self.num_replicas_in_sync}"
            )
        return global_batch_size // self.num_replicas_in_sync


class ReplicaContext:
    """Inside `strategy.run`: which replica this is, and what replicas do together."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.replica_id_in_sync_group = 0
        self.num_replicas_in_sync = 1

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """The sum or mean over replicas: with one, the value."""
        _reduction(reduce_op)
        return value

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """The values of all replicas side by side: with one, the value."""
        return value

    def merge_call(self, merge_fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """`merge_fn(strategy, *args)`, outside of the replica."""
        with _in_replica(None):
            return merge_fn(self.strategy, *args, **(kwargs or {}))


@contextlib.contextmanager
def _in_replica(replica: Any) -> Iterator[None]:
    kept, _state.replica = _state.replica, replica
    try:
        yield
    finally:
        _state.replica = kept


def _reduction(reduce_op: Any) -> ReduceOp:
    return reduce_op if isinstance(reduce_op, ReduceOp) else ReduceOp(str(reduce_op).upper())


class Strategy:
    """What all strategies offer; see `MirroredStrategy` and `OneDeviceStrategy`. Reference: tf.distribute.Strategy."""

    cluster_resolver = None

    def __init__(self, device: str | None = None) -> None:
        self._device = device

    @property
    def num_replicas_in_sync(self) -> int:
        """How many copies of a model train together: 1."""
        return 1

    @contextlib.contextmanager
    def scope(self) -> Iterator[Strategy]:
        """In the body this is the current strategy, and variables are made on its device."""
        _state.strategies.append(self)
        try:
            with _device(self._device) if self._device is not None else contextlib.nullcontext():
                yield self
        finally:
            _state.strategies.pop()

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """`fn(*args, **kwargs)` on every replica."""
        with self.scope(), _in_replica(ReplicaContext(self)):
            return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """What `run` returned, as one: the sum or mean over replicas, and over `axis` if it is given."""
        name = "reduce_sum" if _reduction(reduce_op) is ReduceOp.SUM else "reduce_mean"
        return value if axis is None else nest.map_structure(lambda v: OPS[name](v, axis=axis), value)

    def gather(self, value: Any, axis: int) -> Any:
        """The values of all replicas side by side: with one, the value."""
        return value

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The dataset, split among replicas: with one, as it is."""
        return dataset

    def distribute_datasets_from_function(self, dataset_fn: Callable[..., Any], options: Any = None) -> Any:
        """`dataset_fn(InputContext)`."""
        return dataset_fn(InputContext())

    def experimental_distribute_values_from_function(self, value_fn: Callable[..., Any]) -> Any:
        """`value_fn(context)`, one value per replica."""
        return value_fn(ReplicaContext(self))

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The values of this process's replicas as a tuple."""
        return (value,)


class OneDeviceStrategy(Strategy):
    """Variables and computation on one device, "/GPU:0" or "/CPU:0". Reference: tf.distribute.OneDeviceStrategy.

    >>> import gputape as tf
    >>> strategy = tf.distribute.OneDeviceStrategy("/CPU:0")
    >>> with strategy.scope():
    ...     v = tf.Variable(2.0)
    >>> float(strategy.run(lambda x: x * v, args=(tf.constant(3.0),)))
    6.0
    """

    def __init__(self, device: str) -> None:
        super().__init__(device)


class MirroredStrategy(Strategy):
    """One model copied to the devices of one machine: here to one device. Reference: tf.distribute.MirroredStrategy.

    Args:
        devices: names of devices; default the GPU if there is one, otherwise the CPU. ValueError for more than one.
        cross_device_ops: accepted; there is nothing to reduce across.

    >>> import gputape as tf
    >>> tf.distribute.MirroredStrategy().num_replicas_in_sync
    1
    """

    def __init__(self, devices: Any = None, cross_device_ops: Any = None) -> None:
        listed = [] if devices is None else [devices] if isinstance(devices, str) else list(devices)
        if len(listed) > 1:
            raise ValueError(
                f"MirroredStrategy: one process drives one device here, but devices={listed}. Name one, or start one "
                f"process "
                "per GPU."
            )
        if listed and not any(d.device_type in listed[0].upper() for d in list_logical_devices()):
            raise ValueError(
                f"MirroredStrategy: there is no device {listed[0]!r}: see tf.config.list_logical_devices()"
            )
        super().__init__(listed[0] if listed else None)


_default = Strategy()


def get_strategy() -> Strategy:
    """The strategy whose scope is open, or the default one: one replica on the default device."""
    return _state.strategies[-1] if _state.strategies else _default


def has_strategy() -> bool:
    """Whether the scope of a strategy is open."""
    return bool(_state.strategies)


def get_replica_context() -> ReplicaContext | None:
    """The running replica; None inside a scope but outside of `run`."""
    return None if _state.replica is None and has_strategy() else _state.replica or ReplicaContext(_default)


def in_cross_replica_context() -> bool:
    """Whether the scope of a strategy is open and no replica is running."""
    return get_replica_context() is None


NAMES = {
    f"tf.distribute.{x.__name__}": x
    for x in (
        InputContext, MirroredStrategy, OneDeviceStrategy, ReduceOp, ReplicaContext, Strategy, get_replica_context,
        get_strategy, has_strategy, in_cross_replica_context,
    )
}  # fmt: skip
