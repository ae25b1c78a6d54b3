"""StringLookup: strings as their index in a vocabulary."""

from __future__ import annotations

from typing import Any

from .index_lookup import IndexLookup


class StringLookup(IndexLookup):
    """Strings as their index in a vocabulary, given or learned by `adapt`; unknown ones come first.

    Args:
        max_tokens: the largest size of the vocabulary, with mask and unknown tokens; None for any.
        num_oov_indices: how many indices unknown strings share, by a hash. Default 1; 0 makes them an error.
        mask_token: has index 0 for "int"; otherwise it leaves no trace. Default None: there is none.
        oov_token: what `invert` returns for indices of unknown strings. Default "[UNK]".
        vocabulary: strings, or the name of a file with one per line.
        idf_weights: for "tf_idf": a weight for each string of `vocabulary`.
        invert: indices to strings instead. Only for "int".
        output_mode: "int" (default), "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: whether vectors have length `max_tokens` and not that of the vocabulary.
        sparse: whether vectors come as a SparseTensor. Default False.
        encoding: of the bytes in tensors. Default "utf-8".
        salt: an int or two of them: keys of SipHash, which takes FarmHash's place.

    ValueError for arguments that do not fit together. Called, InvalidArgumentError for an unknown string if
    `num_oov_indices` is 0.

    >>> from gputape import keras
    >>> layer = keras.layers.StringLookup()
    >>> layer.adapt(["b", "a", "b", "c"])
    >>> layer.get_vocabulary()
    ['[UNK]', 'b', 'c', 'a']
    >>> layer([["a", "?"], ["b", "c"]]).numpy()
    array([[3, 0],
           [1, 2]])
    >>> keras.layers.StringLookup(vocabulary=["a", "b"], invert=True)([2, 0]).numpy()
    array([b'b', b'[UNK]'], dtype=object)
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary_dtype="string",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            name=name,
            salt=salt,
            **kwargs,
        )

    def _as_key(self, token: Any) -> Any:
        return token.encode(self.encoding) if isinstance(token, str) else token

    def _as_text(self, key: Any) -> Any:
        return key.decode(self.encoding) if isinstance(key, bytes) else key
