"""A convolutional classifier of clothes (Fashion-MNIST), with augmentation, early stopping and a file of the best weights.

Fashion-MNIST is read from this machine (Debian's package dataset-fashion-mnist, or ~/.keras/datasets); --small takes the
handwritten digits that are inside the package.

python examples/fashion_classifier.py --epochs 10
python examples/fashion_classifier.py --small
"""

import argparse
import tempfile
from pathlib import Path

from gputape import keras


def data(small: bool):
    """((images, labels) to train on, (images, labels) to test on), images (n, side, side, 1) in [0, 1]."""
    if small:
        (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
        most = 16
    else:
        (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()  # says where to put it if it is not there
        most = 255
    return (x[..., None].astype("float32") / most, y), (x_test[..., None].astype("float32") / most, y_test)


def classifier(side: int):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((side, side, 1)),
            layers.RandomTranslation(0.06, 0.06, fill_mode="constant"),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10),
        ]
    )


def main(epochs: int = 10, small: bool = False) -> float:
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = data(small)
    model = classifier(x.shape[1])
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, epochs * len(x) // 64)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    with tempfile.TemporaryDirectory() as folder:
        best = str(Path(folder, "best.weights.h5"))
        model.fit(
            x,
            y,
            batch_size=64,
            epochs=epochs,
            validation_split=0.1,
            verbose=2,
            callbacks=[
                keras.callbacks.ModelCheckpoint(best, "val_accuracy", save_best_only=True, save_weights_only=True),
                keras.callbacks.EarlyStopping("val_accuracy", patience=4),
            ],
        )
        model.load_weights(best)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{accuracy:.1%} of {len(x_test)} pictures never seen are told right.")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="the digits inside the package instead")
    main(**vars(parser.parse_args()))
