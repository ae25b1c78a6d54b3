"""A fluid that is stirred so that its smoke becomes a ring: the gradient goes through every step of the simulation.

python examples/numpy/fluid.py
"""

import gputape.numpy as np
from gputape.numpy import value_and_grad


def without_divergence(vx, vy, rounds=4):
    """Velocities projected to those that keep the volume, by Gauss and Jacobi's iteration for the pressure."""
    divergence = -0.5 * (np.roll(vx, -1, 1) - np.roll(vx, 1, 1) + np.roll(vy, -1, 0) - np.roll(vy, 1, 0))
    pressure = np.zeros(vx.shape)
    for _ in range(rounds):
        around = np.roll(pressure, 1, 0) + np.roll(pressure, -1, 0) + np.roll(pressure, 1, 1) + np.roll(pressure, -1, 1)
        pressure = (divergence + around) / 4.0
    vx = vx - 0.5 * (np.roll(pressure, -1, 1) - np.roll(pressure, 1, 1))
    vy = vy - 0.5 * (np.roll(pressure, -1, 0) - np.roll(pressure, 1, 0))
    return vx, vy


def carried(f, vx, vy):
    """`f` moved along the velocities: each cell looks up, between four others, where its content comes from."""
    rows, columns = f.shape
    ys, xs = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    x, y = (xs - vx).ravel(), (ys - vy).ravel()
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = x - left, y - top
    x0, x1, y0, y1 = left % columns, (left + 1) % columns, top % rows, (top + 1) % rows
    moved = (1 - a) * ((1 - b) * f[y0, x0] + b * f[y1, x0]) + a * ((1 - b) * f[y0, x1] + b * f[y1, x1])
    return np.reshape(moved, (rows, columns))


def simulate(vx, vy, smoke, steps):
    for _ in range(steps):
        vx, vy = without_divergence(carried(vx, vx, vy), carried(vy, vx, vy))
        smoke = carried(smoke, vx, vy)
    return smoke


def main(size: int = 16, steps: int = 6, rounds: int = 25) -> float:
    ys, xs = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size), indexing="ij")
    radius = np.sqrt(xs**2 + ys**2)
    smoke, wanted = np.where(radius < 0.6, 1.0, 0.0), np.where((radius > 0.4) & (radius < 0.8), 1.0, 0.0)

    def loss(velocities):
        vx, vy = velocities
        return np.mean((simulate(vx, vy, smoke, steps) - wanted) ** 2)

    velocities, speed = 1e-3 * np.random.RandomState(0).randn(2, size, size), 0.0
    for k in range(rounds):
        value, slope = value_and_grad(loss)(velocities)
        speed = 0.8 * speed - 10.0 * slope
        velocities = velocities + speed
        if k == 0:
            first = value
        if k % 5 == 0:
            print(f"round {k}: distance from the ring {value:.4f}")
    return float(value / first)


if __name__ == "__main__":
    main()
