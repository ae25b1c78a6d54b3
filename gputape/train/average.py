"""ExponentialMovingAverage: shadows of variables that follow them slowly."""

from __future__ import annotations

from typing import Any

from ..registry import OPS
from ..tensor import Variable, as_tensor


class ExponentialMovingAverage:
    """average = decay * average + (1 - decay) * value, once per `apply`.

    Args:
        decay: a number below 1, near 1.
        num_updates: a count of steps, a number or Variable: the decay is at most (1 + n) / (10 + n), so that averages
            move fast at the start.
        zero_debias: whether averages of tensors, which start at 0, are divided by 1 - decay**applications.

    The first `apply` makes an average with a variable's own value. Reference: tf.train.ExponentialMovingAverage.

    >>> import gputape as tf
    >>> v, ema = tf.Variable(1.0), tf.train.ExponentialMovingAverage(0.75)
    >>> ema.apply([v])
    >>> _ = v.assign(5.0)
    >>> ema.apply([v])
    >>> ema.average(v).numpy()
    np.float32(2.0)
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[int, Variable] = {}
        self._biased: dict[int, Variable] = {}
        self._counts: dict[int, Variable] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def variables(self) -> list[Variable]:
        return list(self._averages.values())

    def apply(self, var_list: Any = None) -> None:
        """Move the averages of `var_list` (variables and tensors) one step.

        TypeError for what is not floating point, ValueError if `var_list` is empty or missing.
        """
        if not var_list:
            raise ValueError("apply: var_list must name the variables to average: there is no list of all variables")
        for x in var_list:
            if not x.dtype.is_floating:
                raise TypeError(f"The variables must be half, float, or double: {x!r}")
            self._step(x)

    def _step(self, x: Any) -> None:
        is_variable, key = isinstance(x, Variable), x._id
        made = key not in self._averages
        if made:
            start = as_tensor(x) if is_variable else OPS["zeros_like"](x)
            self._averages[key] = Variable(start, trainable=False, name=f"{self.average_name(x)}")
            if self._zero_debias and not is_variable:
                self._biased[key] = Variable(start, trainable=False)
                self._counts[key] = Variable(OPS["zeros"]((), x.dtype), trainable=False)
        decay = OPS["cast"](self._decay, x.dtype)
        if self._num_updates is not None:
            n = OPS["cast"](self._num_updates, x.dtype)
            decay = OPS["minimum"](decay, (1.0 + n) / (10.0 + n))
        average = self._averages[key]
        if key not in self._biased:
            average.assign_sub((1.0 - decay) * (average - x))
            return
        biased, count = self._biased[key], self._counts[key]
        biased.assign_sub((1.0 - decay) * (biased - x))
        count.assign_add(OPS["ones"]((), x.dtype))
        average.assign(biased / (1.0 - decay**count))

    def average(self, var: Any) -> Variable | None:
        """The Variable that holds the average of `var`; None before the first `apply`."""
        return self._averages.get(var._id)

    def average_name(self, var: Any) -> str:
        base = var.name.removesuffix(":0") if isinstance(var, Variable) else "Tensor"
        return f"{base}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """{name of the average: variable} for each variable that has one, and {name: variable} for others given."""
        given = list(moving_avg_variables or [])
        return {(self.average_name(v) if v._id in self._averages else v.name.removesuffix(":0")): v for v in given}
