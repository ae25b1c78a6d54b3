"""IntegerLookup: integers as their index in a vocabulary."""

from __future__ import annotations

from typing import Any

from .index_lookup import IndexLookup


class IntegerLookup(IndexLookup):
    """Integers as their index in a vocabulary, given or learned by `adapt`; unknown ones come first.

    Args:
        max_tokens: the largest size of the vocabulary, with mask and unknown tokens; None for any.
        num_oov_indices: how many indices unknown integers share. Default 1; 0 makes them an error.
        mask_token: has index 0 for "int"; otherwise it leaves no trace. Default None: there is none.
        oov_token: what `invert` returns for indices of unknown integers. Default -1.
        vocabulary: integers, or the name of a file with one per line.
        vocabulary_dtype: "int64".
        idf_weights: for "tf_idf": a weight for each integer of `vocabulary`.
        invert: indices to integers instead. Only for "int".
        output_mode: "int" (default), "one_hot", "multi_hot", "count" or "tf_idf".
        sparse: whether vectors come as a SparseTensor. Default False.
        pad_to_max_tokens: whether vectors have length `max_tokens` and not that of the vocabulary.
        oov_method: "floormod" (default): the remainder of the integer says which of the `num_oov_indices` is its own;
            "farmhash": a hash does.
        salt: an int or two of them: keys of SipHash, which takes FarmHash's place.

    ValueError for arguments that do not fit together. Called, InvalidArgumentError for an unknown integer if
    `num_oov_indices` is 0.

    >>> from gputape import keras
    >>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])
    >>> layer([[12, 1138], [7, 36]]).numpy()
    array([[1, 3],
           [0, 2]])
    >>> layer.get_vocabulary()
    [-1, 12, 36, 1138]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: Any = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(
                "Only `vocabulary_dtype='int64'` is supported at this time. Received: "
                f"vocabulary_dtype={vocabulary_dtype}"
            )
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary_dtype=vocabulary_dtype,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )
