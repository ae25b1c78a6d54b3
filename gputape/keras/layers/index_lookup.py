"""IndexLookup: tokens as their index in a vocabulary, given or learned; what StringLookup and IntegerLookup share."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import gputape as tf

from .. import backend
from ..symbolic import KerasTensor
from .categorical import NOTHING, encode, encoded_shape, one_of, over_values
from .data_layer import DataLayer, as_data, batches
from .hashing import checked_salt, hash_bins
from .vocabulary import TokenCounts, documents, file_tokens, is_path, lines, table

_FILE = "vocabulary.txt"


class IndexLookup(DataLayer):
    """The index of each token: the mask, then `num_oov_indices` for unknown tokens, then the vocabulary in its order.

    Args:
        max_tokens: the largest size of the vocabulary, with mask and unknown tokens; None for any.
        num_oov_indices: how many indices unknown tokens share, by a hash; 0 makes them an error.
        mask_token: has index 0 for "int"; otherwise it leaves no trace. None: there is none.
        oov_token: what `invert` returns for indices of unknown tokens.
        vocabulary_dtype: "int64" or "string".
        vocabulary: tokens, or the name of a file with one per line; without it `adapt` learns them.
        idf_weights: for "tf_idf": a weight for each token of `vocabulary`.
        invert: indices to tokens instead. Only for "int".
        output_mode: "int" (int64, the shape of the input); "one_hot", "multi_hot", "count" (floatx; see
            `CategoryEncoding`); "tf_idf": "count" times the weights.
        sparse: whether vectors come as a SparseTensor. Default False.
        pad_to_max_tokens: whether vectors have length `max_tokens` and not that of the vocabulary.
        oov_method: of ints: "floormod" (default) or "farmhash". Strings are always hashed.
        salt: an int or two of them, keys of SipHash, which takes FarmHash's place.
    """

    _config_omits = frozenset({"vocabulary", "idf_weights"})

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: Any,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self._frozen_vocab_size = kwargs.pop("vocabulary_size", None)
        has_input_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        for inherited in ("trainable", "dtype"):
            kwargs.pop(inherited, None)
        if kwargs:
            raise ValueError(f"Unrecognized keyword argument(s): {kwargs}")
        super().__init__(name=name)
        self.supports_jit = False
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"If set, `max_tokens` must be greater than 1. Received: max_tokens={max_tokens}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens={max_tokens}")
        if num_oov_indices < 0:
            raise ValueError(
                f"`num_oov_indices` must be greater than or equal to 0. Received: num_oov_indices={num_oov_indices}"
            )
        self.vocabulary_dtype = tf.as_dtype(vocabulary_dtype).name
        self.oov_method = one_of(oov_method, ("floormod", "farmhash"), self, "oov_method")
        if salt is not None and self.vocabulary_dtype != "string" and oov_method != "farmhash":
            raise ValueError(f"`salt` can only be used when `oov_method='farmhash'`. Received: oov_method={oov_method}")
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        self.output_mode = one_of(output_mode, ("int", "one_hot", "multi_hot", "count", "tf_idf"), self, "output_mode")
        if invert and output_mode != "int":
            raise ValueError(
                f"`output_mode` must be `'int'` when `invert` is true. Received: output_mode={output_mode}"
            )
        if sparse and output_mode == "int":
            raise ValueError(
                "`sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or `'tf_idf'`. "
                f"Received: sparse={sparse} and output_mode={output_mode}"
            )
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(
                "`idf_weights` should only be set if `output_mode` is `'tf_idf'`. Received: "
                f"idf_weights={idf_weights} and output_mode={output_mode}"
            )
        if vocabulary is not None and idf_weights is None and output_mode == "tf_idf":
            raise ValueError(
                "When specifying the `vocabulary` argument, in TF-IDF output mode, the `idf_weights` argument must "
                "also be provided."
            )
        self.max_tokens, self.num_oov_indices, self.invert = max_tokens, num_oov_indices, invert
        self.mask_token, self.oov_token = mask_token, oov_token
        self.sparse, self.pad_to_max_tokens = sparse, pad_to_max_tokens
        self.salt = checked_salt(salt, self)
        self.input_vocabulary = None if is_path(vocabulary) else vocabulary
        self.input_idf_weights = idf_weights
        self.idf_weights: Any = None
        self._has_input_vocabulary = has_input_vocabulary
        self.reset_state()
        self._tokens: tuple[Any, ...] = ()  # the vocabulary without special tokens, strings as bytes
        self._look_up: Any = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        self._build_at_init()

    # -- dtypes and shapes
    @property
    def compute_dtype(self) -> str:
        return self.vocabulary_dtype

    @property
    def variable_dtype(self) -> str:
        return self.vocabulary_dtype

    def compute_output_shape(self, input_shape: Any) -> Any:
        depth = self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size
        return encoded_shape(input_shape, "count" if self.output_mode == "tf_idf" else self.output_mode, depth)

    def compute_output_spec(self, inputs: Any) -> Any:
        dtype = backend.floatx() if self.output_mode != "int" else self.vocabulary_dtype if self.invert else "int64"
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=dtype, sparse=self.sparse)

    # -- the vocabulary
    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens, str or int, each at its index; without mask and unknown tokens if so wanted."""
        tokens = list(map(self._as_text, self._tokens))
        return [*self._special_tokens(), *tokens] if include_special_tokens else tokens

    def vocabulary_size(self) -> int:
        """The number of indices, those of the mask and of unknown tokens included."""
        return self._token_start() + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens, or those in the lines of a file, as the vocabulary.

        Tokens that begin with all the special ones, in their order, are taken as a whole vocabulary; `idf_weights` then
        has weights for these too, otherwise unknown tokens get the average weight.
        ValueError for repeated tokens, none at all, special tokens elsewhere, more than `max_tokens`, `idf_weights`
        of another length or in another mode than "tf_idf".
        """
        if self.output_mode == "tf_idf" and idf_weights is None and not is_path(vocabulary):
            raise ValueError("`idf_weights` must be set if output_mode is 'tf_idf'.")
        if self.output_mode != "tf_idf" and idf_weights is not None:
            raise ValueError(
                "`idf_weights` should only be set if output_mode is `'tf_idf'`. Received: "
                f"output_mode={self.output_mode} and idf_weights={idf_weights}"
            )
        if is_path(vocabulary):
            if self.output_mode == "tf_idf":
                raise ValueError("output_mode `'tf_idf'` does not support loading a vocabulary from file.")
            tokens, found_special_tokens = list(map(self._as_key, file_tokens(vocabulary))), False
        else:
            tokens = list(map(self._as_key, np.asarray(vocabulary).ravel().tolist()))
            special = list(map(self._as_key, self._special_tokens()))
            found_special_tokens = tokens[: len(special)] == special
            if found_special_tokens:
                tokens = tokens[len(special) :]
        self._check_tokens(tokens)
        if self.output_mode == "tf_idf":
            weights = np.asarray(idf_weights, "float64")
            wanted = len(tokens) + found_special_tokens * self._token_start()
            if weights.shape != (wanted,):
                raise ValueError(
                    "`idf_weights` must be the same length as vocabulary. idf_weights has shape "
                    f"{weights.shape}; len(vocabulary) is {wanted}"
                )
            self._set_idf_weights(weights, found_special_tokens)
        self._set_tokens(tokens)

    def _check_tokens(self, tokens: list[Any]) -> None:
        if not tokens:
            raise ValueError(f"Cannot set an empty vocabulary. Received: vocabulary={tokens}")
        repeated = {t for t in tokens if tokens.count(t) > 1} if len(set(tokens)) < len(tokens) else set()
        if repeated:
            raise ValueError(
                "The passed vocabulary has at least one repeated term. Please uniquify your dataset. The repeated "
                f"terms are: {sorted(map(self._as_text, repeated))}"
            )
        for kind, token in (("mask", self.mask_token), ("OOV", self.oov_token if self.invert else None)):
            if token is not None and self._as_key(token) in tokens:
                raise ValueError(
                    f"Found reserved {kind} token at unexpected location in `vocabulary`. Note that passed "
                    "`vocabulary` does not need to include the OOV and mask tokens. Either remove all mask and OOV "
                    "tokens, or include them only at the start of the vocabulary in precisely this order: "
                    f"{self._special_tokens()}. Received: {kind} token {token!r} at index "
                    f"{tokens.index(self._as_key(token))} of the other tokens"
                )
        if self.max_tokens is not None and self._token_start() + len(tokens) > self.max_tokens:
            raise ValueError(
                "Attempted to set a vocabulary larger than the maximum vocab size. Received vocabulary size is "
                f"{self._token_start() + len(tokens)}; `max_tokens` is {self.max_tokens}."
            )

    def _set_tokens(self, tokens: list[Any]) -> None:
        """Make the table; the length of vectors may not change once the layer was called."""
        size = self._token_start() + len(tokens)
        fixed = self.output_mode != "int" and not self.pad_to_max_tokens and self._called
        if fixed and self._frozen_vocab_size not in (None, size):
            raise RuntimeError(
                f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, the vocabulary size "
                f"cannot be changed after the layer is called. Old vocab size is {self._frozen_vocab_size}, new vocab "
                f"size is {size}"
            )
        self._tokens, self._frozen_vocab_size = tuple(tokens), size
        keys, indices = list(tokens), list(range(self._token_start(), size))
        if self.mask_token is not None:
            keys.append(self._as_key(self.mask_token))
            indices.append(0 if self.output_mode == "int" else NOTHING)
        if self.invert:
            default = None if self.oov_token is None else self._as_key(self.oov_token)
            self._look_up = table(indices, keys, default, self.vocabulary_dtype)
        else:
            default = self._oov_start() if self.num_oov_indices == 1 else -1
            self._look_up = table(keys, indices, default, "int64")

    def _set_idf_weights(self, weights: Any, complete: bool) -> None:
        front = 0 if complete else self._token_start()
        weights = np.concatenate([np.full(front, weights.mean() if weights.size else 0.0), weights])
        back = self.max_tokens - len(weights) if self.pad_to_max_tokens and self.max_tokens is not None else 0
        self.idf_weights = tf.constant(np.pad(weights, (0, back)), backend.floatx())

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start() + [self.oov_token] * self.num_oov_indices

    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    def _token_start(self) -> int:
        return self._oov_start() + self.num_oov_indices

    def _as_key(self, token: Any) -> Any:
        """A token as it stands in tensors."""
        if self.vocabulary_dtype != "string":
            return token if token is None else int(token)
        return token.encode() if isinstance(token, str) else token

    def _as_text(self, key: Any) -> Any:
        """A token as users see it."""
        return key.decode() if isinstance(key, bytes) else key

    # -- learning
    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens of the data, of equally frequent ones the larger first.

        data: an array or list of tokens, in which each row, or element of one axis, is a document for "tf_idf"; or a
        Dataset or generator of batches, of which the first `steps` are used.
        ValueError for a layer with a given vocabulary.
        """
        self.reset_state()
        if isinstance(data, (list, tuple)):
            data = as_data(data, self.vocabulary_dtype)
        if hasattr(data, "shape") and len(data.shape) == 1:
            data = as_data(data, self.vocabulary_dtype)[:, None]
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch; a batch of one axis is one document."""
        if self._has_input_vocabulary:
            raise ValueError(
                f"Cannot adapt layer '{self.name}' after setting a static vocabulary via `vocabulary` argument or "
                "`set_vocabulary()` method."
            )
        self._counts.update(documents(as_data(data, self.vocabulary_dtype)))

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted, and forget the counts."""
        if self._has_input_vocabulary or not self._counts.tokens:
            return
        room = None if self.max_tokens is None else self.max_tokens - self._token_start()
        special = [self._as_key(t) for t in (self.mask_token, self.oov_token) if t is not None]
        tokens = self._counts.most_common(room, special)
        if self.output_mode == "tf_idf":
            self._set_idf_weights(self._counts.inverse_document_frequency(tokens), False)
        self._set_tokens(tokens)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._counts = TokenCounts(by_document=self.output_mode == "tf_idf")

    # -- calling
    def call(self, inputs: Any) -> Any:
        if self._look_up is None:
            kind = tf.errors.FailedPreconditionError if self.output_mode == "int" else RuntimeError
            raise kind(
                f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens={self.pad_to_max_tokens}`, you "
                "must set the layer's vocabulary before calling it. Either pass a `vocabulary` argument to the layer, "
                "or call `adapt` with some sample data."
            )
        x = as_data(inputs, "int64" if self.invert else self.vocabulary_dtype)
        found = over_values(self._indices, x)
        if self.output_mode == "int":
            return found
        depth = self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size
        if self.output_mode != "tf_idf":
            return encode(found, self.output_mode, depth, backend.floatx(), sparse=self.sparse)
        weighted = encode(found, "count", depth, self.idf_weights.dtype) * self.idf_weights
        return tf.sparse.from_dense(weighted) if self.sparse else weighted

    def _indices(self, x: Any) -> Any:
        found = self._look_up(x)
        if self.invert or self.num_oov_indices == 1:
            return found
        if self.num_oov_indices > 1 and self.vocabulary_dtype != "string" and self.oov_method == "floormod":
            buckets = tf.math.floormod(x, tf.constant(self.num_oov_indices, x.dtype)) + self._oov_start()
            return tf.where(tf.equal(found, -1), tf.cast(buckets, "int64"), found)
        host = np.array(found)
        unknown = host == -1
        if not unknown.any():
            return found
        tokens = np.asarray(x)[unknown]
        if not self.num_oov_indices:
            raise tf.errors.InvalidArgumentError(
                "When `num_oov_indices=0` all inputs should be in vocabulary, found OOV values "
                f"{list(map(self._as_text, tokens.tolist()))}, consider setting `num_oov_indices=1`."
            )
        host[unknown] = np.asarray(hash_bins(tf.constant(tokens), self.num_oov_indices, self.salt)) + self._oov_start()
        return tf.constant(host)

    # -- saving
    def get_config(self) -> dict[str, Any]:
        given = {"vocabulary": self.input_vocabulary, "idf_weights": self.input_idf_weights}
        plain = {name: value if value is None else self._listed(value) for name, value in given.items()}
        hidden = {"oov_method": self.oov_method, "vocabulary_size": self._frozen_vocab_size}
        return {**super().get_config(), **plain, **hidden}

    def _listed(self, values: Any) -> list[Any]:
        return list(map(self._as_text, np.asarray(values).tolist()))

    def get_build_config(self) -> dict[str, Any]:
        return {}

    def build_from_config(self, config: Any) -> None:
        self.build(None)

    def save_own_variables(self, store: Any) -> None:
        if self.output_mode == "tf_idf" and self.idf_weights is not None:
            store["idf_weights"] = np.asarray(self.idf_weights)

    def load_own_variables(self, store: Any) -> None:
        if self.output_mode == "tf_idf" and "idf_weights" in list(store.keys()):
            self.idf_weights = tf.constant(np.asarray(store["idf_weights"]))

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into the folder, one token per line, unless the config has it."""
        if self.input_vocabulary is not None or self._look_up is None:
            return
        tokens = [str(t) for t in self.get_vocabulary()]
        broken = [t for t in tokens if "\n" in t]
        if broken:
            raise ValueError(
                f"Layer '{self.name}' cannot save the tokens {broken}: vocabulary files have one token per line. Make "
                "the layer with `vocabulary=layer.get_vocabulary()`, which its config then holds."
            )
        with open(os.path.join(dir_path, _FILE), "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(tokens))

    def load_assets(self, dir_path: str) -> None:
        """Read what `save_assets` wrote."""
        path = os.path.join(dir_path, _FILE)
        if self.input_vocabulary is not None or not os.path.exists(path):
            return
        tokens = lines(path)
        while tokens and not tokens[-1] and len(tokens) != self._frozen_vocab_size:
            tokens.pop()
        weights = None if self.idf_weights is None else np.asarray(self.idf_weights)[: len(tokens)]
        self.set_vocabulary(tokens, weights)
