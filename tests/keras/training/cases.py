"""Trainings whose numbers, log keys and order of calls are compared with Keras's: name -> f(tf), plain data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

CASES: dict[str, Callable[[Any], Any]] = {}


def case(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[f.__name__] = f
    return f


def arrays(*shapes: tuple[int, ...], seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype("float32") for s in shapes]


def with_weights(model: Any) -> Any:
    """The model with weights that do not depend on any random generator of the library."""
    rng = np.random.default_rng(1)
    model.set_weights([rng.standard_normal(w.shape).astype("float32") * 0.3 for w in model.get_weights()])
    return model


def regressor(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    if compile_args:
        model.compile(**compile_args)
    return with_weights(model)


def two_headed(tf: Any) -> Any:
    keras = tf.keras
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    h = keras.layers.Dense(4, activation="tanh")(keras.layers.Concatenate()([a, b]))
    return with_weights(keras.Model([a, b], [keras.layers.Dense(1, name="u")(h), keras.layers.Dense(2, name="v")(h)]))


def two_headed_data() -> Any:
    a, b, u, v = arrays((12, 3), (12, 2), (12, 1), (12, 2))
    return [a, b], [u, v]


def plain(history: Any) -> Any:
    return {key: [float(v) for v in values] for key, values in history.history.items()}


QUIET = {"verbose": 0, "shuffle": False}


@case
def fit_with_validation(tf: Any) -> Any:
    x, y, vx, vy = arrays((21, 3), (21, 1), (9, 3), (9, 1))
    model = regressor(
        tf, optimizer=tf.keras.optimizers.SGD(0.1), loss="mse", metrics=["mae", tf.keras.metrics.RootMeanSquaredError()]
    )
    history = model.fit(x, y, batch_size=8, epochs=3, validation_data=(vx, vy), validation_freq=2, **QUIET)
    return plain(history), history.epoch, model.evaluate(vx, vy, verbose=0), model.metrics_names


@case
def fit_adam_targets_without_last_axis(tf: Any) -> Any:
    x, y = arrays((20, 3), (20,))
    model = regressor(tf, optimizer="adam", loss=tf.keras.losses.Huber(), metrics=["mse"])
    return plain(model.fit(x, y, batch_size=6, epochs=2, validation_split=0.25, **QUIET))


@case
def sample_weights_and_weighted_metrics(tf: Any) -> Any:
    x, y, w = arrays((20, 3), (20, 1), (20,))
    model = regressor(tf, optimizer="sgd", loss="mse", metrics=["mae"], weighted_metrics=["mae", "mse", "mse"])
    history = model.fit(x, y, sample_weight=np.abs(w), batch_size=7, epochs=2, **QUIET)
    return plain(history), model.evaluate(x, y, sample_weight=np.abs(w), verbose=0, return_dict=True)


def classifier(tf: Any, units: int, activation: str, **compile_args: Any) -> Any:
    keras = tf.keras
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", **compile_args)
    return with_weights(model)


@case
def accuracy_by_shape(tf: Any) -> Any:
    (x,) = arrays((16, 3))
    labels = np.arange(16) % 3
    made = {}
    sparse = classifier(tf, 3, "softmax", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    made["sparse"] = plain(sparse.fit(x, labels, epochs=2, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, **QUIET))
    dense = classifier(tf, 3, "softmax", loss="categorical_crossentropy", metrics=["acc"])
    made["dense"] = plain(dense.fit(x, np.eye(3, dtype="float32")[labels], epochs=2, class_weight={1: 3.0}, **QUIET))
    binary = classifier(tf, 1, "sigmoid", loss="binary_crossentropy", metrics=["accuracy"])
    made["binary"] = plain(binary.fit(x, (labels > 0).astype("float32"), epochs=2, **QUIET))
    crossentropy = classifier(tf, 3, "softmax", loss="crossentropy", metrics=["accuracy"])
    made["crossentropy"] = plain(crossentropy.fit(x, labels[:, None], epochs=1, **QUIET))
    return made


@case
def two_outputs_lists(tf: Any) -> Any:
    x, y = two_headed_data()
    model = two_headed(tf)
    model.compile("sgd", loss=["mse", "mae"], loss_weights=[0.5, 2.0], metrics=[["mae"], ["mse", "mae"]])
    history = model.fit(x, y, batch_size=4, epochs=2, validation_data=(x, y), **QUIET)
    return plain(history), list(history.history), model.evaluate(x, y, verbose=0), model.metrics_names


@case
def two_outputs_dicts(tf: Any) -> Any:
    (a, b), (u, v) = two_headed_data()
    model = two_headed(tf)
    model.compile("sgd", loss={"u": "mse", "v": "mae"}, loss_weights={"u": 1.0, "v": 0.1}, metrics={"v": "mse"})
    history = model.fit({"a": a, "b": b}, {"v": v, "u": u}, batch_size=4, epochs=2, **QUIET)
    return plain(history), model.evaluate([a, b], [u, v], verbose=0, return_dict=True)


@case
def two_outputs_one_loss(tf: Any) -> Any:
    x, y = two_headed_data()
    model = two_headed(tf)
    model.compile("sgd", loss="mse")
    weights = [np.arange(12) / 6.0, np.ones(12)]
    return plain(model.fit(x, y, epochs=2, sample_weight=weights, **QUIET)), model.evaluate(x, y, verbose=0)


@case
def loss_for_one_of_two_outputs(tf: Any) -> Any:
    x, y = two_headed_data()
    model = two_headed(tf)
    model.compile("sgd", loss=[None, "mse"])
    return plain(model.fit(x, y, epochs=2, **QUIET))


@case
def subclass_with_dict_of_outputs(tf: Any) -> Any:
    keras = tf.keras

    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.p, self.q = keras.layers.Dense(1), keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return {"q": self.q(x), "p": self.p(x)}

    x, p, q = arrays((12, 3), (12, 1), (12, 2))
    model = Two()
    model(x)
    with_weights(model)
    model.compile("sgd", loss={"p": "mse", "q": "mae"}, metrics={"p": ["mae"], "q": ["mse"]})
    history = model.fit(x, {"p": p, "q": q}, batch_size=4, epochs=2, **QUIET)
    outputs = model.predict(x, verbose=0)
    return plain(history), list(history.history), {k: [list(v.shape), float(v.sum())] for k, v in outputs.items()}


@case
def added_losses(tf: Any) -> Any:
    keras = tf.keras

    class Penalty(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(0.1 * tf.reduce_mean(tf.square(x)))
            return x

    def model() -> Any:
        dense = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.01))
        return with_weights(keras.Sequential([keras.Input((3,)), dense, Penalty(), keras.layers.Dense(1)]))

    x, y = arrays((12, 3), (12, 1))
    both, added = model(), model()
    both.compile("sgd", loss="mse")
    added.compile("sgd")
    return plain(both.fit(x, y, epochs=2, **QUIET)), plain(added.fit(x, epochs=2, **QUIET))


def recording(tf: Any, notes: list[Any]) -> Any:
    class Notes(tf.keras.callbacks.Callback):
        pass

    def noter(hook: str) -> Any:
        def note(self: Any, *args: Any, logs: Any = None) -> None:
            number, logs = (
                (args[0], args[1] if len(args) > 1 else logs)
                if "batch" in hook or "epoch" in hook
                else (None, args[0] if args else logs)
            )
            notes.append([hook, number, None if logs is None else list(logs)])

        return note

    for hook in dir(tf.keras.callbacks.Callback):
        if hook.startswith("on_") and hook not in ("on_batch_begin", "on_batch_end"):
            setattr(Notes, hook, noter(hook))
    return Notes()


@case
def order_of_calls(tf: Any) -> Any:
    x, y = arrays((10, 3), (10, 1))
    notes: list[Any] = []
    callback = recording(tf, notes)
    model = regressor(tf, optimizer="sgd", loss="mse", metrics=["mae"])
    model.fit(x, y, batch_size=4, epochs=2, validation_data=(x, y), callbacks=[callback], **QUIET)
    model.evaluate(x, y, batch_size=8, callbacks=[callback], verbose=0)
    model.predict(x, batch_size=8, callbacks=[callback], verbose=0)
    return notes


@case
def order_of_calls_with_steps_per_execution(tf: Any) -> Any:
    x, y = arrays((14, 3), (14, 1))
    notes: list[Any] = []
    model = regressor(tf, optimizer="sgd", loss="mse", steps_per_execution=3)
    history = model.fit(x, y, batch_size=2, epochs=2, callbacks=[recording(tf, notes)], **QUIET)
    return notes, plain(history), float(model.predict(x, batch_size=2, verbose=0).sum())


@case
def steps_per_execution_and_steps_per_epoch(tf: Any) -> Any:
    x, y = arrays((20, 3), (20, 1))
    notes: list[Any] = []
    model = regressor(tf, optimizer="sgd", loss="mse", steps_per_execution=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = model.fit(x, y, batch_size=2, epochs=3, steps_per_epoch=5, callbacks=[recording(tf, notes)], **QUIET)
    return notes, plain(history)


@case
def generators_and_steps(tf: Any) -> Any:
    x, y = arrays((12, 3), (12, 1))

    def batches(repeat: bool) -> Any:
        while True:
            for k in range(0, 12, 5):
                yield x[k : k + 5], y[k : k + 5]
            if not repeat:
                return

    model = regressor(tf, optimizer="sgd", loss="mse")
    made = [
        plain(
            model.fit(
                batches(True),
                steps_per_epoch=4,
                epochs=2,
                validation_data=(x, y),
                validation_batch_size=5,
                validation_steps=2,
                verbose=0,
            )
        )
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.append(plain(model.fit(batches(False), verbose=0)))
        made.append(plain(model.fit(x, y, batch_size=3, steps_per_epoch=3, epochs=2, **QUIET)))
        made.append(model.evaluate(batches(True), steps=2, verbose=0))
    return made


@case
def datasets(tf: Any) -> Any:
    x, y = arrays((11, 3), (11, 1))
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    model = regressor(tf, optimizer="sgd", loss="mse", metrics=["mae"])
    history = model.fit(data, epochs=2, validation_data=data.take(1), verbose=0)
    return plain(history), model.evaluate(data, verbose=0), float(model.predict(data, verbose=0).sum())


@case
def pydataset(tf: Any) -> Any:
    x, y = arrays((11, 3), (11, 1))
    ends = []

    class Data(tf.keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, k: int) -> Any:
            return x[4 * k : 4 * k + 4], y[4 * k : 4 * k + 4]

        def on_epoch_begin(self) -> None:
            ends.append("begin")

    model = regressor(tf, optimizer="sgd", loss="mse")
    return plain(model.fit(Data(), epochs=2, **QUIET)), model.evaluate(Data(), verbose=0)


@case
def one_batch_by_hand(tf: Any) -> Any:
    x, y, w = arrays((6, 3), (6, 1), (6,))
    model = regressor(tf, optimizer="sgd", loss="mse", metrics=["mae"])
    made = [model.train_on_batch(x, y), model.train_on_batch(x, y, sample_weight=np.abs(w), return_dict=True)]
    made += [
        model.test_on_batch(x, y),
        model.test_on_batch(x, y, return_dict=True),
        float(model.predict_on_batch(x).sum()),
    ]
    labels = np.array([0, 1, 0, 1, 1, 0])
    classes = classifier(tf, 2, "softmax", loss="sparse_categorical_crossentropy")
    return [*made, classes.train_on_batch(x, labels, class_weight={0: 0.5, 1: 2.0})]


@case
def custom_steps(tf: Any) -> Any:
    keras = tf.keras

    class Model(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"worst": tf.reduce_max(tf.abs(self(x) - y))}

    x, y = arrays((10, 3), (10, 1))
    inputs = keras.Input((3,))
    model = with_weights(Model(inputs, keras.layers.Dense(1)(inputs)))
    model.compile("sgd", loss="mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=4, epochs=2, validation_data=(x, y), **QUIET)
    return plain(history)
