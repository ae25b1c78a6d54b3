"""TextVectorization: texts as the indices of their words, or as vectors of word counts."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import backend
from ..serialization import deserialize_keras_object
from ..symbolic import KerasTensor
from .categorical import one_of
from .data_layer import DataLayer, as_data, batches
from .string_lookup import StringLookup

_PUNCTUATION = r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']"
_CHANGES = {"lower_and_strip_punctuation": (True, True), "lower": (True, False), "strip_punctuation": (False, True)}


class TextVectorization(DataLayer):
    """Texts, made uniform, split into tokens, and each token as its index in a vocabulary, given or learned by `adapt`.

    Args:
        max_tokens: the largest size of the vocabulary, with padding and the unknown token; None for any.
        standardize: "lower_and_strip_punctuation" (default; ASCII letters and signs), "lower", "strip_punctuation",
            None, or a function of a string tensor.
        split: "whitespace" (default), "character", None, or a function from a string tensor to a ragged one.
        ngrams: n for all runs of 1 to n tokens, joined by blanks, or a tuple of such lengths. Default None.
        output_mode: "int" (default): (batch, longest) indices, int64, 0 as padding and 1 for unknown tokens.
            "one_hot", "multi_hot", "count", "tf_idf": vectors in floatx, as in `StringLookup`, 0 for unknown tokens.
        output_sequence_length: cut and pad "int" to this length. Default None, the longest of the batch.
        pad_to_max_tokens: whether vectors have length `max_tokens` and not that of the vocabulary.
        vocabulary: tokens, or the name of a file with one per line.
        idf_weights: for "tf_idf": a weight for each token of `vocabulary`.
        sparse: whether vectors come as a SparseTensor. Default False.
        ragged: whether "int" returns a RaggedTensor without padding.
        encoding: of the bytes in tensors. Default "utf-8".

    Inputs are strings of shape (batch,) or (batch, 1), or one string. ValueError for arguments that do not fit together.

    >>> from gputape import keras
    >>> layer = keras.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
    >>> layer([["Foo, qux bar!"], ["qux baz"]]).numpy()
    array([[4, 1, 3, 0],
           [1, 2, 0, 0]])
    """

    _config_omits = frozenset({"max_tokens", "pad_to_max_tokens", "vocabulary", "idf_weights", "sparse"})

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._has_input_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        vocabulary_size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        self.supports_jit = False
        for argument, value, known in (
            ("standardize", standardize, tuple(_CHANGES)),
            ("split", split, ("whitespace", "character")),
        ):
            if value is not None and not callable(value):
                one_of(value, known, self, argument)
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        one_of(output_mode, ("int", "one_hot", "multi_hot", "count", "tf_idf"), self, "output_mode")
        lengths = ngrams if isinstance(ngrams, tuple) else () if ngrams is None else (ngrams,)
        if not all(isinstance(n, int) for n in lengths):
            raise ValueError(f"`ngrams` must be None, an integer, or a tuple of integers. Received: ngrams={ngrams}")
        if not isinstance(output_sequence_length, (int, type(None))):
            raise ValueError(
                "`output_sequence_length` must be either None or an integer when `output_mode` is 'int'. Received: "
                f"output_sequence_length={output_sequence_length}"
            )
        if output_mode != "int" and output_sequence_length is not None:
            raise ValueError(
                "`output_sequence_length` must not be set if `output_mode` is not 'int'. Received "
                f"output_sequence_length={output_sequence_length}."
            )
        if output_mode != "int" and ragged:
            raise ValueError(
                f"`ragged` may only be true if `output_mode` is `'int'`. Received: ragged={ragged} and "
                f"output_mode={output_mode}"
            )
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.output_mode, self.output_sequence_length = output_mode, output_sequence_length
        self.ragged, self.encoding = ragged, encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=output_mode,
            sparse=sparse,
            has_input_vocabulary=self._has_input_vocabulary,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
        )
        self._build_at_init()

    # -- dtypes and shapes
    @property
    def compute_dtype(self) -> str:
        return "string"

    @property
    def variable_dtype(self) -> str:
        return "string"

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape)
        if self.split is not None:  # a text becomes a row of tokens
            shape = (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), None)
        if self.output_mode != "int":
            return self._lookup_layer.compute_output_shape(shape)
        fixed = self.output_sequence_length is not None and not self.ragged
        return (*shape[:-1], self.output_sequence_length) if fixed else shape

    def compute_output_spec(self, inputs: Any) -> Any:
        dtype = "int64" if self.output_mode == "int" else backend.floatx()
        shape = self.compute_output_shape(inputs.shape)
        return KerasTensor(shape, dtype=dtype, ragged=self.ragged, sparse=self._lookup_layer.sparse)

    # -- the vocabulary
    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens, each at its index; without padding and the unknown token if so wanted."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of indices, those of padding and of unknown tokens included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens, or those in the lines of a file, as the vocabulary; see `StringLookup`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights=idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens of the texts, of equally frequent ones the larger first.

        data: an array or list of texts; or a Dataset or generator of batches, of which the first `steps` are used.
        ValueError for a layer with a given vocabulary.
        """
        self.reset_state()
        if isinstance(data, (list, tuple)):
            data = as_data(data, "string")
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        self._lookup_layer.update_state(self._tokens(as_data(data, "string")))

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted, and forget the counts."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._lookup_layer.reset_state()

    # -- calling
    def call(self, inputs: Any) -> Any:
        found = self._lookup_layer.call(self._tokens(as_data(inputs, "string")))
        length = self.output_sequence_length
        if self.output_mode != "int" or (self.ragged and length is None):
            return found
        if isinstance(found, tf.RaggedTensor):
            if self.ragged:
                return found[..., :length]
            return found.to_tensor(default_value=0, shape=[*[None] * (len(found.shape) - 1), length])
        if length is None:
            return found
        found = found[..., :length]
        return tf.pad(found, [*[[0, 0]] * (found.ndim - 1), [0, length - found.shape[-1]]])

    def _tokens(self, texts: Any) -> Any:
        """The tokens of texts (...,) or (..., 1): ragged (..., tokens); without `split` the texts themselves."""
        texts = self._uniform(texts)
        if self.split is not None:
            if texts.ndim > 1:
                if texts.shape[-1] != 1:
                    raise ValueError(
                        "When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last "
                        f"shape dimension must be 1. Received: inputs.shape={texts.shape} with rank={texts.ndim}"
                    )
                texts = tf.squeeze(texts, -1)
            if callable(self.split):
                texts = self.split(texts)
            elif self.split == "whitespace":
                texts = tf.strings.split(texts)
            else:
                texts = tf.strings.unicode_split(texts, "UTF-8")
        if self.ngrams is None:
            return texts
        lengths = self.ngrams if isinstance(self.ngrams, tuple) else tuple(range(1, self.ngrams + 1))
        return tf.strings.ngrams(texts, ngram_width=lengths, separator=" ")

    def _uniform(self, texts: Any) -> Any:
        if callable(self.standardize):
            return self.standardize(texts)
        lower, strip = _CHANGES.get(self.standardize, (False, False))
        if lower:
            texts = tf.strings.lower(texts)
        return tf.strings.regex_replace(texts, _PUNCTUATION, "") if strip else texts

    # -- saving
    def get_config(self) -> dict[str, Any]:
        names = ("max_tokens", "pad_to_max_tokens", "sparse", "vocabulary", "idf_weights", "vocabulary_size")
        lookup = self._lookup_layer.get_config()
        return {**super().get_config(), **{name: lookup[name] for name in names}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        changed: dict[str, Any] = {
            n: deserialize_keras_object(config[n]) for n in ("standardize", "split") if n in config
        }
        if isinstance(config.get("ngrams"), list):
            changed["ngrams"] = tuple(config["ngrams"])
        return super().from_config({**config, **changed})

    def save_own_variables(self, store: Any) -> None:
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into the folder, one token per line, unless the config has it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str) -> None:
        """Read what `save_assets` wrote."""
        self._lookup_layer.load_assets(dir_path)
