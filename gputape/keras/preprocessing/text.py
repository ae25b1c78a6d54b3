"""keras.preprocessing.text: texts as numbers of words, in Python. keras.layers.TextVectorization is its successor."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    >>> from gputape import keras
    >>> keras.preprocessing.text.text_to_word_sequence("Oh, what a day!")
    ['oh', 'what', 'a', 'day']
    """
    text = input_text.lower() if lower else input_text
    table: dict[str, Any] = dict.fromkeys(filters, split)
    return [w for w in text.translate(str.maketrans(table)).split(split) if w]


def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ", analyzer: Any = None
) -> list[int]:
    """The words of a text as numbers in [1, n): Python's hash, another one in every process."""
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Any = None,
) -> list[int]:
    """The words of a text as numbers in [1, n), by `hash_function`: Python's hash, "md5", or a function."""
    if hash_function == "md5":
        number: Any = lambda w: int(hashlib.md5(w.encode()).hexdigest(), 16)  # noqa: E731
    else:
        number = hash_function or hash
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [number(w) % (n - 1) + 1 for w in words]


class Tokenizer:
    """Numbers the words of texts, the most frequent first, from 1 on.

    Args:
        num_words: only words with numbers below it are used. Default all.
        filters, lower, split: as of text_to_word_sequence.
        char_level: whether characters take the place of words.
        oov_token: gets number 1 and stands for unknown words, which are left out otherwise.
        analyzer: a function that makes words of a text.

    >>> from gputape import keras
    >>> tokenizer = keras.preprocessing.text.Tokenizer()
    >>> tokenizer.fit_on_texts(["a cat", "a dog"])
    >>> tokenizer.texts_to_sequences(["a dog and a cat"])
    [[1, 3, 1, 2]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: Any = None,
        analyzer: Any = None,
        document_count: int = 0,
    ) -> None:
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Any:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text
            return [w.lower() for w in text] if isinstance(text, list) else text.lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, and number them."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for w in words:
                self.word_counts[w] = self.word_counts.get(w, 0) + 1
            for w in set(words):
                self.word_docs[w] += 1
        frequent = sorted(self.word_counts, key=lambda w: self.word_counts[w], reverse=True)
        first = [] if self.oov_token is None else [self.oov_token]
        self.word_index = {w: k for k, w in enumerate([*first, *frequent], 1)}
        self.index_word = {k: w for w, k in self.word_index.items()}
        self.index_docs.update({self.word_index[w]: count for w, count in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Any) -> None:
        """Count in how many sequences each number appears."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for k in set(sequence):
                self.index_docs[k] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of texts."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        unknown = self.word_index.get(self.oov_token)
        for text in texts:
            numbers = (self._used(self.word_index.get(w), unknown) for w in self._words(text))
            yield [k for k in numbers if k is not None]

    def _used(self, number: int | None, unknown: int | None) -> int | None:
        return unknown if number is None or (self.num_words and number >= self.num_words) else number

    def sequences_to_texts(self, sequences: Iterable[Any]) -> list[str]:
        """The words of numbers, joined by spaces."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Any]) -> Iterator[str]:
        unknown = self.word_index.get(self.oov_token)
        for sequence in sequences:
            numbers = (self._used(k if k in self.index_word else None, unknown) for k in sequence)
            yield " ".join(self.index_word[k] for k in numbers if k is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Any:
        """One row for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> Any:
        """(sequences, words): "binary", "count", "freq" (share of the sequence), or "tfidf".

        ValueError for other modes, and before anything was counted.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Specify a dimension (`num_words` argument), or fit on some text data first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"Unknown vectorization mode: {mode}")
        columns = self.num_words or len(self.word_index) + 1
        made = np.zeros((len(sequences), columns))
        for row, sequence in zip(made, sequences):
            for k, count in collections.Counter(k for k in sequence if k < columns).items():
                row[k] = self._entry(k, count, len(sequence), mode)
        return made

    def _entry(self, number: int, count: int, length: int, mode: str) -> float:
        if mode == "tfidf":
            rare = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
            return float((1 + np.log(count)) * rare)
        return {"binary": 1.0, "count": float(count), "freq": count / length}[mode]

    def get_config(self) -> dict[str, Any]:
        """The arguments and the counts, those as JSON."""
        config = {k: getattr(self, k) for k in (*_ARGUMENTS, "document_count")}
        return config | {k: json.dumps(getattr(self, k)) for k in _COUNTS}

    def to_json(self, **kwargs: Any) -> str:
        """A string from which `tokenizer_from_json` makes it again."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


_ARGUMENTS = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
_COUNTS = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The Tokenizer that `Tokenizer.to_json` described."""
    config = json.loads(json_string)["config"]
    counts = {k: json.loads(config.pop(k)) for k in _COUNTS}
    made = Tokenizer(**config)
    for name, values in counts.items():
        numbered = name.startswith("index_")
        getattr(made, name).update({int(k): v for k, v in values.items()} if numbered else values)
    return made


__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]
