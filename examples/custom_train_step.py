"""A training step of one's own inside `fit`: callbacks, metrics, validation and the progress bar stay.

The model is an autoencoder for handwritten digits whose loss weighs inked pixels more. Run it with

    python examples/custom_train_step.py
"""

import gputape as tf
from gputape import keras


class InkedAutoencoder(keras.Model):
    """Learns to draw its input; the error of a pixel counts more the darker the pixel is."""

    def __init__(self, size: int = 16, ink: float = 3.0) -> None:
        super().__init__()
        self.encoder = keras.Sequential([keras.layers.Dense(64, "relu"), keras.layers.Dense(size)])
        self.decoder = keras.Sequential([keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "sigmoid")])
        self.ink = ink
        self.error = keras.metrics.Mean(name="error")

    def call(self, x):
        return self.decoder(self.encoder(x))

    def weighted_error(self, x, drawn):
        return tf.reduce_mean((1.0 + self.ink * x) * tf.square(drawn - x))

    def train_step(self, x):
        with tf.GradientTape() as tape:
            loss = self.weighted_error(x, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.error.update_state(loss)
        return {"error": self.error.result()}

    def test_step(self, x):
        self.error.update_state(self.weighted_error(x, self(x)))
        return {"error": self.error.result()}


def main() -> float:
    keras.utils.set_random_seed(0)
    (x_train, _), (x_test, _) = keras.datasets.digits.load_data()
    x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))

    model = InkedAutoencoder()
    model.compile(keras.optimizers.Adam(0.003))
    stop = keras.callbacks.EarlyStopping("val_error", mode="min", patience=3, restore_best_weights=True)
    history = model.fit(x_train, epochs=30, batch_size=64, validation_data=(x_test,), callbacks=[stop], verbose=2)
    best = min(history.history["val_error"])
    print(f"Error {best:.4f} on digits never seen in training, after {len(history.epoch)} epochs.")
    return best


if __name__ == "__main__":
    main()
