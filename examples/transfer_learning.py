"""Transfer learning: a net that has learned the digits 0 to 4 learns 5 to 9 from five pictures each.

First its convolutions stay frozen under a new head; then all of it is tuned at a low rate. BatchNormalization stays in
inference mode throughout. The same net, begun afresh on the same pictures, stands beside.

python examples/transfer_learning.py --epochs 20
"""

import argparse

import numpy as np

from gputape import keras


def base():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
        ],
        name="base",
    )


def classifier(features, training=None):
    """The features under a new head of five classes."""
    inputs = keras.Input((8, 8, 1))
    return keras.Model(inputs, keras.layers.Dense(5)(features(inputs, training=training)))


def trained(model, x, y, epochs: int, rate: float):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return model


def main(epochs: int = 20) -> float:
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    x, x_test = x[..., None].astype("float32") / 16, x_test[..., None].astype("float32") / 16
    low = y < 5
    few = np.concatenate([np.flatnonzero(y == digit)[:5] for digit in range(5, 10)])
    x_few, y_few, high = x[few], y[few] - 5, y_test >= 5
    told = {}

    features = base()
    trained(classifier(features), x[low], y[low], epochs, 3e-3)

    features.trainable = False
    model = classifier(features, training=False)
    print(f"{len(model.trainable_variables)} of {len(model.variables)} variables are trained with the base frozen.")
    trained(model, x_few, y_few, 3 * epochs, 1e-2)
    told["frozen"] = model.evaluate(x_test[high], y_test[high] - 5, verbose=0)[1]

    features.trainable = True
    trained(model, x_few, y_few, 2 * epochs, 5e-4)
    told["tuned"] = model.evaluate(x_test[high], y_test[high] - 5, verbose=0)[1]

    fresh = trained(classifier(base()), x_few, y_few, 2 * epochs, 3e-3)
    told["begun afresh"] = fresh.evaluate(x_test[high], y_test[high] - 5, verbose=0)[1]
    for how, accuracy in told.items():
        print(f"{how:>13}: {accuracy:.1%} of the digits 5 to 9 never seen, from {len(few)} pictures")
    return told["tuned"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    main(**vars(parser.parse_args()))
