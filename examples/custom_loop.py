"""A training loop without `fit`: a dataset, a tape, an optimizer, and one function that is recorded and replayed.

python examples/custom_loop.py
"""

import gputape as tf
from gputape import keras


def main(epochs: int = 5) -> float:
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = x_train.astype("float32") / 16, x_test.astype("float32") / 16
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(32)
    test = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(100)

    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(0.003)
    mean_loss, accuracy = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        mean_loss.update_state(loss)

    @tf.function
    def test_step(x, y):
        accuracy.update_state(y, model(x))

    for epoch in range(epochs):
        mean_loss.reset_state()
        accuracy.reset_state()
        for x, y in train:
            train_step(x, y)
        for x, y in test:
            test_step(x, y)
        print(f"Epoch {epoch + 1}: loss {float(mean_loss.result()):.4f}, test accuracy {float(accuracy.result()):.1%}")
    print(train_step.report())
    return float(accuracy.result())


if __name__ == "__main__":
    main()
