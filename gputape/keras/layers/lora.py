"""Low-rank adaptation: a kernel stays as it is, and training changes a product of two thin matrices added to it."""

from __future__ import annotations

from typing import Any

import gputape as tf


class LowRankAdapted:
    """For layers whose main weight is `self._<target>`: `enable_lora`, and the weight with the product added.

    weight = W + (lora_alpha / lora_rank) * A @ B, A of shape (..., rank), B of shape (rank, last size of W).
    Reference: https://arxiv.org/abs/2106.09685
    """

    _lora_target = "kernel"
    lora_enabled = False
    lora_rank: int | None
    lora_alpha: float | None

    def _adapted(self) -> Any:
        target = self._lora_target
        if not self.built:
            raise AttributeError(f"You must build the layer before accessing `{target}`.")
        weight = getattr(self, f"_{target}")
        if not self.lora_enabled:
            return weight
        product = tf.matmul(getattr(self, f"lora_{target}_a"), getattr(self, f"lora_{target}_b"))
        scale = self.lora_alpha / self.lora_rank  # type: ignore[operator]
        return weight + tf.cast(scale * product, weight.dtype)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the weight and add a trainable product of rank `rank`; ValueError if unbuilt, done, or constrained."""
        target = self._lora_target
        constraint = f"{target}_constraint"
        if getattr(self, constraint):
            raise ValueError(
                f"Lora is incompatible with {target.removesuffix('s')} constraints. In order to enable lora on this "
                "layer, remove the "
                f"`{constraint}` argument."
            )
        if not self.built:
            raise ValueError("Cannot enable lora on a layer that isn't yet built.")
        if self.lora_enabled:
            raise ValueError("lora is already enabled. This can only be done once per layer.")
        weight = getattr(self, f"_{target}")
        shape = tuple(weight.shape)
        self._tracker.unlock()
        regularizer = getattr(self, f"{target}_regularizer")
        for part, size, initializer in (
            ("a", (*shape[:-1], rank), a_initializer),
            ("b", (rank, shape[-1]), b_initializer),
        ):
            name = f"lora_{target}_{part}"
            setattr(
                self, name, self.add_weight(name=name, shape=size, initializer=initializer, regularizer=regularizer)
            )
        weight.trainable = False
        self._tracker.lock()
        self.lora_enabled = True
        self.lora_rank = rank
        self.lora_alpha = lora_alpha if lora_alpha is not None else rank

    def _saved_variables(self) -> list[Any]:
        bias = getattr(self, "bias", None)
        return [getattr(self, f"_{self._lora_target}"), *([bias] if bias is not None else [])]

    def save_own_variables(self, store: Any) -> None:
        """The weight with the product merged into it, and the bias."""
        if not self.built:
            return
        for k, v in enumerate(self._saved_variables()):
            store[f"{k}"] = v
        if self.lora_enabled:
            store["0"] = tf.identity(self._adapted())

    def load_own_variables(self, store: Any) -> None:
        if not self.lora_enabled:
            super().load_own_variables(store)  # type: ignore[misc]
            return
        for k, v in enumerate(self._saved_variables()):
            v.assign(store[f"{k}"])
        for part in ("a", "b"):
            v = getattr(self, f"lora_{self._lora_target}_{part}")
            v.assign(tf.zeros_like(v))

    # What the layer itself provides.
    built: bool
    _tracker: Any
    add_weight: Any
