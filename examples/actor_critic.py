"""Actor and critic learn to hold a pole upright on a cart, by a tape around whole episodes. The cart is simulated here.

The actor chooses left or right; the critic guesses what is still to come. What came beyond the guess makes a choice likelier.

python examples/actor_critic.py --episodes 300
"""

import argparse

import numpy as np

import gputape as tf
from gputape import keras


class Cart:
    """A pole of 1 m on a cart; state (place, speed, angle, angular speed). Equations: Barto, Sutton, Anderson (1983)."""

    GRAVITY, CART, POLE, HALF, FORCE, STEP = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.state = self.rng.uniform(-0.05, 0.05, 4)
        return self.state.astype("float32")

    def step(self, action: int):
        """(the new state, 1 for every step survived, whether the pole has fallen or the cart left its track)."""
        _, speed, angle, turn = self.state
        mass = self.CART + self.POLE
        push = (self.FORCE if action else -self.FORCE) + self.POLE * self.HALF * turn**2 * np.sin(angle)
        lever = self.HALF * (4 / 3 - self.POLE * np.cos(angle) ** 2 / mass)
        turning = (self.GRAVITY * np.sin(angle) - np.cos(angle) * push / mass) / lever
        speeding = (push - self.POLE * self.HALF * turning * np.cos(angle)) / mass
        self.state = self.state + self.STEP * np.array([speed, speeding, turn, turning])
        fallen = abs(self.state[0]) > 2.4 or abs(self.state[2]) > np.radians(12)
        return self.state.astype("float32"), 1.0, bool(fallen)


def actor_critic(hidden: int):
    inputs = keras.Input((4,))
    common = keras.layers.Dense(hidden, "relu")(inputs)
    return keras.Model(inputs, [keras.layers.Dense(2)(common), keras.layers.Dense(1)(common)])


def returns(rewards, discount: float):
    """What came from each step on, discounted; brought to mean 0 and deviation 1."""
    total, sums = 0.0, []
    for reward in reversed(rewards):
        total = reward + discount * total
        sums.append(total)
    sums = np.array(sums[::-1], np.float32)
    return (sums - sums.mean()) / (sums.std() + 1e-6)


def main(episodes: int = 300, longest: int = 200, solved: float = 150.0) -> float:
    keras.utils.set_random_seed(0)
    rng, cart = np.random.default_rng(0), Cart(0)
    model, optimizer = actor_critic(64), keras.optimizers.Adam(0.01)
    huber = keras.losses.Huber(reduction="sum")
    forward = tf.function(model)

    def learn(states, actions, sums):
        with tf.GradientTape() as tape:
            logits, values = model(states)
            values = tf.squeeze(values, axis=1)
            chosen = tf.gather(tf.nn.log_softmax(logits), actions, axis=1, batch_dims=1)
            actor = -tf.reduce_sum(chosen * tf.stop_gradient(sums - values))
            loss = actor + huber(sums, values)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    running, episode = 10.0, 0
    for episode in range(1, episodes + 1):
        states, actions, rewards, state = [], [], [], cart.reset()
        for _ in range(longest):
            logits, _ = forward(tf.constant(state[None]))
            probability = 1 / (1 + np.exp(float(logits[0, 0] - logits[0, 1])))
            action = int(rng.random() < probability)
            states.append(state)
            actions.append(action)
            state, reward, fallen = cart.step(action)
            rewards.append(reward)
            if fallen:
                break
        learn(tf.constant(np.stack(states)), tf.constant(actions), tf.constant(returns(rewards, 0.99)))
        running = 0.95 * running + 0.05 * len(rewards)
        if episode % 20 == 0:
            print(f"episode {episode:4}: the pole stays up for {running:5.1f} steps")
        if running > solved:
            break
    print(f"After {episode} episodes the pole stays up for {running:.0f} steps of {longest}.")
    return running


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=300)
    main(**vars(parser.parse_args()))
