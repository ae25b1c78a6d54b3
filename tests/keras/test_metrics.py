"""The metrics' base class, configs, resets and errors. Values: test_parts.py."""

from __future__ import annotations

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import metrics

from . import parts_cases as cases


@pytest.mark.parametrize("name", cases.METRICS)
def test_reset_config_and_recording(name):
    """A metric starts anew after a reset and from its config, and a recorded update is the eager one."""
    kind, options, data = cases.METRICS[name]
    y_true, y_pred = cases.DATA[data]
    metric = getattr(metrics, kind)(**options)
    first = np.asarray(metric(y_true, y_pred))
    second = np.asarray(metric(y_true[:3], y_pred[:3]))
    metric.reset_state()
    np.testing.assert_array_equal(np.asarray(metric(y_true, y_pred)), first)
    metric.reset_states()
    again = metrics.get(metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == metric.get_config()

    again.update_state(y_true, y_pred)
    update = tf.function(lambda t, p: again.update_state(t, p))
    again.reset_state()
    for part in (slice(None), slice(0, 3)):
        update(tf.constant(y_true[part]), tf.constant(y_pred[part]))
    assert "eagerly" not in update.report(), update.report()
    np.testing.assert_allclose(np.asarray(again.result()), second, rtol=1e-6)


def test_every_class_is_compared_with_keras():
    classes = {n for n in metrics.__all__ if isinstance(getattr(metrics, n), type)}
    assert classes - {kind for kind, *_ in cases.METRICS.values()} == {"Metric", "Mean", "Sum", "MeanMetricWrapper"}


def test_mean_and_sum():
    mean = metrics.Mean()
    assert float(mean.result()) == 0.0
    for values, weight in ((1.0, None), ([2.0, 3.0], None), ([[1.0, 3.0], [5.0, 7.0]], [1.0, 0.5]), ([], None)):
        mean.update_state(values, sample_weight=weight)
    np.testing.assert_allclose(mean.result().numpy(), (1 + 5 + 2 + 3) / (1 + 2 + 1.5))
    total = metrics.Sum(dtype="float64")
    total.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[1.0, 2.0])
    assert float(total.result()) == 17.0 and total.result().dtype == "float64"
    assert metrics.Mean()([1.0]).dtype == "float32"


def test_names_and_dtypes():
    assert metrics.Mean().name == "mean" and metrics.AUC(name="area").name == "area"
    assert metrics.MeanIoU(2).dtype == "int64" and metrics.Mean(dtype="float64").dtype == "float64"
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("sparse_categorical_accuracy"), metrics.SparseCategoricalAccuracy)
    assert metrics.mse is keras.losses.mse


def test_metrics_of_ones_own():
    class Range(metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.low = self.add_weight(shape=(), initializer="zeros", name="low")
            self.high = self.add_weight("high", shape=(), initializer="ones")
            self.inner = metrics.Mean()

        def update_state(self, values):
            self.high.assign(tf.reduce_max(values))
            self.inner.update_state(values)

        def result(self):
            return {"width": self.high - self.low, "mean": self.inner.result()}

    metric = Range(name="range")
    assert [v.name for v in metric.variables] == ["low", "high", "total", "count"]
    assert float(metric([1.0, 5.0])["width"]) == 5.0
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state()
    with pytest.raises(NotImplementedError, match="result"):
        metrics.Metric().result()

    class Forgets(metrics.Metric):
        def __init__(self):
            self.x = self.add_weight()

    with pytest.raises(RuntimeError, match="super"):
        Forgets()


def test_stateless_use():
    metric = metrics.Mean()
    state = metric.stateless_reset_state()
    state = metric.stateless_update_state(state, [1.0, 3.0])
    assert float(metric.stateless_result(state)) == 2.0 and float(metric.result()) == 0.0
    with pytest.raises(ValueError, match="metric_variables"):
        metric.stateless_result([])


def test_wrapped_functions_and_masks():
    metric = metrics.MeanMetricWrapper(keras.losses.huber, delta=2.0)
    assert metrics.MeanMetricWrapper.from_config(metric.get_config())._fn_kwargs == {"delta": 2.0}
    y_pred = tf.constant([[1.0], [3.0]])
    keras.scopes.set_keras_mask(y_pred, tf.constant([True, False]))
    assert float(metrics.MeanSquaredError()(tf.zeros((2, 1)), y_pred)) == 1.0


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: metrics.Precision(thresholds=[0.5, 2.0]), "Threshold values"),
        (lambda: metrics.AUC(curve="X"), "AUC curve"),
        (lambda: metrics.AUC(summation_method="x"), "summation"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: metrics.AUC(num_labels=3), "num_labels"),
        (lambda: metrics.SensitivityAtSpecificity(2.0), "specificity"),
        (lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0), "num_thresholds"),
        (lambda: metrics.FBetaScore(average="all"), "average"),
        (lambda: metrics.FBetaScore(beta=-1.0), "beta"),
        (lambda: metrics.FBetaScore(threshold=2.0), "threshold"),
        (lambda: metrics.F1Score()([1.0], [1.0]), "2D"),
        (lambda: metrics.R2Score("all"), "class_aggregation"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors"),
        (lambda: metrics.R2Score()([1.0], [1.0]), "2D"),
        (lambda: metrics.IoU(2, [3]), "out of range"),
        (lambda: metrics.Recall(class_id=1)([1.0], [1.0]), "class_id"),
        (lambda: metrics.TruePositives()([1.0, 0.0], [1.0]), "same shape"),
    ],
)
def test_errors(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_adjusted_r2_falls_back_with_few_samples():
    y_true, y_pred = [[1.0], [2.0], [4.0]], [[1.0], [2.5], [4.0]]
    plain = float(metrics.R2Score()(y_true, y_pred))
    assert float(metrics.R2Score(num_regressors=5)(y_true, y_pred)) == plain
    assert float(metrics.R2Score(num_regressors=1)(y_true, y_pred)) < plain


def test_float_weights_of_integer_counts_warn():
    with pytest.warns(UserWarning, match="float"):
        metrics.MeanIoU(2).update_state([0, 1], [0, 1], sample_weight=np.array([0.5, 1.0]))
