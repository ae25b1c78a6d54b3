"""Optimizers, schedules, losses, metrics and functions against numbers that Keras gave (see tests/references)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras

from . import parts_cases as cases

REFERENCES = np.load(Path(__file__).resolve().parents[1] / "references" / "keras_parts.npz")


def check(kind: str, name: str, values: list[Any], rtol: float = 2e-5, atol: float = 2e-6) -> None:
    count = sum(key.startswith(f"{kind}/{name}/") for key in REFERENCES.files)
    assert count == len(values) > 0
    for k, value in enumerate(values):
        expected = REFERENCES[f"{kind}/{name}/{k}"]
        value = np.asarray(value)
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, rtol, atol, err_msg=f"{kind} {name} {k}")


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizer(name):
    # Adam's 1 - beta_2^t loses digits in float32, where Keras computes it: a step differs by up to 1e-4 of its size
    check("optimizer", name, cases.run_optimizer(keras, name, tf.constant), rtol=1e-4, atol=3e-5)


@pytest.mark.parametrize("name", cases.SCHEDULES)
def test_schedule(name):
    kind, options = cases.SCHEDULES[name]
    schedule = getattr(keras.optimizers.schedules, kind)(**options)
    again = type(schedule).from_config(schedule.get_config())
    for one in (schedule, again):
        check("schedule", name, [[float(one(step)) for step in cases.STEPS]])
    counter = tf.Variable(cases.STEPS[-1], dtype="int64")
    np.testing.assert_allclose(float(schedule(counter)), REFERENCES[f"schedule/{name}/0"][-1], 2e-5)


@pytest.mark.parametrize("name", cases.LOSSES)
def test_loss(name):
    check("loss", name, cases.run_loss(keras, name))


@pytest.mark.parametrize("name", cases.METRICS)
def test_metric(name):
    check("metric", name, cases.run_metric(keras, name))


@pytest.mark.parametrize("name", cases.ACTIVATIONS)
def test_activation(name):
    kind, options = cases.ACTIVATIONS[name]
    x = tf.constant(cases.input_of(name))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(keras.activations, kind)(x, **options)
        total = tf.reduce_sum(y * y)
    check("activation", name, [y, tape.gradient(total, x)], atol=5e-6)


@pytest.mark.parametrize("name", cases.CONSTRAINTS)
def test_constraint(name):
    kind, options = cases.CONSTRAINTS[name]
    constraint = getattr(keras.constraints, kind)(**options)
    check("constraint", name, [constraint(tf.constant(cases.ROWS))])
    check("constraint", name, [type(constraint).from_config(constraint.get_config())(keras.Variable(cases.ROWS))])


@pytest.mark.parametrize("name", cases.REGULARIZERS)
def test_regularizer(name):
    kind, options = cases.REGULARIZERS[name]
    regularizer = getattr(keras.regularizers, kind)(**options)
    check("regularizer", name, [regularizer(tf.constant(cases.ROWS))])
    check("regularizer", name, [type(regularizer).from_config(regularizer.get_config())(keras.Variable(cases.ROWS))])


@pytest.mark.parametrize("name", cases.STFT)
def test_stft(name):
    check("stft", name, [keras.initializers.STFT(**cases.STFT[name])((6, 1, 5))])


def test_losses_differentiate():
    for name, (kind, options, data) in cases.LOSSES.items():
        y_true, y_pred = cases.DATA[data]
        x = tf.constant(y_pred)
        with warnings.catch_warnings(), tf.GradientTape() as tape:
            tape.watch(x)
            loss = getattr(keras.losses, kind)(**options)(y_true, x)
        gradient = tape.gradient(loss, x).numpy()
        assert gradient.shape == x.shape and np.isfinite(gradient).all() and gradient.any(), name
