"""The base of all optimizers: what happens to gradients before, and to variables after, a step.

A step, `apply`, does in this order: drop variables without a gradient, unscale, accumulate, clip, decay weights,
update, average, constrain, count. Nothing of it asks the host for a value: the learning rate, the count of steps and
all decisions that depend on them stay on the device, so a recorded step may be replayed while they change.
"""

from __future__ import annotations

import inspect
import re
import warnings
from typing import Any

import gputape as tf

from ..backend import floatx
from ..scopes import auto_name, name_scope
from ..variable import Variable
from .schedules import LearningRateSchedule
from .state import OptimizerState, only_where, with_values


class Optimizer(OptimizerState):
    """Base of all optimizers: subclasses define `build(variables)`, which makes slots, `update_step` and `get_config`.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a callable without arguments.
        weight_decay: before each update, w -= w * weight_decay * learning_rate.
        clipnorm, global_clipnorm, clipvalue: at most one: the largest norm of each gradient, the largest norm of all
            gradients together, the largest absolute value.
        use_ema: keep moving averages of the variables, `ema_momentum` being the weight of the past; every
            `ema_overwrite_frequency` steps, or at the end of `fit`, variables become their averages.
        loss_scale_factor: `scale_loss` multiplies by it and gradients are divided by it.
        gradient_accumulation_steps: update once in so many calls, with the mean of their gradients.
        name: default the class's name in snake case.

    >>> from gputape import keras
    >>> class SignDescent(keras.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * tf.sign(gradient))
    >>> v = keras.Variable([1.0, 2.0])
    >>> SignDescent(0.5).apply([tf.constant([3.0, -4.0])], [v])
    >>> v.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        self.__dict__["_variables"] = []
        if kwargs.pop("decay", None) is not None:
            warnings.warn(
                "Argument `decay` is no longer supported and will be ignored: use "
                "keras.optimizers.schedules.InverseTimeDecay as the learning rate",
                stacklevel=3,
            )
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(value is not None for value in clips.values()) > 1:
            told = ", ".join(f"{key}={value}" for key, value in clips.items())
            raise ValueError(f"Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: {told}")
        if gradient_accumulation_steps and not gradient_accumulation_steps >= 2:
            raise ValueError(
                "`gradient_accumulation_steps` must be an integer >= 2. Received: "
                f"gradient_accumulation_steps={gradient_accumulation_steps}"
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={ema_momentum}")
        every = ema_overwrite_frequency
        if use_ema and every and (not isinstance(every, int) or every < 1):
            raise ValueError(
                f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={every}"
            )
        self.name = auto_name(type(self).__name__) if name is None else name
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, every
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._trainable_variables_indices: dict[int, int] = {}
        self._not_decayed: tuple[set[int], Any] = (set(), None)
        with name_scope(self.name, caller=self):
            once = "only_first_replica"
            self._iterations = Variable(0, name="iteration", dtype="int64", trainable=False, aggregation=once)
            if not callable(learning_rate) or isinstance(learning_rate, tf.Variable):
                learning_rate = Variable(
                    _rate(learning_rate), name="learning_rate", dtype=floatx(), trainable=False, aggregation=once
                )
            self._learning_rate = learning_rate

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let `inspect.signature` show the arguments above where a subclass takes them as **kwargs."""
        super().__init_subclass__(**kwargs)
        own = list(inspect.signature(cls.__init__).parameters.values())[1:]
        taken = {p.name for p in own}
        if "learning_rate" in taken and own[-1].kind is own[-1].VAR_KEYWORD:
            rest = [p for p in inspect.signature(Optimizer).parameters.values() if p.name not in taken]
            cls.__signature__ = inspect.Signature([*own[:-1], *rest, own[-1]])  # type: ignore[attr-defined]

    @property
    def iterations(self):
        """How many steps were done, a Variable; with accumulation, a tensor that counts updates."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    def build(self, variables) -> None:
        """Make what is needed for `variables`. Subclasses call it first in theirs."""
        self._trainable_variables_indices = {self._var_key(v): k for k, v in enumerate(variables)}
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [
                self.add_variable_from_reference(v, name="gradient_accumulator") for v in variables
            ]
        self.__dict__["_trainable_variables"] = list(variables)
        self.built = True

    # -- the learning rate
    @property
    def learning_rate(self):
        """The current learning rate: a Variable, or what the schedule says. It can be set to a number or a schedule."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate() if callable(rate) and not isinstance(rate, tf.Variable) else rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        current = self._learning_rate
        if callable(learning_rate) and not isinstance(learning_rate, tf.Variable):
            self.__dict__["_variables"] = [v for v in self._variables if v is not current]
            self._learning_rate = learning_rate
        elif isinstance(current, tf.Variable):
            current.assign(_rate(learning_rate))
        else:
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor "
                "argument, hence its learning rate is not settable. If you need the learning rate to be settable, you "
                "should instantiate the optimizer with a float `learning_rate` argument."
            )

    lr = learning_rate

    # -- one step
    def update_step(self, gradient, variable, learning_rate):
        """Change one variable, and its slots, by its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define `update_step(gradient, variable, learning_rate)`")

    def minimize(self, loss, var_list, grad_loss=None, name=None, tape=None):
        """Apply the gradients of `loss`: a callable without arguments, or a tensor that `tape` has recorded."""
        return self.apply_gradients(self.compute_gradients(loss, var_list, grad_loss, tape))

    def compute_gradients(self, loss, var_list, grad_loss=None, tape=None):
        """Pairs (gradient, variable) for `loss`, as in `minimize`."""
        if not callable(loss) and tape is None:
            raise ValueError("`tape` is required when a `Tensor` loss is passed: the GradientTape that recorded it")
        if callable(loss):
            with tf.GradientTape() as tape:
                if not callable(var_list):
                    tape.watch(var_list)
                loss = loss()
        var_list = var_list() if callable(var_list) else var_list
        return list(zip(tape.gradient(loss, var_list, grad_loss), var_list))

    def apply_gradients(self, grads_and_vars, name=None, skip_gradients_aggregation=False, **kwargs):
        """Do a step with pairs (gradient, variable); returns the count of steps."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads, trainable_variables=None) -> None:
        """Do a step with one gradient per variable; the first call with variables builds the optimizer.

        Raises ValueError if no variable has a gradient, if a variable is unknown, and, without `trainable_variables`,
        if the optimizer is not built or was built for another number of variables. Warns of missing gradients.
        """
        if len(grads) == 0:
            return
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    "When passing `grads` without `variables`, the optimizer must already be built on a list of "
                    "variables. Call `optimizer.build(trainable_variables)` first. "
                )
            trainable_variables = self._trainable_variables
            if len(grads) != len(trainable_variables):
                raise ValueError(
                    "When passing `grads` as a list of gradient tensors, the gradients must match "
                    f"`optimizer.variables` one-to-on. Received a list of {len(grads)} gradients, but the optimizer is "
                    f"tracking {len(trainable_variables)} trainable variables."
                )
        trainable_variables = list(trainable_variables)
        with name_scope(self.name, caller=self):
            if not self.built:
                self.build(trainable_variables)
                self.built = True
            self._check_variables_are_known(trainable_variables)
            grads, variables = self._with_gradient(grads, trainable_variables)
            if self.loss_scale_factor is not None:
                grads = [g / self.loss_scale_factor for g in grads]
            if grads:
                self._backend_apply_gradients(grads, variables)
                for v in variables:
                    if getattr(v, "constraint", None) is not None:
                        v.assign(v.constraint(v))
        self._iterations.assign_add(1)

    def _check_variables_are_known(self, variables):
        for v in variables:
            if self._var_key(v) not in self._trainable_variables_indices:
                raise ValueError(
                    f"Unknown variable: {v}. This optimizer can only be called for the variables it was originally "
                    "built with. When working with a new set of variables, you should recreate a new optimizer "
                    "instance."
                )

    def _with_gradient(self, grads, variables):
        """The pairs that take part in the step; a variable that is its own gradient's place is overwritten here."""
        pairs = [(g.dense() if isinstance(g, tf.IndexedSlices) else g, v) for g, v in zip(grads, variables)]
        missing = [getattr(v, "path", v.name) for g, v in pairs if g is None]
        hint = "`tape.explain(loss, variable)` says where the path from the variable to the loss is cut."
        if len(missing) == len(pairs):
            raise ValueError(f"No gradients provided for any variable. {hint}")
        if missing:
            warnings.warn(
                f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, "
                f"did you forget to provide a `loss` argument? Otherwise {hint}",
                stacklevel=4,
            )
        for g, v in pairs:
            if g is not None and getattr(v, "overwrite_with_gradient", False):
                self._overwrite(v, tf.convert_to_tensor(g))
        pairs = [(g, v) for g, v in pairs if g is not None and not getattr(v, "overwrite_with_gradient", False)]
        return [tf.convert_to_tensor(g) for g, _ in pairs], [v for _, v in pairs]

    def _overwrite(self, variable, gradient):
        """Set the variable to its gradient; with accumulation, every so many steps to the largest one since."""
        if not self.gradient_accumulation_steps:
            variable.assign(gradient)
            return
        largest = self._accumulated_gradients[self._get_variable_index(variable)]
        now = tf.equal((self._iterations + 1) % self.gradient_accumulation_steps, 0)
        reached = tf.maximum(gradient, largest)
        variable.assign(tf.where(now, reached, variable))
        largest.assign(tf.where(now, tf.zeros_like(reached), reached))

    def _backend_apply_gradients(self, grads, trainable_variables):
        if self.gradient_accumulation_steps:
            self._accumulate(grads, trainable_variables)
        else:
            self._update(grads, trainable_variables)
        if self.use_ema:
            self._update_model_variables_moving_average(self._trainable_variables)
            if self.ema_overwrite_frequency:
                now = tf.equal((self.iterations + 1) % self.ema_overwrite_frequency, 0)
                for v, average in zip(self._trainable_variables, self._model_variables_moving_average):
                    if average is not None:
                        v.assign(tf.where(now, average, v))

    def _update(self, grads, variables):
        grads = self._clip_gradients(grads)
        self._apply_weight_decay(variables)
        self._backend_update_step(grads, variables, self.learning_rate)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        takes_rate = len(inspect.signature(self.update_step).parameters) != 2  # Keras 2: (gradient, variable)
        for g, v in zip(grads, trainable_variables):
            self.update_step(g, v, *([learning_rate] if takes_rate else []))

    def _accumulate(self, grads, variables):
        """Add gradients up; every so many steps, update with their mean."""
        steps = self.gradient_accumulation_steps
        sums = [self._accumulated_gradients[self._get_variable_index(v)] for v in variables]
        for total, g in zip(sums, grads):
            total.assign_add(g)
        now = tf.equal((self._iterations + 1) % steps, 0)
        own = [v for v in self._variables if not any(v is s for s in self._accumulated_gradients)]
        update = lambda: self._update([total / steps for total in sums], variables)  # noqa: E731
        only_where(now, [*variables, *own], update)
        for total in sums:
            total.assign(tf.where(now, tf.zeros_like(total), total))

    def _clip_gradients(self, grads):
        if self.clipnorm and self.clipnorm > 0:
            return [tf.clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm and self.global_clipnorm > 0:
            return tf.clip_by_global_norm(grads, self.global_clipnorm)[0]
        if self.clipvalue and self.clipvalue > 0:
            return [tf.clip_by_value(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """Name variables that do not decay: themselves, or strings that occur in their names. Before `build`."""
        if self.built:
            raise ValueError("`exclude_from_weight_decay()` can only be configured before the optimizer is built.")
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self._not_decayed = ({self._var_key(v) for v in var_list or ()}, pattern)

    def _use_weight_decay(self, variable) -> bool:
        excluded, pattern = self._not_decayed
        return self._var_key(variable) not in excluded and not (pattern and pattern.search(variable.name))

    def _apply_weight_decay(self, variables):
        if self.weight_decay is None:
            return
        for v in variables:
            if self._use_weight_decay(v):
                v.assign_sub(v * (self.weight_decay * tf.cast(self.learning_rate, v.dtype)))

    def _update_model_variables_moving_average(self, trainable_variables):
        for v, average in zip(trainable_variables, self._model_variables_moving_average):
            if average is not None:
                momentum = self.ema_momentum * tf.cast(tf.not_equal(self.iterations, 0), v.dtype)
                average.assign(momentum * average + (1 - momentum) * v)

    def finalize_variable_values(self, var_list) -> None:
        """With `use_ema`, set the variables to their averages; `fit` calls it at its end."""
        if not self.use_ema:
            return
        averages = self._model_variables_moving_average
        if len(var_list) != len(averages):
            raise ValueError(
                f"The length of model variables ({len(var_list)}) to override does not match the length of model "
                f"variables stored in the optimizer ({len(averages)}). Please check if the optimizer was called on "
                "your model."
            )
        for v, average in zip(var_list, averages):
            if average is not None:
                v.assign(average)

    def scale_loss(self, loss):
        """`loss` times `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """What `apply` would make of these values of both kinds of variables, which stay as they are."""
        if not self.built:
            raise ValueError(
                f"To call `stateless_apply`, {type(self).__name__} must be built (i.e. its variables must have been "
                "created). You can build it via `optimizer.build(trainable_variables)`."
            )
        for label, given, own in (
            ("optimizer_variables", optimizer_variables, self.variables),
            ("trainable_variables", trainable_variables, self._trainable_variables),
        ):
            if len(given) != len(own):
                raise ValueError(
                    f"Argument `{label}` must be a list of tensors corresponding 1:1 to the variables of "
                    f"{type(self).__name__}. Received list with length {len(given)}, but expected {len(own)} variables."
                )
        variables = [*self._trainable_variables, *self.variables]
        values = with_values(variables, [*trainable_variables, *optimizer_variables], lambda: self.apply(grads))[1]
        count = len(trainable_variables)
        return values[:count], values[count:]


def _rate(value: Any) -> Any:
    """`value` if it may be a learning rate."""
    if isinstance(value, (bool, str)) or value is None or not (hasattr(value, "__float__") or tf.is_tensor(value)):
        raise ValueError(
            "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable (that "
            "takes in the current iteration value and returns the corresponding learning rate value). Received "
            f"instead: learning_rate={value}"
        )
    return float(value) if isinstance(value, int) else value
