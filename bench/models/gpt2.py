"""GPT-2 small: 12 causal blocks of width 768 over 1024 tokens of 50,257 words. For a GPU; the launches of a step anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import Work, keras_works, only_fit, torch_works
from bench.models.transformer import keras_block, keras_embedded, torch_block

TOKENS, WIDTH, HEADS, BLOCKS, WORDS = 1024, 768, 12, 12, 50257
BATCHES = {8: 2}


def data(tokens: int = TOKENS) -> tuple[Any, Any]:
    text = np.random.default_rng(0).integers(0, WORDS, (16, tokens + 1))
    return text[:, :-1], text[:, 1:]


def build(keras: Any, tokens: int = TOKENS) -> Any:
    inputs, x = keras_embedded(keras, WORDS, tokens, WIDTH)
    for _ in range(BLOCKS):
        x = keras_block(keras, x, WIDTH, HEADS, causal=True)
    x = keras.layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(inputs, keras.layers.Dense(WORDS, use_bias=False)(x))


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    return only_fit(keras_works(keras, lambda: build(keras), *data(), BATCHES))


def torch_model(torch: Any, tokens: int = TOKENS) -> Any:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Parameter(torch.zeros(tokens, WIDTH))
            self.blocks = nn.Sequential(*[torch_block(torch, WIDTH, HEADS, causal=True) for _ in range(BLOCKS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS, bias=False)

        def forward(self, x: Any) -> Any:
            return self.head(self.norm(self.blocks(self.words(x) + self.places)))

    return Model()


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    return only_fit(torch_works(torch, mode, lambda: torch_model(torch), *data(), BATCHES))
