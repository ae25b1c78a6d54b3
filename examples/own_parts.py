"""A layer, a loss, a metric and a callback of one's own, in one model that `fit` trains and a file brings back.

The task: which of ten digits a picture shows, where a twentieth of the labels is wrong. Run it with

    python examples/own_parts.py --epochs 12
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import gputape as tf
from gputape import keras


@keras.saving.register_keras_serializable("examples")
class Gated(keras.layers.Layer):
    """y = tanh(x a) * sigmoid(x b): one half says what, the other how much of it."""

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape) -> None:
        self.a = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="a")
        self.b = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="b")

    def call(self, x):
        return tf.tanh(x @ self.a) * tf.sigmoid(x @ self.b)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("examples")
class Forgiving(keras.losses.Loss):
    """(1 - p ** q) / q for the probability p of the label: less impressed by wrong labels than the logarithm."""

    def __init__(self, q: float = 0.5, **kwargs) -> None:
        super().__init__(**kwargs)
        self.q = q

    def call(self, y_true, y_pred):
        p = tf.gather(tf.nn.softmax(y_pred), tf.cast(y_true, "int32"), axis=-1, batch_dims=1)
        return (1.0 - p**self.q) / self.q

    def get_config(self):
        return {**super().get_config(), "q": self.q}


@keras.saving.register_keras_serializable("examples")
class Sure(keras.metrics.Metric):
    """How many samples get a probability above 0.9 for some digit."""

    def __init__(self, name: str = "sure", **kwargs) -> None:
        super().__init__(name=name, **kwargs)
        self.count, self.total = self.add_weight(name="count"), self.add_weight(name="total")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        best = tf.reduce_max(tf.nn.softmax(y_pred), axis=-1)
        self.count.assign_add(tf.reduce_sum(tf.cast(best > 0.9, "float32")))
        self.total.assign_add(float(y_pred.shape[0]))

    def result(self):
        return self.count / self.total


class Cooling(keras.callbacks.Callback):
    """Halves the learning rate when an epoch was no better than the one before."""

    def on_train_begin(self, logs=None) -> None:
        self.last = float("inf")

    def on_epoch_end(self, epoch, logs=None) -> None:
        if logs["loss"] > 0.99 * self.last:
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) / 2
            print(f"Epoch {epoch + 1}: learning rate {float(optimizer.learning_rate):.2g}")
        self.last = logs["loss"]


def main(epochs: int = 12) -> float:
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))
    wrong = np.random.default_rng(0).random(len(y_train)) < 0.05
    y_train = np.where(wrong, (y_train + 1) % 10, y_train)

    model = keras.Sequential([keras.Input((64,)), Gated(64), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(0.01), Forgiving(), metrics=["accuracy", Sure()])
    model.fit(x_train, y_train, epochs=epochs, callbacks=[Cooling()], verbose=2)
    _, accuracy, sure = model.evaluate(x_test, y_test, verbose=0)
    print(f"Right on {accuracy:.1%} of digits never seen, sure of {sure:.1%}.")

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "digits.keras")
        again = keras.models.load_model(Path(folder) / "digits.keras")
    assert np.allclose(again.predict(x_test, verbose=0), model.predict(x_test, verbose=0), atol=1e-5)
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    main(**vars(parser.parse_args()))
