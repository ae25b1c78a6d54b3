"""A variational autoencoder: digits as points of a plane, and a decoder that draws any point.

python examples/vae.py --epochs 30
"""

import argparse

import gputape as tf
from gputape import keras


class Sampled(keras.layers.Layer):
    """A point drawn from the normal distribution of (mean, logarithm of the variance); its divergence is a loss."""

    def __init__(self, weight: float = 0.01, **kwargs) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        mean, log_variance = inputs
        divergence = 0.5 * tf.reduce_sum(tf.exp(log_variance) + mean**2 - 1.0 - log_variance, axis=-1)
        self.add_loss(self.weight * tf.reduce_mean(divergence))
        return mean + tf.exp(0.5 * log_variance) * keras.random.normal(tf.shape(mean), seed=self.seed)


def autoencoder(size: int = 2):
    """(the model that fit trains, digits -> means, points -> digits)."""
    x = keras.Input((8, 8))
    h = keras.layers.Dense(64, "relu")(keras.layers.Flatten()(x))
    mean, log_variance = keras.layers.Dense(size)(h), keras.layers.Dense(size)(h)
    decoder = keras.Sequential(
        [
            keras.Input((size,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "sigmoid"),
            keras.layers.Reshape((8, 8)),
        ]
    )
    return keras.Model(x, decoder(Sampled()([mean, log_variance]))), keras.Model(x, mean), decoder


def drawn(image) -> str:
    """A picture in letters."""
    return "\n".join("".join(" .:*#"[min(int(v * 5), 4)] * 2 for v in row) for row in image)


def main(epochs: int = 30) -> float:
    keras.utils.set_random_seed(0)
    (x_train, _), (x_test, _) = keras.datasets.digits.load_data()
    x_train, x_test = x_train.astype("float32") / 16, x_test.astype("float32") / 16
    model, encoder, decoder = autoencoder()
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    model.fit(x_train, x_train, batch_size=64, epochs=epochs, validation_data=(x_test, x_test), verbose=2)

    points = encoder.predict(x_test[:2], verbose=0)
    path = tf.linspace(points[0], points[1], 3)
    for image in decoder(path).numpy():
        print(drawn(image), end="\n\n")
    error = float(tf.reduce_mean(tf.square(decoder(encoder(x_test)) - x_test)))
    print(f"Mean squared error {error:.4f} on digits never seen; a grey picture has {x_test.var():.4f}.")
    return error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    main(**vars(parser.parse_args()))
