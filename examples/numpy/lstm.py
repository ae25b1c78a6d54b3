"""An LSTM that learns a sentence by heart, a character at a time; its gates are four columns of one product.

python examples/numpy/lstm.py
"""

import gputape.numpy as np
from gputape.numpy import grad
from gputape.numpy.misc import adam, flatten
from gputape.scipy.special import expit, logsumexp

TEXT = "a tape remembers what was done, "


def parameters(inputs, states, outputs, rs):
    scale = 0.2
    return {
        "start": (scale * rs.randn(1, states), scale * rs.randn(1, states)),
        "gates": scale * rs.randn(inputs + states + 1, 4 * states),
        "predict": scale * rs.randn(states + 1, outputs),
    }


def with_ones(*parts):
    return np.hstack([*parts, np.ones((parts[0].shape[0], 1))])


def log_probabilities(params, inputs):
    """Of the next character, at each place: inputs (time, batch, characters)."""
    hidden, cell = (np.repeat(s, inputs.shape[1], axis=0) for s in params["start"])
    made = []
    for x in inputs:
        change, keep, take, show = np.split(np.dot(with_ones(x, hidden), params["gates"]), 4, axis=1)
        cell = expit(keep) * cell + expit(take) * np.tanh(change)
        hidden = expit(show) * np.tanh(cell)
        scores = np.dot(with_ones(hidden), params["predict"])
        made.append(scores - logsumexp(scores, axis=1, keepdims=True))
    return np.stack(made)


def main(steps: int = 80) -> float:
    letters = sorted(set(TEXT))
    rows = np.eye(len(letters))[[letters.index(c) for c in TEXT]]
    inputs, targets = rows[:-1, None], rows[1:, None]

    def loss(params, step):
        return -np.sum(log_probabilities(params, inputs) * targets) / len(inputs)

    def tell(params, step, gradient):
        if step % 20 == 0:
            print(f"step {step}: loss {loss(params, step):.3f}, gradient {np.linalg.norm(flatten(gradient)[0]):.3f}")

    first = parameters(len(letters), 24, len(letters), np.random.RandomState(0))
    params = adam(grad(loss), first, tell, steps, step_size=0.05)
    read = "".join(letters[int(k)] for k in np.argmax(log_probabilities(params, inputs)[:, 0], axis=1))
    print(repr(TEXT[0] + read))
    return sum(a == b for a, b in zip(read, TEXT[1:])) / len(read)


if __name__ == "__main__":
    main()
