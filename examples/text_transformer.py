"""A text classifier with a transformer block of one's own. The task, made up here: does a review like any of the food?

A negation ("not", "hardly") turns the word after it around, so that counting words is not enough: the block must look at
pairs.

python examples/text_transformer.py --epochs 10
"""

import argparse

import numpy as np

import gputape as tf
from gputape import keras

GOOD, BAD = ["tasty", "fresh", "lovely", "great"], ["stale", "bland", "awful", "cold"]
TURNS, FOOD = ["not", "hardly"], ["soup", "bread", "fish", "rice", "salad", "cake"]


def reviews(count: int, rng):
    """Sentences, and 1 where anything is liked."""
    texts, labels = [], []
    for _ in range(count):
        words, likes = [], []
        for food in rng.choice(FOOD, 2, replace=False):
            kind, turned = rng.random() < 0.4, rng.random() < 0.4
            words += ["the", food, "was", *([rng.choice(TURNS)] if turned else []), rng.choice(GOOD if kind else BAD)]
            likes.append(kind != turned)
        texts.append(" ".join(words) + ".")
        labels.append(int(any(likes)))
    return np.array(texts), np.array(labels)


class TransformerBlock(keras.layers.Layer):
    """Attention, then a small net, each with a residual and a norm. https://arxiv.org/abs/1706.03762"""

    def __init__(self, width: int, heads: int, hidden: int, rate: float = 0.1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True  # attention takes the mask of padding from its inputs, and the mask goes on
        self.attention = keras.layers.MultiHeadAttention(heads, width // heads)
        self.net = keras.Sequential([keras.layers.Dense(hidden, "relu"), keras.layers.Dense(width)])
        self.norms = [keras.layers.LayerNormalization(epsilon=1e-6) for _ in range(2)]
        self.drops = [keras.layers.Dropout(rate) for _ in range(2)]

    def call(self, x, training=None):
        x = self.norms[0](x + self.drops[0](self.attention(x, x), training=training))
        return self.norms[1](x + self.drops[1](self.net(x), training=training))


class Embedded(keras.layers.Layer):
    """Words and their places as vectors; the word 0 is padding, and masked."""

    def __init__(self, words: int, length: int, width: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.words = keras.layers.Embedding(words, width, mask_zero=True)
        self.places = keras.layers.Embedding(length, width)

    def call(self, x):
        return self.words(x) + self.places(tf.range(tf.shape(x)[-1]))

    def compute_mask(self, x, mask=None):
        return self.words.compute_mask(x)


def main(epochs: int = 10, samples: int = 2000) -> float:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    texts, labels = reviews(samples, rng)
    seen, unseen = slice(0, samples * 4 // 5), slice(samples * 4 // 5, None)
    vectorize = keras.layers.TextVectorization(output_sequence_length=10)
    vectorize.adapt(texts[seen])
    tokens = vectorize(texts).numpy()

    inputs = keras.Input((10,), dtype="int32")
    x = Embedded(vectorize.vocabulary_size(), 10, 32)(inputs)
    x = TransformerBlock(32, 2, 64)(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(x))
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(tokens[seen], labels[seen], batch_size=64, epochs=epochs, verbose=2)
    _, accuracy = model.evaluate(tokens[unseen], labels[unseen], verbose=0)
    for text in ("the soup was not bland the fish was tasty", "the cake was hardly fresh the rice was burnt"):
        print(f"{float(model(vectorize([text]))[0, 0]):.0%} liked: {text}")
    print(f"{accuracy:.1%} of the reviews never seen are told right.")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--samples", type=int, default=2000)
    main(**vars(parser.parse_args()))
