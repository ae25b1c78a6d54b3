"""compile, fit, evaluate and predict: what is not a matter of numbers. Those are in test_against_keras.py."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import gputape as tf

keras = tf.keras
RNG = np.random.default_rng(0)
X, Y = RNG.random((12, 3)).astype("float32"), RNG.random((12, 1)).astype("float32")


def model(**arguments: Any) -> Any:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return made


def two_outputs() -> Any:
    x = keras.Input((3,))
    return keras.Model(x, [keras.layers.Dense(1, name="a")(x), keras.layers.Dense(2, name="b")(x)])


# -- recording


def test_steps_are_recorded_once_per_shape() -> None:
    runs = []

    class Model(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            runs.append(data[0].shape[0])
            return super().train_step(data)

    made = Model([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("adam", "mse", metrics=["mae"])
    made.fit(X, Y, batch_size=5, epochs=4, verbose=0)
    assert runs.count(5) <= 2 and runs.count(2) <= 2, runs
    made.run_eagerly = True
    runs.clear()
    made.fit(X, Y, batch_size=6, epochs=2, verbose=0)
    assert len(runs) == 4


@pytest.mark.parametrize(
    "arguments", [{"optimizer": "adam"}, {"optimizer": "rmsprop", "metrics": ["mae", "cosine_similarity"]}]
)
def test_recorded_and_eager_agree_bitwise(arguments: Any) -> None:
    results = []
    for run_eagerly in (False, True):
        keras.utils.set_random_seed(1)
        made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
        made.compile(loss="mse", run_eagerly=run_eagerly, **arguments)
        history = made.fit(X, Y, batch_size=5, epochs=3, verbose=0)
        results.append((history.history, [w.tobytes() for w in made.get_weights()]))
    assert results[0] == results[1]


def test_set_random_seed_repeats_a_training() -> None:
    losses = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        losses.append(model().fit(X, Y, batch_size=4, epochs=2, verbose=0).history)
    assert losses[0] == losses[1]
    keras.utils.set_random_seed(8)
    assert model().fit(X, Y, batch_size=4, epochs=2, verbose=0).history != losses[0]
    with pytest.raises(ValueError, match="integer"):
        keras.utils.set_random_seed("seven")


def test_nothing_is_read_inside_a_step() -> None:
    made = model(metrics=["mae"])
    made.fit(X, Y, epochs=2, verbose=0)
    step = next(c.cell_contents for c in made.train_function.__closure__ if hasattr(c.cell_contents, "report"))
    assert "replayed" in step.report() and "eagerly" not in step.report(), step.report()


# -- data


SOURCES = {
    "arrays": lambda: ((X, Y), {}),
    "float64 and lists": lambda: ((X.astype("float64").tolist(), Y.tolist()), {}),
    "tensors": lambda: ((tf.constant(X), tf.constant(Y)), {}),
    "dataset": lambda: ((tf.data.Dataset.from_tensor_slices((X, Y)).batch(4),), {}),
    "generator": lambda: (((b for b in [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])]),), {}),
    "loader": lambda: (([(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])].__iter__(),), {}),
}


@pytest.mark.parametrize("name", SOURCES)
def test_sources_give_the_same(name: str) -> None:
    def run(args: Any) -> Any:
        made = model()
        made.set_weights([np.full((3, 1), 0.1), np.zeros(1)])
        return made.fit(*args, batch_size=4, shuffle=False, verbose=0).history["loss"]

    args, _ = SOURCES[name]()
    assert run(args) == pytest.approx(run((X, Y)))


class Numbers(keras.utils.PyDataset):
    """Batches that tell their number; some take longer."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, k: int) -> Any:
        time.sleep(0.01 * (k % 2 == 0))
        return np.full((2, 3), k, "float32"), np.zeros((2, 1), "float32")


@pytest.mark.parametrize("workers", [1, 3])
def test_pydataset_keeps_its_order(workers: int) -> None:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x[:, :1])])
    assert made.predict(Numbers(workers=workers, max_queue_size=2), verbose=0)[::2, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_pydataset_that_does_not_end() -> None:
    class Endless(Numbers):
        num_batches = None

    assert len(model().fit(Endless(), steps_per_epoch=4, epochs=2, verbose=0).epoch) == 2
    with pytest.raises(NotImplementedError, match="__getitem__"):
        keras.utils.PyDataset()[0]
    with pytest.raises(NotImplementedError, match="num_batches"):
        list(keras.utils.PyDataset())


def test_pydataset_without_super_is_told() -> None:
    class Careless(Numbers):
        def __init__(self) -> None:
            pass

    with pytest.warns(UserWarning, match="super"):
        model().fit(Careless(), verbose=0)


def test_shuffling_sees_every_sample_once() -> None:
    seen: list[int] = []

    class Model(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            seen.extend(data[0].numpy()[:, 0].astype(int).tolist())
            assert (data[0].numpy() == data[1].numpy()).all(), "inputs and targets are shuffled alike"
            return {}

    made = Model([keras.Input((1,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse", run_eagerly=True)
    numbers = np.arange(10, dtype="float32")[:, None]
    for shuffle, order in ((False, list(range(10))), (True, None), ("batch", None)):
        seen.clear()
        made.fit(numbers, numbers, batch_size=5, epochs=2, shuffle=shuffle, verbose=0)
        assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
        assert order is None or seen == 2 * order
        assert shuffle is not True or seen[:10] != seen[10:]
        assert shuffle != "batch" or sorted(seen[:5]) == [0, 1, 2, 3, 4]


ERRORS: dict[str, tuple[Any, str]] = {
    "sizes": (lambda m: m.fit(X, Y[:-1]), "cardinality is ambiguous"),
    "type": (lambda m: m.fit("text"), "Unrecognized data type"),
    "y beside a dataset": (lambda m: m.fit(tf.data.Dataset.range(2), Y), "`y` should not be passed"),
    "both weights": (lambda m: m.fit(X, Y, sample_weight=np.ones(12), class_weight={0: 1.0}), "class_weight"),
    "split of a dataset": (
        lambda m: m.fit(tf.data.Dataset.range(2), validation_split=0.5),
        "only supported for tensors",
    ),
    "split": (lambda m: m.fit(X[:1], Y[:1], validation_split=0.5), "not sufficient"),
    "long batch": (lambda m: m.fit(iter([(X, Y, Y, Y)])), "found:"),
    "unknown argument": (lambda m: m.evaluate(X, Y, speed=3), "not recognized"),
    "validation_freq": (
        lambda m: m.fit(X, Y, validation_data=(X, Y), validation_freq="often", verbose=0),
        "list or int",
    ),
    "not compiled": (lambda m: keras.Sequential([keras.layers.Dense(1)]).fit(X, Y), "must call `compile\\(\\)`"),
    "no loss": (lambda m: model(loss=None).fit(X, Y, verbose=0), "No loss to compute"),
    "weights of one batch": (lambda m: m.train_on_batch(X, Y, np.ones(12), {0: 1.0}), "same time"),
    "empty": (lambda m: m.predict(iter([]), verbose=0), "no batches"),
}


@pytest.mark.filterwarnings("ignore:Your input ran out")
@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    run, text = ERRORS[name]
    with pytest.raises(ValueError, match=text):
        run(model())


def test_data_that_run_out_are_told() -> None:
    with pytest.warns(UserWarning, match="ran out of data"):
        model().fit(iter([(X, Y)]), steps_per_epoch=2, verbose=0)


def test_caps() -> None:
    keras.config.set_max_epochs(2)
    keras.config.set_max_steps_per_epoch(1)
    try:
        with pytest.warns(UserWarning, match="Limiting"):
            history = model().fit(X, Y, batch_size=4, epochs=5, verbose=0)
        assert history.epoch == [0, 1]
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)


# -- compile


def test_losses_and_metrics_that_do_not_fit() -> None:
    made = two_outputs()
    y = [Y, np.concatenate([Y, Y], 1)]
    for arguments, text in (
        ({"loss": {"a": "mse", "c": "mse"}}, "Expected keys"),
        ({"loss": "mse", "loss_weights": [1.0, 2.0, 3.0]}, "got 2 losses and 3 weights"),
        ({"loss": "mse", "metrics": ["mae"]}, "Invalid `metrics`"),
        ({"loss": "mse", "metrics": {"z": "mae"}}, "Invalid `metrics`"),
    ):
        with pytest.raises(ValueError, match=text):
            made.compile("sgd", **arguments)
            made.fit(X, y, verbose=0)
    with pytest.raises(KeyError, match="can't be found in either the model's output"):
        made.compile("sgd", ["mse"] * 3)
        made.fit(X, y, verbose=0)
    with pytest.raises(ValueError, match="list, tuple, or dict"):
        made.compile("sgd", "mse", metrics="mae")
    with pytest.raises(ValueError, match="loss_weights"):
        made.compile("sgd", "mse", loss_weights="much")
    made.compile("sgd", "mse")
    with pytest.raises(ValueError, match="different structures"):
        made.fit(X, [Y, Y, Y], verbose=0)


def test_names_of_functions() -> None:
    def off_by(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.abs(y_true - y_pred), -1)

    history = model(loss=off_by, metrics=[off_by, "mae", keras.metrics.MeanSquaredError(name="square")]).fit(
        X, Y, verbose=0
    )
    assert list(history.history) == ["loss", "mae", "off_by", "square"]
    assert history.history["off_by"] == pytest.approx(history.history["mae"])


def test_several_losses_for_one_output_add_up() -> None:
    both = model(loss=["mse", "mae"]).evaluate(X, Y, verbose=0, return_dict=True)
    assert "loss" in both
    made = model(loss=["mse", "mae"], loss_weights=[1.0, 0.5])
    weights = made.get_weights()
    parts = []
    for loss in ("mse", "mae"):
        single = model(loss=loss)
        single.set_weights(weights)
        parts.append(single.evaluate(X, Y, verbose=0))
    assert made.evaluate(X, Y, verbose=0, return_dict=True)["loss"] == pytest.approx(
        parts[0] + 0.5 * parts[1], rel=1e-5
    )


def test_compile_config() -> None:
    made = model(optimizer=keras.optimizers.SGD(0.25, momentum=0.5), metrics=["mae"], steps_per_execution=3)
    config = made.get_compile_config()
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    assert other.get_compile_config() == {}
    other.compile_from_config(config)
    assert float(other.optimizer.learning_rate) == 0.25 and other.optimizer.momentum == 0.5
    assert other.loss == "mse" and other.steps_per_execution == 3 and other.optimizer.built
    assert other.fit(X, Y, verbose=0).history.keys() == {"loss", "mae"}


def test_mixed_precision_scales_the_loss() -> None:
    with_policy = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with_policy = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype="mixed_float16")])
        with_policy.compile("sgd", "mse")
        assert isinstance(with_policy.optimizer, keras.optimizers.LossScaleOptimizer)
        losses = with_policy.fit(X, Y, epochs=3, verbose=0).history["loss"]
    finally:
        keras.config.set_dtype_policy("float32")
    assert losses[-1] < losses[0]


def test_old_names_of_losses_and_metrics() -> None:
    class Old(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    def build(kind: Any) -> Any:
        x = keras.Input((3,))
        made = kind(x, keras.layers.Dense(1, kernel_regularizer="l2", kernel_initializer="ones")(x))
        made.compile("sgd", "mse", metrics=["mae"])
        return made.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0).history

    old, new = build(Old), build(keras.Model)
    assert old.keys() == new.keys()
    for name in new:
        assert old[name] == pytest.approx(new[name], rel=1e-5)


def test_overridden_functions_are_used() -> None:
    class Twice(keras.Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            step = tf.function(self.train_step)

            def run(iterator: Any) -> Any:
                data = next(iterator)
                step(data)
                return step(data)

            return run

        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:  # without `training`, as once
            return tf.reduce_mean(tf.square(y - y_pred))

    made = Twice([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd")
    made.fit(X, Y, batch_size=4, verbose=0)
    assert int(made.optimizer.iterations) == 6


def test_a_model_without_weights_is_told() -> None:
    made = keras.Sequential([keras.Input((1,)), keras.layers.Activation("relu")])
    made.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="trainable weights"):
        made.fit(Y, Y, verbose=0)


def test_predict_keeps_structure_and_size() -> None:
    made = two_outputs()
    a, b = made.predict(X, batch_size=5, verbose=0)
    assert a.shape == (12, 1) and b.shape == (12, 2) and isinstance(a, np.ndarray)
    np.testing.assert_array_equal(made.predict_on_batch(X)[1], made(X)[1].numpy())
    assert len(made.predict(X, batch_size=4, steps=2, verbose=0)[0]) == 8


def test_stopping_evaluate_and_predict() -> None:
    class Stop(keras.callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_evaluating = True

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            assert logs["outputs"].shape == (4, 1)
            self.model.stop_predicting = True

    made = model()
    made.evaluate(X, Y, batch_size=4, callbacks=[Stop()], verbose=0)
    assert made.metrics[0].count.numpy() == 4
    assert len(made.predict(X, batch_size=4, callbacks=[Stop()], verbose=0)) == 4


def test_metrics_of_layers_and_models() -> None:
    class Counter(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seen = keras.metrics.Sum(name="seen")

        def call(self, x: Any) -> Any:
            self.seen.update_state(tf.ones(()))
            return x

    made = keras.Sequential([keras.Input((3,)), Counter(), keras.layers.Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"])
    history = made.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert history.history["seen"] == [3.0, 3.0]
    assert made.metrics_names == ["loss", "compile_metrics", "seen"]
    assert list(made.get_metrics_result()) == ["loss", "mae", "seen"]


def test_stateless_loss() -> None:
    made = model()
    y_pred = made(X)
    values = [v.value for v in made.trainable_variables], [v.value for v in made.non_trainable_variables]
    loss, _ = made.stateless_compute_loss(*values, [v.value for v in made.metrics_variables], X, tf.constant(Y), y_pred)
    assert float(loss) == pytest.approx(float(np.mean((y_pred.numpy() - Y) ** 2)), rel=1e-5)


def test_strategy() -> None:
    strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        made = model()
        assert made.distribute_strategy is strategy
    made.fit(X, Y, verbose=0)


def test_compiled_again_without_metrics_a_model_keeps_those_it_had():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(x, y, verbose=0)
    model.compile(keras.optimizers.SGD(1e-5))
    assert set(model.fit(x, y, verbose=0).history) == {"loss", "mae"}
    model.compile("sgd", "mse", metrics=[])
    assert set(model.fit(x, y, verbose=0).history) == {"loss"}
