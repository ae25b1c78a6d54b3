"""Whole trainings, epoch by epoch: name -> f(tf, **compile_args), plain data that is compared with what Keras gives.

Weights and data come from NumPy, and nothing is shuffled or dropped, so that every library computes the same sums.
Two things are left out on purpose. Keras on TensorFlow squares the parts of an embedding's gradient before it adds them up, so
embeddings are trained by SGD or not at all. And it weighs an output's losses by the sizes of the batches only if they are
known to its graph, so batches of several outputs are of one size.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.keras.training.cases import arrays

WHOLE: dict[str, Callable[..., Any]] = {}
QUIET = {"verbose": 0, "shuffle": False, "epochs": 3}
DIGITS = Path(__file__).parents[3] / "gputape" / "keras" / "datasets" / "digits.npz"


def whole(f: Callable[..., Any]) -> Callable[..., Any]:
    WHOLE[f.__name__] = f
    return f


def drawn(model: Any) -> Any:
    """The model with matrices of NumPy's numbers; vectors (biases, scales, moving averages) stay as they begin."""
    rng = np.random.default_rng(2)
    model.set_weights(
        [rng.standard_normal(w.shape) / np.sqrt(w.shape[-2]) if w.ndim > 1 else w for w in model.get_weights()]
    )
    return model


def told(model: Any, history: Any, x: Any) -> Any:
    """What is compared: the history, of each weight its sum, norm and last number, and the first predictions."""
    weights = [np.asarray(w, "float64") for w in model.get_weights()]
    outputs = model.predict(x, verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return {
        "history": {k: np.asarray(v, "float64").tolist() for k, v in history.history.items()},
        "epochs": list(history.epoch),
        "weights": [[float(w.sum()), float(np.linalg.norm(w)), float(w.ravel()[-1])] for w in weights],
        "predictions": [np.asarray(p, "float64").reshape(len(p), -1)[:3].tolist() for p in outputs],
    }


def digits(count: int) -> tuple[Any, Any]:
    with np.load(DIGITS) as data:
        return data["images"][:count, ..., None].astype("float32") / 16, data["labels"][:count].astype("int32")


def sentences(count: int = 24, length: int = 7) -> tuple[Any, Any]:
    """Numbers of words with zeros behind sentences of different lengths, and whether the first two words rise."""
    rng = np.random.default_rng(4)
    words = rng.integers(1, 12, (count, length))
    words[np.arange(length) >= rng.integers(3, length + 1, (count, 1))] = 0
    return words, (words[:, 1] > words[:, 0]).astype("float32")


@whole
def multilayer_perceptron(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y = digits(160)
    layers = [keras.layers.Flatten(), keras.layers.Dense(24, "relu"), keras.layers.Dense(10, "softmax")]
    model = drawn(keras.Sequential([keras.Input((8, 8, 1)), *layers]))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **compile_args)
    history = model.fit(x[:120], y[:120], batch_size=32, validation_data=(x[120:], y[120:]), **QUIET)
    return told(model, history, x[120:])


@whole
def convolutions_with_batch_normalization(tf: Any, **compile_args: Any) -> Any:
    keras, layers = tf.keras, tf.keras.layers
    x, y = digits(72)
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(6, 3, padding="same", use_bias=False)(inputs)
    h = layers.MaxPooling2D()(layers.ReLU()(layers.BatchNormalization(momentum=0.8)(h)))
    h = layers.SeparableConv2D(8, 3, strides=2, padding="same")(h)
    h = layers.AveragePooling2D(2)(layers.Activation("gelu")(layers.BatchNormalization(scale=False)(h)))
    model = drawn(keras.Model(inputs, layers.Dense(10)(layers.GlobalMaxPooling2D()(h))))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    top = keras.metrics.SparseTopKCategoricalAccuracy(3)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss, metrics=[top], **compile_args)
    history = model.fit(x[:56], y[:56], batch_size=16, validation_data=(x[56:], y[56:]), **QUIET)
    return told(model, history, x[56:])


@whole
def lstm_with_masked_words(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y = sentences()
    model = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            keras.layers.Embedding(12, 5, mask_zero=True),
            keras.layers.LSTM(6, return_sequences=True),
            keras.layers.LSTM(4),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    metrics = ["accuracy", keras.metrics.AUC(name="auc")]
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "binary_crossentropy", metrics=metrics, **compile_args)
    return told(model, drawn(model).fit(x, y, batch_size=8, validation_split=0.25, **QUIET), x)


@whole
def bidirectional_gru(tf: Any, **compile_args: Any) -> Any:
    keras, layers = tf.keras, tf.keras.layers
    x, y = arrays((20, 6, 3), (20, 6, 2))
    x[::3, 4:] = 0.0
    inputs = keras.Input((6, 3))
    h = layers.Bidirectional(layers.GRU(4, return_sequences=True))(layers.Masking()(inputs))
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True, reset_after=False), merge_mode="sum")(h)
    model = drawn(keras.Model(inputs, layers.TimeDistributed(layers.Dense(2))(h)))
    optimizer = keras.optimizers.Adamax(0.02)
    model.compile(optimizer, "log_cosh", metrics=["mse"], weighted_metrics=["mae"], **compile_args)
    weights = np.linspace(0.5, 2.0, 120).astype("float32").reshape(20, 6)
    return told(model, model.fit(x, y, batch_size=6, sample_weight=weights, **QUIET), x)


@whole
def transformer_block(tf: Any, **compile_args: Any) -> Any:
    keras, layers = tf.keras, tf.keras.layers
    x, labels = sentences()
    words = keras.Input((7,), dtype="int32")
    h = layers.Embedding(12, 8, mask_zero=True, trainable=False)(words)
    attended = layers.MultiHeadAttention(2, 4, use_bias=False)(h, h, use_causal_mask=True)
    h = layers.LayerNormalization()(layers.Add()([h, attended]))
    h = layers.LayerNormalization()(layers.Add()([h, layers.Dense(8)(layers.Dense(12, "gelu")(h))]))
    model = drawn(keras.Model(words, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(h))))
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.05, global_clipnorm=0.4)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(optimizer, loss, metrics=["accuracy", keras.metrics.F1Score(name="f1")], **compile_args)
    return told(model, model.fit(x, np.eye(2, dtype="float32")[labels.astype(int)], batch_size=8, **QUIET), x)


@whole
def many_inputs_and_outputs(tf: Any, **compile_args: Any) -> Any:
    keras, layers = tf.keras, tf.keras.layers
    a, b, u, v = arrays((20, 3), (20, 5, 2), (20, 1), (20,))
    kinds = (v > 0).astype("int32")
    left, right = keras.Input((3,), name="left"), keras.Input((5, 2), name="right")
    shared = layers.Dense(4, "tanh", name="shared")
    h = layers.Concatenate()([shared(left), layers.Flatten()(layers.Conv1D(3, 2, padding="causal")(right))])
    h = layers.Multiply()([shared(layers.Dense(3)(h)), layers.Dense(4, "sigmoid")(h)])
    outputs = {"amount": layers.Dense(1, name="amount")(h), "kind": layers.Dense(2, name="kind")(h)}
    model = drawn(keras.Model({"left": left, "right": right}, outputs))
    model.compile(
        keras.optimizers.Nadam(0.01),
        loss={"amount": "huber", "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        loss_weights={"amount": 0.3, "kind": 2.0},
        metrics={"amount": ["mae", keras.metrics.R2Score(name="r2")], "kind": "accuracy"},
        weighted_metrics={"amount": ["mse"], "kind": [keras.metrics.SparseCategoricalCrossentropy(from_logits=True)]},
        **compile_args,
    )
    data, weights = ({"left": a, "right": b}, {"amount": u, "kind": kinds}), np.linspace(0.1, 2.0, 20)
    history = model.fit(
        *data, batch_size=5, sample_weight={"amount": weights, "kind": weights[::-1]}, validation_data=data, **QUIET
    )
    model.predict = lambda x, verbose, predict=model.predict: [p for _, p in sorted(predict(x, verbose=0).items())]
    return told(model, history, data[0])


@whole
def classes_of_different_weight(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y = digits(60)
    layers = [keras.layers.Flatten(), keras.layers.Dense(12, "elu"), keras.layers.Dense(10, "softmax")]
    model = drawn(keras.Sequential([keras.Input((8, 8, 1)), *layers]))
    metrics = ["categorical_accuracy", keras.metrics.Precision(name="p"), keras.metrics.Recall(0.2, name="r")]
    model.compile(
        keras.optimizers.Adagrad(0.1), keras.losses.CategoricalFocalCrossentropy(), metrics=metrics, **compile_args
    )
    weights = {k: 0.5 + 0.2 * k for k in range(10)}
    history = model.fit(x, np.eye(10)[y], batch_size=20, class_weight=weights, **QUIET)
    return told(model, history, x)


@whole
def regularizers_and_constraints(tf: Any, **compile_args: Any) -> Any:
    keras, layers = tf.keras, tf.keras.layers
    x, y = arrays((24, 5), (24, 2))
    l1_l2 = keras.regularizers.L1L2(0.01, 0.02)
    held = {"kernel_regularizer": l1_l2, "bias_regularizer": "l1", "kernel_constraint": keras.constraints.MaxNorm(0.8)}
    last = layers.Dense(2, kernel_constraint="unit_norm", bias_constraint="non_neg", activity_regularizer="l2")
    square = layers.Dense(6, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(0.03))
    model = drawn(keras.Sequential([keras.Input((5,)), layers.Dense(6, "tanh", **held), square, last]))
    model.compile(keras.optimizers.Adadelta(0.5), "mean_squared_logarithmic_error", **compile_args)
    return told(model, model.fit(x, np.abs(y), batch_size=8, validation_split=0.2, **QUIET), x)


@whole
def schedules_and_callbacks(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y, vx, vy = arrays((24, 3), (24, 1), (10, 3), (10, 1))
    made = {}
    for name, rate, callbacks in (
        ("cosine", keras.optimizers.schedules.CosineDecay(0.0, 30, warmup_target=0.2, warmup_steps=4), []),
        ("pieces", keras.optimizers.schedules.PiecewiseConstantDecay([4, 9], [0.2, 0.05, 0.01]), []),
        ("by epoch", 0.1, [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7)]),
        (
            "watched",
            0.8,
            [
                keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.4, min_delta=0.02),
                keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
            ],
        ),
    ):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "swish"), keras.layers.Dense(1)])
        drawn(model).compile(keras.optimizers.SGD(rate), "mse", metrics=["mape"], **compile_args)
        arguments = {**QUIET, "epochs": 9, "batch_size": 8, "validation_data": (vx, vy), "callbacks": callbacks}
        made[name] = told(model, model.fit(x, y, **arguments), x)
    return made


@whole
def mixed_bfloat16(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y = digits(48)
    policy = {"dtype": "mixed_bfloat16"}
    layers = [
        keras.layers.Conv2D(4, 3, activation="relu", **policy),
        keras.layers.BatchNormalization(**policy),
        keras.layers.Flatten(**policy),
        keras.layers.Dense(10, activation="softmax", dtype="float32"),
    ]
    model = drawn(keras.Sequential([keras.Input((8, 8, 1)), *layers]))
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"], **compile_args)
    return told(model, model.fit(x, y, batch_size=16, **QUIET), x)


@whole
def own_train_step(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras

    class Penalty(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(0.05 * tf.reduce_mean(tf.abs(x)))
            return x

    class Coder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = keras.layers.Dense(3, "tanh", kernel_regularizer="l2"), keras.layers.Dense(6)
            self.penalty = Penalty()
            self.distance = keras.metrics.Mean("distance")

        def call(self, x: Any, training: bool = False) -> Any:
            return self.up(self.penalty(self.down(x)))

        @property
        def metrics(self) -> list[Any]:
            return [self.distance]

        def train_step(self, x: Any) -> Any:
            with tf.GradientTape() as tape:
                distance = tf.reduce_mean(tf.square(self(x, training=True) - x))
                loss = distance + sum(self.losses)
            variables = self.trainable_variables
            gradients = [tf.clip_by_norm(g, 0.5) for g in tape.gradient(loss, variables)]
            self.optimizer.apply_gradients(zip(gradients, variables))
            self.distance.update_state(distance)
            return {"distance": self.distance.result(), "added": loss - distance}

        def test_step(self, x: Any) -> Any:
            self.distance.update_state(tf.reduce_mean(tf.square(self(x) - x)))
            return {"distance": self.distance.result()}

    (x,) = arrays((24, 6))
    model = Coder()
    model(x)
    drawn(model).compile(keras.optimizers.Lion(0.01), **compile_args)
    return told(model, model.fit(x, batch_size=8, validation_data=(x[:7],), **QUIET), x)


@whole
def accumulated_gradients_and_averaged_weights(tf: Any, **compile_args: Any) -> Any:
    keras = tf.keras
    x, y = arrays((40, 4), (40, 2))
    made = {}
    for name, arguments in (
        ("accumulated", {"gradient_accumulation_steps": 3}),
        ("averaged", {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4}),
        ("both", {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5, "clipnorm": 0.3}),
    ):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "softsign"), keras.layers.Dense(2)])
        drawn(model).compile(keras.optimizers.Adam(0.02, **arguments), "mae", **compile_args)
        made[name] = told(model, model.fit(x, y, batch_size=4, **QUIET), x)
    return made
