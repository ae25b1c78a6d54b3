"""What all optimizers share: building, learning rates, weight decay, accumulation, averages, state, errors."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import optimizers

NAMED = [name for name in optimizers.__all__ if name[0].isupper()]
PLAIN = [n for n in NAMED if n not in ("Optimizer", "OptimizerMap", "MultiOptimizer", "LossScaleOptimizer")]


def variable(value=(1.0, 2.0), **kwargs):
    return keras.Variable(np.asarray(value, "float32"), **kwargs)


def test_learning_rate_is_a_variable_that_can_be_set():
    optimizer = optimizers.SGD(0.5)
    assert isinstance(optimizer.learning_rate, tf.Variable) and optimizer.learning_rate.dtype == "float32"
    for value in (0.25, np.float32(0.125), tf.constant(0.0625)):
        optimizer.learning_rate = value
        assert float(optimizer.learning_rate) == float(value)
    optimizer.lr = 1.0
    optimizer.learning_rate.assign(2.0)
    assert float(optimizer.lr) == 2.0
    assert float(optimizers.SGD(1).learning_rate) == 1.0
    for wrong in ("0.1", None, True):
        with pytest.raises(ValueError, match="learning_rate"):
            optimizers.SGD(wrong)


def test_schedules_and_callables_as_learning_rate():
    schedule = optimizers.schedules.PiecewiseConstantDecay([0], [1.0, 0.5])
    optimizer = optimizers.SGD(schedule)
    v = variable()
    optimizer.apply([tf.ones(2)], [v])
    optimizer.apply([tf.ones(2)], [v])
    np.testing.assert_array_equal(v.numpy(), [-0.5, 0.5])
    with pytest.raises(TypeError, match="not settable"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = lambda: 0.25
    assert optimizer.learning_rate == 0.25
    plain = optimizers.SGD(0.1)
    plain.learning_rate = schedule
    assert len(plain.variables) == 1 and float(plain.learning_rate) == 1.0


def test_apply_gradients_counts_and_returns_iterations():
    optimizer, v = optimizers.SGD(1.0), variable()
    for k in (1, 2):
        iterations = optimizer.apply_gradients(zip([tf.ones(2)], [v]))
        assert int(iterations) == k == int(optimizer.iterations)
    assert optimizer.iterations.dtype == "int64"
    optimizer.apply_gradients([])
    assert int(optimizer.iterations) == 2


def test_minimize_takes_a_function_or_a_tape():
    optimizer, v = optimizers.SGD(0.5), variable(3.0)
    optimizer.minimize(lambda: v * v, [v])
    assert float(v) == 0.0
    v.assign(3.0)
    with tf.GradientTape() as tape:
        loss = v * v
    optimizer.minimize(loss, [v], tape=tape)
    assert float(v) == 0.0
    with pytest.raises(ValueError, match="tape"):
        optimizer.minimize(loss, [v])


def test_missing_gradients():
    optimizer, a, b = optimizers.SGD(1.0), variable(), variable(name="lonely")
    with pytest.raises(ValueError, match=r"No gradients provided for any variable\. .*tape\.explain"):
        optimizer.apply([None, None], [a, b])
    with pytest.warns(UserWarning, match=r"lonely.*\n?.*tape\.explain"):
        optimizer.apply([tf.ones(2), None], [a, b])
    np.testing.assert_array_equal(a.numpy(), [0, 1])
    np.testing.assert_array_equal(b.numpy(), [1, 2])


def test_variables_must_be_known():
    optimizer, v = optimizers.SGD(1.0), variable()
    with pytest.raises(ValueError, match="must already be built"):
        optimizer.apply([tf.ones(2)])
    optimizer.build([v])
    optimizer.apply([tf.ones(2)])
    with pytest.raises(ValueError, match="one-to-on"):
        optimizer.apply([tf.ones(2), tf.ones(2)])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply([tf.ones(2)], [variable()])


@pytest.mark.parametrize("name", PLAIN)
def test_every_optimizer_descends_and_round_trips(name):
    optimizer = getattr(optimizers, name)(learning_rate=0.05)
    matrix, vector = variable(np.eye(3) + 1), variable([2.0, -1.0])
    before = float(tf.reduce_sum(matrix * matrix) + tf.reduce_sum(vector * vector))
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(matrix * matrix) + tf.reduce_sum(vector * vector)
        optimizer.apply_gradients(zip(tape.gradient(loss, [matrix, vector]), [matrix, vector]))
    assert float(loss) < before
    config = optimizer.get_config()
    again = optimizers.get(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer) and again.get_config() == config
    assert optimizers.get(name).get_config().keys() == optimizers.get(name.lower()).get_config().keys()


@pytest.mark.parametrize("name", PLAIN)
def test_state_moves_to_another_optimizer(name):
    gradients = [tf.constant([[1.0, -2.0], [0.5, 3.0]]), tf.constant([1.0, 2.0])]
    first, second = (getattr(optimizers, name)(learning_rate=0.05) for _ in range(2))
    a, b = ([variable([[1.0, 2.0], [3.0, 4.0]]), variable([1.0, -1.0])] for _ in range(2))
    first.apply(gradients, a)
    second.build(b)
    store: dict = {}
    first.save_own_variables(store)
    second.load_own_variables(store)
    for x, y in zip(a, b):
        y.assign(x)
    first.apply(gradients, a)
    second.apply(gradients, b)
    for x, y in zip([*a, *first.variables], [*b, *second.variables], strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())
    with pytest.warns(UserWarning, match="Skipping variable loading"):
        second.load_own_variables({"0": 1})


@pytest.mark.parametrize("name", PLAIN)
def test_a_recorded_step_is_the_eager_step(name):
    gradients = [tf.constant([[1.0, -2.0], [0.5, 3.0]]), tf.constant([1.0, 2.0])]
    made = []
    for wrap in (lambda f: f, tf.function):
        optimizer = getattr(optimizers, name)(learning_rate=0.05, gradient_accumulation_steps=2)
        variables = [variable([[1.0, 2.0], [3.0, 4.0]]), variable([1.0, -1.0])]
        optimizer.build(variables)
        step = wrap(lambda *g, optimizer=optimizer, variables=variables: optimizer.apply(list(g), variables))
        for k in range(5):
            step(*[g * (k + 1.0) for g in gradients])
        if wrap is tf.function:
            assert "eagerly" not in step.report(), step.report()
        made.append([v.numpy() for v in [*variables, *optimizer.variables]])
    for a, b in zip(*made, strict=True):
        np.testing.assert_array_equal(a, b)


def test_signatures_show_the_shared_arguments():
    names = list(inspect.signature(optimizers.Adam).parameters)
    assert names[:6] == ["learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad", "weight_decay"]
    assert names[-2:] == ["name", "kwargs"]


def test_weight_decay_may_leave_variables_out():
    kernel, bias, gain = variable(name="kernel"), variable(name="bias"), variable(name="gain")
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[gain], var_names=["bias"])
    optimizer.apply([tf.zeros(2)] * 3, [kernel, bias, gain])
    np.testing.assert_array_equal(kernel.numpy(), [0.5, 1.0])
    np.testing.assert_array_equal(bias.numpy(), [1, 2])
    np.testing.assert_array_equal(gain.numpy(), [1, 2])
    with pytest.raises(ValueError, match="before"):
        optimizer.exclude_from_weight_decay(var_names=["x"])


def test_update_step_of_a_subclass_is_used():
    class Twice(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)
            super().update_step(gradient, variable, learning_rate)

    class Keras2(optimizers.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient * self.learning_rate)

    for optimizer, expected in ((Twice(0.5, weight_decay=1.0), [-0.5, 0.0]), (Keras2(0.5), [0.5, 1.5])):
        v = variable()
        optimizer.apply([tf.ones(2)], [v])
        np.testing.assert_array_equal(v.numpy(), expected)


def test_slots_are_tracked_in_the_order_they_are_made():
    class Own(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.counter = keras.Variable(0.0)
            self.slots = [self.add_variable_from_reference(v, "slot") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            self.assign_add(self.slots[self._get_variable_index(variable)], gradient)

    optimizer = Own(0.1)
    optimizer.apply([tf.ones(2)], [variable(name="w")])
    assert [v.name for v in optimizer.variables][:2] == ["iteration", "learning_rate"]
    assert optimizer.variables[3].name == "w_slot" and len(optimizer.variables) == 4
    with pytest.raises(RuntimeError, match="super"):

        class Forgets(optimizers.Optimizer):
            def __init__(self):
                self.x = 1

        Forgets()


def test_constraints_hold_after_a_step():
    v = variable()
    v.constraint = keras.constraints.NonNeg()
    optimizers.SGD(1.0).apply([tf.constant([2.0, 1.0])], [v])
    np.testing.assert_array_equal(v.numpy(), [0, 1])


def test_mixed_dtypes_and_sparse_gradients():
    optimizer = optimizers.Adam(0.5)
    half, full = keras.Variable(np.ones(2, "float16")), variable([[1.0], [1.0], [1.0]])
    slices = tf.IndexedSlices(tf.constant([[1.0], [1.0]]), tf.constant([0, 2]), dense_shape=(3, 1))
    optimizer.apply([tf.ones(2), slices], [half, full])
    assert half.dtype == "float16"
    np.testing.assert_allclose(half.numpy(), [0.5, 0.5], rtol=1e-2)
    np.testing.assert_allclose(full.numpy(), [[0.5], [1.0], [0.5]], rtol=1e-5)


def test_averages_replace_variables_at_the_end():
    v, optimizer = variable([0.0]), optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.apply([tf.constant([-1.0])], [v])
    optimizer.apply([tf.constant([-1.0])], [v])
    assert v.numpy() == [2.0]
    optimizer.finalize_variable_values([v])
    assert v.numpy() == [1.5]
    with pytest.raises(ValueError, match="length"):
        optimizer.finalize_variable_values([v, v])


def test_stateless_apply_leaves_variables_alone():
    v, optimizer = variable(), optimizers.SGD(0.5, momentum=0.5)
    with pytest.raises(ValueError, match="must be built"):
        optimizer.stateless_apply([], [], [])
    optimizer.build([v])
    state = [tf.convert_to_tensor(x) for x in optimizer.variables]
    values, state = optimizer.stateless_apply(state, [tf.ones(2)], [tf.constant([5.0, 6.0])])
    np.testing.assert_array_equal(values[0].numpy(), [4.5, 5.5])
    assert int(state[0]) == 1 and int(optimizer.iterations) == 0
    np.testing.assert_array_equal(v.numpy(), [1, 2])


def test_variables_that_are_their_own_gradient():
    v, optimizer = variable(), optimizers.Adam()
    v.overwrite_with_gradient = True
    optimizer.apply([tf.constant([7.0, 8.0])], [v])
    np.testing.assert_array_equal(v.numpy(), [7, 8])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
        ({"gradient_accumulation_steps": 1}, ">= 2"),
        ({"use_ema": True, "ema_momentum": 2.0}, "ema_momentum"),
        ({"use_ema": True, "ema_overwrite_frequency": 0.5}, "ema_overwrite_frequency"),
        ({"learning": 1.0}, "not recognized"),
    ],
)
def test_bad_options(options, match):
    with pytest.raises(ValueError, match=match):
        optimizers.SGD(0.1, **options)


def test_bad_arguments_of_their_own():
    for kind, options in (
        ("SGD", {"momentum": 2.0}),
        ("AdamW", {"weight_decay": None}),
        ("Lion", {"beta_1": 0.0}),
        ("Ftrl", {"beta": 0.0, "learning_rate_power": 1.0}),
        ("Ftrl", {"l1_regularization_strength": -1.0}),
    ):
        with pytest.raises(ValueError, match="|".join(options)):
            getattr(optimizers, kind)(**options)
    with pytest.warns(UserWarning, match="decay"):
        optimizers.SGD(0.1, decay=0.5)
    with pytest.raises(ImportError, match=r"keras\.optimizers\.Adam"):
        optimizers.legacy.Adam()
    with pytest.raises(ValueError, match="Could not interpret optimizer"):
        optimizers.get("nothing")
    assert optimizers.get(None) is None


def test_weights_can_be_set():
    optimizer, v = optimizers.Adam(), variable()
    with pytest.raises(ValueError, match="not yet been built"):
        optimizer.set_weights([])
    optimizer.build([v])
    weights = [w + 1 for w in optimizer.get_weights()]
    optimizer.set_weights(weights)
    for a, b in zip(optimizer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="shape"):
        optimizer.set_weights([np.zeros(3)])


def test_loss_scaling_skips_steps_that_overflow():
    inner, v = optimizers.SGD(1.0), variable([1.0])
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=4.0, dynamic_growth_steps=2)
    assert float(optimizer.scale_loss(tf.constant(1.0))) == 4.0
    seen = []
    for g in (2.0, np.inf, 2.0, 2.0, np.nan):
        optimizer.apply([tf.constant([g])], [v])
        seen.append((float(v.numpy()[0]), float(optimizer.dynamic_scale), int(optimizer.iterations)))
    assert seen == [(0.5, 4.0, 1), (0.5, 2.0, 1), (-0.5, 2.0, 2), (-1.5, 4.0, 3), (-1.5, 2.0, 3)]
    optimizer.learning_rate = 0.5
    assert float(inner.learning_rate) == 0.5
    again = optimizers.get(optimizers.serialize(optimizer))
    assert again.initial_scale == 4.0 and isinstance(again.inner_optimizer, optimizers.SGD)
    with pytest.raises(ValueError, match="clipnorm"):
        optimizers.LossScaleOptimizer(inner, clipnorm=1.0)
    with pytest.raises(ValueError, match="dynamic"):
        optimizers.LossScaleOptimizer(inner, dynamic=False)


def test_loss_scaling_as_keras_2_spells_it():
    v = variable([1.0])
    optimizer = keras.mixed_precision.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=8.0)
    with tf.GradientTape() as tape:
        scaled = optimizer.get_scaled_loss(tf.reduce_sum(v * v))
    assert float(scaled) == 8.0 and float(optimizer.get_scaled_loss(lambda: tf.constant(1.0))()) == 8.0
    gradients = optimizer.get_unscaled_gradients(tape.gradient(scaled, [v]))
    assert gradients[0].numpy() == [2.0]
    optimizer.apply_gradients(zip(gradients, [v]))
    assert v.numpy() == [-1.0]


def test_different_optimizers_for_different_variables():
    body, head = variable(name="body"), variable(name="head")
    chosen = optimizers.OptimizerMap(optimizers.SGD(1.0), {"head": optimizers.SGD(0.25)})
    optimizer = optimizers.MultiOptimizer(chosen, loss_scale_factor=2.0)
    optimizer.apply([tf.ones(2), tf.ones(2)], [body, head])
    np.testing.assert_array_equal(body.numpy(), [0.5, 1.5])
    np.testing.assert_array_equal(head.numpy(), [0.875, 1.875])
    assert int(optimizer.iterations) == 1 and len(optimizer.variables) == 6
    with pytest.raises(AttributeError, match="MultiOptimizer"):
        _ = optimizer.learning_rate
    again = optimizers.get(optimizers.serialize(optimizer))
    assert again.get_config()["loss_scale_factor"] == 2.0 and len(again.optimizers) == 2
    with pytest.raises(ValueError, match="already exists"):
        chosen["head"] = optimizers.SGD()
    with pytest.raises(ValueError, match="LossScaleOptimizer"):
        chosen["x"] = optimizers.LossScaleOptimizer(optimizers.SGD())


def test_schedule_free_follows_the_paper():
    optimizer = optimizers.ScheduleFreeAdamW(0.1, warmup_steps=2)
    v = variable([1.0])
    w = z = 1.0
    second = 0.0
    for t, g in enumerate((0.5, -1.0, 2.0), 1):
        optimizer.apply([tf.constant([g])], [v])
        second += 0.001 * (g * g - second)
        x = (w - 0.1 * z) / 0.9
        z -= 0.1 * min(t / 2, 1) * g / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        w = 0.1 * z + 0.9 * ((1 - 1 / t) * x + z / t)
        np.testing.assert_allclose(v.numpy(), [w], rtol=1e-5)
