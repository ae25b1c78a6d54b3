"""Two blocks of attention, width 64 with 4 heads, over 32 tokens; the mean over tokens, and Dense(10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import Work, keras_works, torch_works

TOKENS, WIDTH, HEADS, BLOCKS, WORDS = 32, 64, 4, 2, 1000
BATCHES = {32: 8, 128: 2}


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.integers(0, WORDS, (256, TOKENS)), rng.integers(0, 10, 256)


def keras_block(keras: Any, x: Any, width: int, heads: int, causal: bool = False) -> Any:
    """Attention and a feed-forward net, each after a norm and beside a residual."""
    layers = keras.layers
    normal = layers.LayerNormalization(epsilon=1e-5)(x)
    x = x + layers.MultiHeadAttention(heads, width // heads)(normal, normal, use_causal_mask=causal)
    wide = layers.Dense(4 * width, "gelu")(layers.LayerNormalization(epsilon=1e-5)(x))
    return x + layers.Dense(width)(wide)


def keras_embedded(keras: Any, words: int, tokens: int, width: int) -> tuple[Any, Any]:
    """The input of tokens, and the sum of their embeddings and those of their places."""

    class Places(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=(tokens, width), initializer="normal", name="table")

        def call(self, x: Any) -> Any:
            return x + self.table

    inputs = keras.Input((tokens,), dtype="int32")
    return inputs, Places()(keras.layers.Embedding(words, width)(inputs))


def build(keras: Any) -> Any:
    inputs, x = keras_embedded(keras, WORDS, TOKENS, WIDTH)
    for _ in range(BLOCKS):
        x = keras_block(keras, x, WIDTH, HEADS)
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.LayerNormalization()(x))
    return keras.Model(inputs, keras.layers.Dense(10)(pooled))


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    return keras_works(keras, lambda: build(keras), *data(), BATCHES)


def torch_block(torch: Any, width: int, heads: int, causal: bool = False) -> Any:
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
            self.inner, self.outer = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            batch, tokens, _ = x.shape
            parts = self.inner(self.norms[0](x)).view(batch, tokens, 3, heads, width // heads)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
            x = x + self.outer(mixed.transpose(1, 2).reshape(batch, tokens, width))
            return x + self.narrow(nn.functional.gelu(self.wide(self.norms[1](x))))

    return Block()


def torch_model(torch: Any) -> Any:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Parameter(torch.zeros(TOKENS, WIDTH))
            self.blocks = nn.Sequential(*[torch_block(torch, WIDTH, HEADS) for _ in range(BLOCKS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.norm(self.blocks(self.words(x) + self.places)).mean(1))

    return Model()


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    return torch_works(torch, mode, lambda: torch_model(torch), *data(), BATCHES)
