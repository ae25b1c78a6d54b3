"""A generative adversarial network: one net draws digits, the other tells them from real ones, in a train_step of their own.

python examples/gan.py --epochs 40
"""

import argparse

import gputape as tf
from gputape import keras


class GAN(keras.Model):
    """Two nets and two optimizers. The discriminator learns first, on as many drawn digits as real ones; then the generator."""

    def __init__(self, discriminator, generator, size: int) -> None:
        super().__init__()
        self.discriminator, self.generator, self.size = discriminator, generator, size
        self.seed = keras.random.SeedGenerator(1)
        self.told = keras.metrics.Mean(name="discriminator")
        self.fooled = keras.metrics.Mean(name="generator")

    def compile(self, d_optimizer, g_optimizer, loss) -> None:
        super().compile(loss=loss)
        self.d_optimizer, self.g_optimizer, self.entropy = d_optimizer, g_optimizer, loss

    @property
    def metrics(self):
        return [self.told, self.fooled]

    def train_step(self, real):
        count = tf.shape(real)[0]
        drawn = self.generator(keras.random.normal((count, self.size), seed=self.seed), training=True)
        both = tf.concat([drawn, real], axis=0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(tf.shape(labels), seed=self.seed)  # never quite sure
        with tf.GradientTape() as tape:
            d_loss = self.entropy(labels, self.discriminator(both, training=True))
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))

        noise = keras.random.normal((2 * count, self.size), seed=self.seed)
        with tf.GradientTape() as tape:
            judged = self.discriminator(self.generator(noise, training=True), training=True)
            g_loss = self.entropy(tf.zeros((2 * count, 1)), judged)  # as if they were real
        weights = self.generator.trainable_variables
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.told.update_state(d_loss)
        self.fooled.update_state(g_loss)
        return {"d_loss": self.told.result(), "g_loss": self.fooled.result()}


def nets(size: int):
    """(discriminator of 8x8 pictures, generator of them from `size` numbers)."""
    layers = keras.layers
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(32, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    generator = keras.Sequential(
        [
            keras.Input((size,)),
            layers.Dense(4 * 4 * 32),
            layers.LeakyReLU(0.2),
            layers.Reshape((4, 4, 32)),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    return discriminator, generator


def picture(image) -> str:
    """A digit in letters."""
    return "\n".join("".join(" .:*#"[min(int(v * 5), 4)] * 2 for v in row) for row in image)


def main(epochs: int = 40, size: int = 16) -> float:
    keras.utils.set_random_seed(0)
    (x, _), _ = keras.datasets.digits.load_data()
    x = x.astype("float32")[..., None] / 16
    dataset = tf.data.Dataset.from_tensor_slices(x).shuffle(1024, seed=0).batch(64, drop_remainder=True)
    gan = GAN(*nets(size), size)
    gan.compile(
        keras.optimizers.Adam(2e-3, beta_1=0.5),
        keras.optimizers.Adam(2e-3, beta_1=0.5),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    gan.fit(dataset, epochs=epochs, verbose=2)
    drawn = gan.generator(keras.random.normal((64, size), seed=2)).numpy()
    for image in drawn[:2, :, :, 0]:
        print(picture(image), end="\n\n")
    error = float(abs(drawn.mean(0) - x.mean(0)).mean())
    print(
        f"The mean drawn digit differs from the mean real one by {error:.3f} a pixel; a grey picture by {x.std(0).mean():.3f}."
    )
    return error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    main(**vars(parser.parse_args()))
