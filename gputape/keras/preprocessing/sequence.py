"""keras.preprocessing.sequence: windows of series, and pairs of words for word2vec."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ..training.pydataset import PyDataset
from ..utils.sequences import pad_sequences


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target that follows it.

    Args:
        data, targets: of one length; ValueError otherwise.
        length: steps that a window spans.
        sampling_rate: steps between the steps of a window.
        stride: steps between windows.
        start_index, end_index: only data in between is used.
        shuffle: whether windows are drawn at random. Default False.
        reverse: whether windows run backwards. Default False.

    >>> import numpy as np
    >>> from gputape import keras
    >>> x, y = keras.preprocessing.sequence.TimeseriesGenerator(np.arange(5), np.arange(5), length=2)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1], [1, 2], [2, 3]], [2, 3, 4])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(
                f"Data and targets have to be of same length. Data length is {len(data)} while target length is "
                f"{len(targets)}"
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` is disallowed, as no part of "
                "the sequence would be left to be used as current step."
            )

    def __len__(self) -> int:
        return (self.end_index - self.start_index) // (self.batch_size * self.stride) + 1

    def __getitem__(self, index: int) -> Any:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        samples = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1] if self.reverse else samples), targets


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Any:
    """The probabilities with which word2vec keeps the words of ranks 0 ... size - 1, after Zipf's law.

    p = min(1, sqrt(sampling_factor / frequency)), 1 / frequency = r (log r + gamma) + 1/2 - 1 / (12 r), gamma = 0.577.
    """
    rank = np.maximum(np.arange(size), 1).astype(float)
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence: Any,
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[Any], list[Any]]:
    """Pairs of words that stand near each other (label 1) and pairs with a random second word (label 0).

    Args:
        sequence: numbers of words; 0 is no word.
        window_size: how far words of a pair may be apart.
        negative_samples: random pairs for each real one.
        categorical: whether labels are [0, 1] and [1, 0].
        sampling_table: probabilities with which words are kept; see make_sampling_table.
    """
    couples = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        window = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in window if j != i and sequence[j]]
    real, random_ones = len(couples), int(len(couples) * negative_samples)
    words = [c[0] for c in couples]
    random.shuffle(words)
    couples += [[words[k % real], random.randint(1, vocabulary_size - 1)] for k in range(random_ones)]
    labels: list[Any] = [[0, 1] if categorical else 1] * real + [[1, 0] if categorical else 0] * random_ones
    if shuffle:
        order = list(range(len(couples)))
        random.Random(seed).shuffle(order)
        couples, labels = [couples[k] for k in order], [labels[k] for k in order]
    return couples, labels


__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]
