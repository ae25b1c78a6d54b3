"""The input pipeline alone: 28x28 images shuffled, scaled by a function of their own, and batched; a step is a batch."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from bench.models.training import EAGER, Work

IMAGES, BATCH = 2048, 64
STEPS = IMAGES // BATCH


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (IMAGES, 28, 28, 1), np.uint8), rng.integers(0, 10, IMAGES)


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    if tf is None:
        return {}

    def scaled(image: Any, label: Any) -> Any:
        return tf.cast(image, tf.float32) / 255.0, label

    plain = tf.data.Dataset.from_tensor_slices(data())
    singly = plain.shuffle(1000).map(scaled, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH)
    batched = plain.shuffle(1000).batch(BATCH).map(scaled, num_parallel_calls=tf.data.AUTOTUNE)
    works = {"map, then batch": singly, "batch, then map": batched}
    works |= {f"{case}, prefetch": dataset.prefetch(tf.data.AUTOTUNE) for case, dataset in works.items()}
    return {case: Work(functools.partial(_count, dataset), STEPS) for case, dataset in works.items()}


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    if mode != EAGER:
        return {}
    images, labels = (torch.from_numpy(a) for a in data())

    class Images(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return IMAGES

        def __getitem__(self, k: int) -> Any:
            return images[k].float() / 255.0, labels[k]

    loader = torch.utils.data.DataLoader(Images(), batch_size=BATCH, shuffle=True)
    return {"map, then batch": Work(functools.partial(_count, loader), STEPS)}


def _count(batches: Any) -> int:
    return sum(1 for _ in batches)
