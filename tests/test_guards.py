"""Guards: Python state that a recorded function used, noticed when it changes, and nothing else noticed."""

import functools
import types

import numpy as np
import pytest

import gputape as tf

SCALE = 2.0
TABLE = {"rate": [1.0, 2.0]}
CONFIG = types.SimpleNamespace(rate=1.0, deep=types.SimpleNamespace(rate=1.0))
X = tf.constant(3.0)


def called(f, *arguments):
    """The value, and how often the Python function has run so far."""
    return float(f(*arguments)), f.experimental_get_tracing_count()


@pytest.fixture(autouse=True)
def restored():
    yield
    globals().update(SCALE=2.0, TABLE={"rate": [1.0, 2.0]})
    CONFIG.rate = CONFIG.deep.rate = 1.0


def test_globals():
    @tf.function
    def f(x):
        return x * SCALE

    assert called(f, X) == (6.0, 1) == called(f, X)
    globals()["SCALE"] = 3.0
    assert called(f, X) == (9.0, 2) == called(f, X)
    assert "SCALE: 2.0 -> 3.0" in f.report()
    globals()["SCALE"] = 2.0
    assert called(f, X) == (6.0, 2)  # the earlier recording fits again


def test_variables_of_enclosing_functions():
    scale = 2.0
    offset = tf.Variable(1.0)

    @tf.function
    def f(x):
        return x * scale + offset

    assert called(f, X) == (7.0, 1)
    scale = 4.0
    assert called(f, X) == (13.0, 2)
    offset.assign(2.0)  # no Python state: the program reads it
    assert called(f, X) == (14.0, 2)
    offset = tf.Variable(5.0)
    assert called(f, X) == (17.0, 3)


def test_attributes_of_objects_and_of_what_they_hold():
    @tf.function
    def f(x):
        return x * CONFIG.rate + CONFIG.deep.rate

    assert called(f, X) == (4.0, 1)
    CONFIG.rate = 2.0
    assert called(f, X) == (7.0, 2)
    CONFIG.deep.rate = 5.0
    assert called(f, X) == (11.0, 3)
    CONFIG.other = 1.0
    assert called(f, X) == (11.0, 3)


def test_contents_of_lists_and_dicts():
    @tf.function
    def f(x):
        for rate in TABLE["rate"]:
            x = x * rate
        return x

    assert called(f, X) == (6.0, 1)
    TABLE["rate"].append(2.0)
    assert called(f, X) == (12.0, 2)
    TABLE["rate"][0] = 0.5
    assert called(f, X) == (6.0, 3)


def test_small_arrays_by_value():
    weights = np.array([1.0, 2.0], np.float32)

    @tf.function
    def f(x):
        return tf.reduce_sum(x * weights)

    assert called(f, X) == (9.0, 1)
    weights[0] = 2.0
    assert called(f, X) == (12.0, 2)


def test_methods_guard_their_instance():
    class Scaled:
        kind = "plain"

        def __init__(self):
            self.scale = 2.0

        @tf.function
        def __call__(self, x):
            return self.inner(x) * (1.0 if self.kind == "plain" else 10.0)

        def inner(self, x):
            return x * self.scale

    one, two = Scaled(), Scaled()
    assert float(one(X)) == 6.0 == float(two(X))
    one.scale = 5.0
    assert float(one(X)) == 15.0 and float(two(X)) == 6.0
    Scaled.kind = "other"
    assert float(one(X)) == 150.0


def test_attributes_of_an_argument():
    class Model:
        def __init__(self):
            self.bias = tf.Variable(1.0)

    @tf.function
    def f(model, x):
        return x + model.bias

    model = Model()
    assert called(f, model, X) == (4.0, 1)
    model.bias = tf.Variable(10.0)
    assert called(f, model, X) == (13.0, 2)


def test_functions_and_layers_that_are_called():
    class Layer:
        factor = 1.0

        def call(self, x):
            return x * self.factor

        def __call__(self, x):
            return self.call(x)

    layer = Layer()

    def helper(x):
        return layer(x) * SCALE

    @tf.function
    def f(x):
        return functools.reduce(lambda y, _: helper(y), range(1), x)

    assert called(f, X) == (6.0, 1)
    layer.factor = 2.0
    assert called(f, X) == (12.0, 2)
    globals()["SCALE"] = 1.0
    assert called(f, X) == (6.0, 3)


def test_what_the_function_itself_changes_is_no_change():
    calls = []

    @tf.function
    def f(x):
        calls.append(1)
        return x * len(calls)

    assert called(f, X) == (3.0, 1) == called(f, X)


def test_not_a_number_equals_itself():
    missing = float("nan")

    @tf.function
    def f(x):
        return x if missing != missing else x * missing

    assert called(f, X) == (3.0, 1) == called(f, X)


def test_properties_are_not_run():
    class Odd:
        @property
        def rate(self):
            runs.append(1)
            return 2.0

    runs, odd = [], Odd()

    @tf.function
    def f(x):
        return x * odd.rate

    assert called(f, X) == (6.0, 1) == called(f, X)
    assert runs == [1]


def test_guards_keep_no_instance_alive():
    import gc
    import weakref

    class Owner:
        def __init__(self):
            self.scale = 2.0
            self.me = self

        @tf.function
        def f(self, x):
            return x * self.scale * self.me.scale

    owner = Owner()
    assert float(owner.f(X)) == 12.0
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_local_names_are_not_globals_of_the_same_name():
    @tf.function
    def f(x):
        value = x * 2.0
        return (lambda other: other + value)(x)

    for k in range(3):
        globals().update(value=object(), other=object())
        assert called(f, X) == (9.0, 1), k
    del globals()["value"], globals()["other"]
