"""The demo: a classifier for handwritten digits, trained with `Model.fit`, and two pictures of how it went."""

import time
from pathlib import Path
from typing import Any

import numpy as np

import gputape as tf

EPOCHS = 20
TARGET = 0.96  # test accuracy below this means that something is broken


def run(folder: Path = Path("demo")) -> int:
    """Trains, prints the test accuracy, writes the pictures into `folder`; 0 when the accuracy is at least 96%."""
    keras = tf.keras
    gpus = tf.config.list_physical_devices("GPU")
    print(f"Training on the {'GPU' if gpus else 'CPU (python -m gputape doctor says what a GPU needs)'}.")
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = x_train.astype("float32") / 16, x_test.astype("float32") / 16

    model = keras.Sequential(
        [
            keras.layers.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    history = model.fit(x_train, y_train, batch_size=32, epochs=EPOCHS, validation_split=0.1)
    seconds = time.perf_counter() - start

    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test accuracy {accuracy:.1%} on {len(x_test)} digits never seen in training, after {seconds:.1f} s.")
    draw(history.history, confusion(y_test, model.predict(x_test, verbose=0).argmax(axis=-1)), folder)
    return 0 if accuracy >= TARGET else 1


def confusion(labels: Any, predictions: Any) -> Any:
    """An int array of shape (10, 10): entry [i, j] counts the images of the digit i that were taken for j."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def draw(history: dict[str, list[float]], counts: Any, folder: Path) -> None:
    """Writes learning_curve.png and confusion_matrix.png; without matplotlib it says how to get it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print('No pictures without matplotlib: pip install "gputape[plot]"')
        return
    folder.mkdir(parents=True, exist_ok=True)

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = range(1, len(history["loss"]) + 1)
    for axes, name in zip(figure.subplots(1, 2), ["loss", "accuracy"]):
        axes.plot(epochs, history[name], label="training")
        axes.plot(epochs, history[f"val_{name}"], label="validation")
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(folder / "learning_curve.png", dpi=120)

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.sqrt(counts), cmap="Blues")  # the square root keeps a single mistake visible
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", color="white" if row == column else "black")
    axes.set(title="confusion matrix", xlabel="predicted", ylabel="digit", xticks=range(10), yticks=range(10))
    figure.savefig(folder / "confusion_matrix.png", dpi=120)
    print(f"Pictures: {folder / 'learning_curve.png'} and {folder / 'confusion_matrix.png'}")
