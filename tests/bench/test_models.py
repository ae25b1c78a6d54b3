"""The models of the benchmarks run, and their table says who is faster."""

import pytest

import gputape as tf
from bench.models import __main__ as runner
from bench.models.one import works
from bench.models.training import Work, timed


@pytest.mark.parametrize("model", runner.MODELS)
def test_the_works_of_a_model_run(model):
    made = works("gputape", model)
    assert made
    work = next(iter(made.values()))
    work.run()
    assert work.steps > 0


def test_times_are_those_of_a_step():
    calls = []
    first, step = timed(Work(lambda: calls.append(1), 10), seconds=0.0)
    assert len(calls) == 4 and first > 0 and step < first + 1


def test_the_table_names_the_ratio_and_what_failed():
    lines = [
        {"model": "m", "case": "fit", "library": "gputape", "first": 1.0, "step": 0.5},
        {"model": "m", "case": "fit", "library": "pytorch", "first": 1.0, "step": 1.0},
        {"model": "m", "case": "fit", "library": "jax", "first": 1.0, "step": 0.25},
        {"model": "m", "library": "keras-jax", "failed": "no memory"},
    ]
    text = runner.table("m", lines)
    assert text.splitlines()[1].endswith("0.50")
    assert "keras-jax failed: no memory" in text


def test_a_missing_library_is_named():
    found, missing = runner.libraries()
    assert "gputape" in found and not set(found) & set(missing)
    assert set(found) | set(missing) >= {"gputape", "keras-tensorflow", "keras-jax", "pytorch"}


def test_the_models_learn():
    """A benchmark of a training that does not train would measure nothing."""
    from bench.models import mlp

    model = mlp.build(tf.keras)
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = mlp.data()
    losses = model.fit(x[:256], y[:256], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
