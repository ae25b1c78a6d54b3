"""Discretization: numbers as the index of the bin that they fall into, with bins learned as quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

import gputape as tf

from .. import backend
from ..symbolic import KerasTensor
from .categorical import encode, encoded_shape, one_of
from .data_layer import DataLayer, batches, places


class Discretization(DataLayer):
    """The bin of each number: k for bin_boundaries[k - 1] <= x < bin_boundaries[k].

    Args:
        bin_boundaries: rising numbers; n of them make n + 1 bins, the outer ones without end.
        num_bins: the number of bins whose boundaries `adapt` learns, instead of `bin_boundaries`.
        epsilon: how finely `adapt` sums data up: quantiles are right to this fraction. Default 0.01.
        output_mode: "int" (default, int32), "one_hot", "multi_hot" or "count" (in the layer's dtype), as in
            `CategoryEncoding`.
        sparse: whether vectors come as a SparseTensor. Default False.

    ValueError unless exactly one of `bin_boundaries` and `num_bins` is given.

    >>> from gputape import keras
    >>> keras.layers.Discretization(bin_boundaries=[0.0, 1.0])([[-1.5, 1.0, 0.2]]).numpy()
    array([[0, 2, 1]], dtype=int32)
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        if sparse and output_mode == "int":
            raise ValueError(
                "`sparse=True` may only be used if `output_mode` is `'one_hot'`, `'multi_hot'`, or `'count'`. Received: "
                f"sparse={sparse} and output_mode={output_mode}"
            )
        self.output_mode = one_of(output_mode, ("int", "one_hot", "multi_hot", "count"), self, "output_mode")
        if num_bins is not None and num_bins < 0:
            raise ValueError(f"`num_bins` must be greater than or equal to 0. Received: `num_bins={num_bins}`")
        if num_bins is not None and bin_boundaries is not None:
            raise ValueError(
                "Both `num_bins` and `bin_boundaries` should not be set. Received: "
                f"`num_bins={num_bins}` and `bin_boundaries={bin_boundaries}`"
            )
        if num_bins is None and bin_boundaries is None:
            raise ValueError("You need to set either `num_bins` or `bin_boundaries`.")
        self.bin_boundaries, self.num_bins, self.epsilon, self.sparse = bin_boundaries, num_bins, epsilon, sparse
        self.summary = _NOTHING
        self._build_at_init()

    @property
    def output_dtype(self) -> str:
        """The dtype of the output: int32 for "int", otherwise the layer's."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    # -- learning
    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Set `bin_boundaries` to the quantiles that cut the data into `num_bins` bins of about equal counts.

        data: an array, or a Dataset, list or generator of batches, of which the first `steps` are used.
        ValueError for a layer with given boundaries.
        """
        if self.num_bins is None:
            raise ValueError(
                "Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`, use `num_bins` "
                "instead."
            )
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take a batch into the summary."""
        values = np.asarray(data, dtype="float32")
        merged = np.concatenate((_summary(values, self.epsilon), self.summary), axis=1)
        self.summary = _compressed(merged[:, np.argsort(merged[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Set the boundaries from the summary."""
        if self.num_bins is not None:
            self.bin_boundaries = _compressed(self.summary, 1.0 / self.num_bins)[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forget the data seen."""
        self.summary = _NOTHING

    # -- calling
    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError(
                "You need to either pass the `bin_boundaries` argument at construction time or call `adapt(dataset)` "
                "before you can start using the `Discretization` layer."
            )
        x = tf.cast(inputs, backend.floatx())
        found = places(tf.constant(list(self.bin_boundaries), x.dtype), x, side="right")
        return encode(found, self.output_mode, self._depth(), self.output_dtype, sparse=self.sparse)

    def _depth(self) -> int | None:
        return self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = encoded_shape(input_shape, self.output_mode, self._depth())
        return shape if len(input_shape) or self.output_mode == "int" else shape[-1:]

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.output_dtype, sparse=self.sparse)

    def load_own_variables(self, store: Any) -> None:
        """Nothing: the boundaries are in the config. Older files hold the summary."""
        if len(store.keys()) == 1:
            self.summary = np.asarray(store["0"])

    def get_config(self) -> dict[str, Any]:
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype")
        config = {name: getattr(self, name) for name in names}
        return {**config, "bin_boundaries": None if self.bin_boundaries is None else list(self.bin_boundaries)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        learned = config.get("bin_boundaries")
        if config.get("num_bins") is None or learned is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})  # adapted: it has both
        layer.bin_boundaries = learned
        return layer


# A summary of numbers: a (2, n) array of rising values and of weights, how many of the numbers each stands for.
_NOTHING = np.zeros((2, 0), "float32")


def _summary(values: Any, epsilon: float) -> Any:
    """Every k-th of the sorted values with weight k, such that about 1 / epsilon remain."""
    step = max(values.size * epsilon, 1.0)
    kept = np.sort(values, axis=None)[int(step - 1) :: int(step)]
    return np.stack((kept, np.full_like(kept, step)))


def _compressed(summary: Any, epsilon: float) -> Any:
    """A summary by about 1 / epsilon values at equal steps of the cumulated weight, interpolated linearly."""
    if summary.shape[1] * epsilon < 1:
        return summary
    parts = epsilon + np.arange(0.0, 1.0, epsilon)
    total = summary[1].cumsum()
    shares = total / total[-1]
    weights = np.diff(np.interp(parts, shares, total), prepend=0)
    return np.stack((np.interp(parts, shares, summary[0]), weights)).astype("float32")
