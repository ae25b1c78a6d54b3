"""A swish activation in CUDA: its kernels are checked against its meaning, then it trains in a layer.

python examples/own_kernel.py
"""

import numpy as np

import gputape as tf
from gputape import keras

FORWARD = """
template <typename T>
__global__ void swish(const T* __restrict__ x, T* __restrict__ y, double beta, long long size) {
    long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
    if (i < size) y[i] = T(float(x[i]) / (1.f + expf(-float(beta) * float(x[i]))));
}
"""
BACKWARD = """
template <typename T>
__global__ void swish_grad(const T* x, const T* dy, T* dx, double beta, long long size) {
    long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
    if (i >= size) return;
    float b = float(beta), v = float(x[i]), s = 1.f / (1.f + expf(-b * v));
    dx[i] = T(float(dy[i]) * s * (1.f + b * v * (1.f - s)));
}
"""


@tf.kernel(forward=FORWARD, backward=BACKWARD)
def swish(x, *, beta=1.0):
    return x * tf.sigmoid(beta * x)


def main(epochs: int = 15) -> float:
    """Train on the spiral of two classes; the accuracy on it."""
    keras.utils.set_random_seed(0)
    for dtype in (np.float32, np.float16):
        swish.check(np.linspace(-4, 4, 7, dtype=dtype), beta=1.5)
    print("swish: kernels equal the meaning, gradients equal finite differences")

    turn = np.linspace(0.2, 2.0, 200, dtype="float32")
    arm = np.stack([turn * np.cos(3 * turn), turn * np.sin(3 * turn)], 1)
    x, y = np.concatenate([arm, -arm]), np.repeat([0, 1], 200)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(32),
            keras.layers.Lambda(swish),
            keras.layers.Dense(32),
            keras.layers.Lambda(swish),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=40, epochs=epochs, verbose=0)
    accuracy = model.evaluate(x, y, verbose=0)[1]
    print(f"accuracy on the spiral: {accuracy:.1%}")
    return float(accuracy)


if __name__ == "__main__":
    main()
