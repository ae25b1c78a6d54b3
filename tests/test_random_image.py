"""Images changed at random: what each function may make, that seeds decide, and that replays draw anew."""

from typing import Any

import numpy as np
import pytest

import gputape as tf

IMAGE = np.random.default_rng(0).random((5, 6, 3)).astype("float32")
CASES: dict[str, tuple[Any, ...]] = {
    "random_crop": ([3, 6, 2],),
    "random_flip_left_right": (),
    "random_flip_up_down": (),
    "random_brightness": (0.2,),
    "random_hue": (0.3,),
    "random_contrast": (0.5, 1.5),
    "random_saturation": (0.5, 1.5),
}


@pytest.mark.parametrize("name", CASES)
def test_seeds_decide(name: str) -> None:
    f = getattr(tf.image, f"stateless_{name}")
    made = [f(IMAGE, *CASES[name], seed=[1, k]).numpy().tobytes() for k in range(20)]
    assert len(set(made)) > 1 and made == [f(IMAGE, *CASES[name], seed=[1, k]).numpy().tobytes() for k in range(20)]


@pytest.mark.parametrize("name", CASES)
def test_replays_draw_anew(name: str) -> None:
    tf.random.set_seed(3)
    f = tf.function(lambda x: getattr(tf.image, name)(x, *CASES[name]))
    replayed = [f(IMAGE).numpy() for _ in range(20)]
    tf.random.set_seed(3)
    eager = [getattr(tf.image, name)(IMAGE, *CASES[name]).numpy() for _ in range(20)]
    np.testing.assert_allclose(replayed, eager, rtol=1e-6, atol=1e-7)
    assert len({x.tobytes() for x in eager}) > 1 and "eagerly" not in str(f.report())


def test_a_crop_is_a_part() -> None:
    value = tf.reshape(tf.range(30), [5, 6])
    firsts = set()
    for k in range(40):
        part = tf.image.stateless_random_crop(value, tf.constant([4, 6]), seed=[k, 0]).numpy()
        firsts.add(int(part[0, 0]))
        np.testing.assert_array_equal(part, part[0, 0] + np.arange(24).reshape(4, 6))
    assert firsts == {0, 6}


def test_images_of_a_batch_are_flipped_for_themselves() -> None:
    batch = np.stack([IMAGE] * 32)
    made = tf.image.stateless_random_flip_left_right(batch, seed=[0, 7]).numpy()
    flipped = [np.array_equal(x, IMAGE[:, ::-1]) for x in made]
    assert 0 < sum(flipped) < 32
    assert all(f or np.array_equal(x, IMAGE) for f, x in zip(flipped, made, strict=True))


def test_integers_stay_integers() -> None:
    made = tf.image.random_brightness((IMAGE * 255).astype("uint8"), 0.1)
    assert made.dtype == tf.uint8


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: tf.image.random_contrast(IMAGE, 2.0, 1.0), "upper must be > lower"),
        (lambda: tf.image.random_saturation(IMAGE, -1.0, 1.0), "lower must be non-negative"),
        (lambda: tf.image.random_brightness(IMAGE, -1.0), "max_delta must be non-negative"),
        (lambda: tf.image.random_hue(IMAGE, 0.6), "max_delta must be <= 0.5"),
        (lambda: tf.image.random_crop(IMAGE, [9, 9, 3]), "Need value.shape >= size"),
    ],
)
def test_errors(wrong: Any, told: str) -> None:
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=told):
        wrong()
