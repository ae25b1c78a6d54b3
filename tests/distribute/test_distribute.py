"""Strategies for one device: scopes, run, reductions, and what programs for many devices ask."""

from __future__ import annotations

import pytest

import gputape as tf


def test_scope_run_and_contexts() -> None:
    strategy = tf.distribute.MirroredStrategy()
    assert not tf.distribute.has_strategy()
    assert tf.distribute.get_strategy() is tf.distribute.get_strategy()
    with strategy.scope() as entered:
        assert entered is strategy is tf.distribute.get_strategy()
        assert tf.distribute.has_strategy() and tf.distribute.in_cross_replica_context()
        assert tf.distribute.get_replica_context() is None
        v = tf.Variable(3.0)

    def step(x):
        context = tf.distribute.get_replica_context()
        assert context.replica_id_in_sync_group == 0 and context.num_replicas_in_sync == 1
        assert tf.distribute.get_strategy() is strategy
        inside = context.merge_call(
            lambda s, y: (s is strategy, tf.distribute.in_cross_replica_context(), y), args=(x,)
        )
        assert inside[:2] == (True, True)
        return context.all_reduce("sum", x * v)

    assert float(strategy.run(step, args=(tf.constant(2.0),))) == 6.0
    assert not tf.distribute.has_strategy()
    assert not tf.distribute.in_cross_replica_context()


def test_reduce() -> None:
    strategy = tf.distribute.get_strategy()
    x = tf.constant([1.0, 3.0])
    assert strategy.reduce("SUM", x, axis=None) is x
    assert float(strategy.reduce(tf.distribute.ReduceOp.MEAN, x, axis=0)) == 2.0
    assert strategy.reduce("sum", {"a": x}, axis=0)["a"].numpy() == 4.0
    with pytest.raises(ValueError, match="MAX"):
        strategy.reduce("max", x)


def test_scope_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), tf.distribute.OneDeviceStrategy("/CPU:0").scope():
        raise ZeroDivisionError
    assert not tf.distribute.has_strategy()


def test_datasets_stay_as_they_are() -> None:
    strategy = tf.distribute.MirroredStrategy(["/CPU:0"])
    data = tf.data.Dataset.range(3)
    assert strategy.experimental_distribute_dataset(data) is data
    made = strategy.distribute_datasets_from_function(lambda c: data.batch(c.get_per_replica_batch_size(3)))
    assert [b.numpy().tolist() for b in made] == [[0, 1, 2]]
    assert strategy.experimental_local_results(data) == (data,)
    with pytest.raises(ValueError, match="divisible"):
        tf.distribute.InputContext(num_replicas_in_sync=2).get_per_replica_batch_size(3)


def test_one_device_only() -> None:
    with pytest.raises(ValueError, match="one process drives one device"):
        tf.distribute.MirroredStrategy(["/GPU:0", "/GPU:1"])
    with pytest.raises(ValueError, match="TPU"):
        tf.distribute.MirroredStrategy("/TPU:0")
