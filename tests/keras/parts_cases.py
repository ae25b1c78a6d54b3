"""What is compared with Keras: optimizers, schedules, losses, metrics, activations, constraints and regularizers.

Every case is made from a `keras` module, so the same table runs Keras, when the references are recorded
(tests/references/make_keras_parts.py), and gputape.keras, in the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_random = np.random.RandomState(7)


def _values(*shape: int) -> Any:
    return np.asarray(_random.standard_normal(shape), "float32")


def _shares(*shape: int) -> Any:
    x = np.exp(_random.randn(*shape))
    return (x / x.sum(-1, keepdims=True)).astype("float32")


def _one_hot(labels: Any, classes: int) -> Any:
    return np.eye(classes, dtype="float32")[labels]


# -- optimizers: ten steps on three variables
SHAPES = ((3, 4), (4,), ())
START = [_values(*shape) for shape in SHAPES]
GRADIENTS = [[_values(*shape) for shape in SHAPES] for _ in range(10)]
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"learning_rate": 0.1}),
    "sgd momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "sgd nesterov": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "sgd clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    "sgd clipvalue": ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    "sgd global_clipnorm": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 1.0}),
    "sgd loss_scale": ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 4.0}),
    "adam": ("Adam", {"learning_rate": 0.1}),
    "adam amsgrad": ("Adam", {"learning_rate": 0.1, "amsgrad": True, "beta_1": 0.8, "beta_2": 0.95}),
    "adam ema": ("Adam", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}),
    "adam accumulate": ("Adam", {"learning_rate": 0.1, "gradient_accumulation_steps": 3, "clipnorm": 1.0}),
    "adamw": ("AdamW", {"learning_rate": 0.1, "weight_decay": 0.1}),
    "adamax": ("Adamax", {"learning_rate": 0.1}),
    "nadam": ("Nadam", {"learning_rate": 0.1}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1, "weight_decay": 0.1}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.1}),
    "rmsprop centered": ("RMSprop", {"learning_rate": 0.1, "centered": True, "momentum": 0.5}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1}),
    "ftrl regularized": (
        "Ftrl",
        {
            "learning_rate": 0.1,
            "learning_rate_power": -0.7,
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.1,
        },
    ),
    "lion": ("Lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
    "lamb": ("Lamb", {"learning_rate": 0.1, "weight_decay": 0.1}),
    "adafactor": ("Adafactor", {"learning_rate": 0.5}),
    "adafactor absolute": ("Adafactor", {"learning_rate": 0.5, "relative_step": False, "clip_threshold": 0.5}),
    "muon": ("Muon", {"learning_rate": 0.1}),
    "muon plain": ("Muon", {"learning_rate": 0.1, "nesterov": False, "rms_rate": None, "weight_decay": None}),
}


def run_optimizer(keras: Any, name: str, convert: Any) -> list[Any]:
    """The variables after ten steps. `convert` makes a tensor of an array."""
    kind, options = OPTIMIZERS[name]
    optimizer = getattr(keras.optimizers, kind)(**options)
    variables = [keras.Variable(x, name=f"v{k}") for k, x in enumerate(START)]
    for gradients in GRADIENTS:
        optimizer.apply([convert(g) for g in gradients], variables)
    return [np.asarray(v) for v in variables]


SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9}),
    "staircase": (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.9, "staircase": True},
    ),
    "inverse": ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5}),
    "inverse staircase": (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5, "staircase": True},
    ),
    "piecewise": ("PiecewiseConstantDecay", {"boundaries": [5, 15, 20], "values": [1.0, 0.5, 0.25, 0.1]}),
    "polynomial": ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "power": 0.5}),
    "polynomial cycle": ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "cycle": True}),
    "cosine": ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.1}),
    "cosine warmup": (
        "CosineDecay",
        {"initial_learning_rate": 0.01, "decay_steps": 20, "warmup_target": 0.1, "warmup_steps": 6},
    ),
    "restarts": ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 7, "m_mul": 0.5}),
    "restarts even": (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.0, "alpha": 0.2},
    ),
}
STEPS = (0, 1, 5, 6, 10, 16, 20, 33)

# -- data for losses and metrics: (y_true, y_pred) by kind; 6 samples
_classes = np.array([0, 3, 1, 1, 2, 3])
DATA: dict[str, tuple[Any, Any]] = {
    "numbers": (_values(6, 5), _values(6, 5)),
    "positive": (np.abs(_values(6, 5)), np.abs(_values(6, 5))),
    "vectors": (_values(6), _values(6, 1)),
    "signs": (np.sign(_values(6, 5)), _values(6, 5)),
    "binary": ((_values(6, 5) > 0).astype("float32"), (1 / (1 + np.exp(-_values(6, 5)))).astype("float32")),
    "binary logits": ((_values(6, 5) > 0).astype("float32"), _values(6, 5)),
    "one binary": ((_values(6, 1) > 0).astype("float32"), (1 / (1 + np.exp(-_values(6, 1)))).astype("float32")),
    "classes": (_one_hot(_classes, 4), _shares(6, 4)),
    "class logits": (_one_hot(_classes, 4), _values(6, 4)),
    "sparse": (_classes.astype("int32"), _shares(6, 4)),
    "sparse column": (_classes.reshape(6, 1).astype("int32"), _shares(6, 4)),
    "sparse logits": (_classes.astype("int32"), _values(6, 4)),
    "pixels": (_random.randint(0, 4, (6, 3, 2)).astype("int32"), _shares(6, 3, 2, 4)),
    "shares": (_shares(6, 4), _shares(6, 4)),
    "embeddings": (
        np.array([0, 1, 0, 2, 1, 2], "int32"),
        (lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True))(_values(6, 5)),
    ),
    "sequences": (
        np.array([[1, 2, 0], [3, 3, 1], [2, 0, 0], [1, 1, 1], [0, 0, 0], [3, 2, 1]], "int32"),
        _values(6, 7, 4),
    ),
    "labels": (_classes.astype("int32"), np.array([0, 3, 2, 1, 2, 0], "int32")),
    "one-hot pair": (_one_hot(_classes, 4), _one_hot(np.array([0, 3, 2, 1, 2, 0]), 4)),
}
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 1.0], "float32")

LOSSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "mse": ("MeanSquaredError", {}, "numbers"),
    "mse vectors": ("MeanSquaredError", {}, "vectors"),
    "mae": ("MeanAbsoluteError", {}, "numbers"),
    "mape": ("MeanAbsolutePercentageError", {}, "numbers"),
    "msle": ("MeanSquaredLogarithmicError", {}, "positive"),
    "cosine": ("CosineSimilarity", {}, "numbers"),
    "cosine axis": ("CosineSimilarity", {"axis": 0}, "numbers"),
    "huber": ("Huber", {"delta": 0.7}, "numbers"),
    "log_cosh": ("LogCosh", {}, "numbers"),
    "poisson": ("Poisson", {}, "positive"),
    "hinge": ("Hinge", {}, "signs"),
    "hinge binary": ("Hinge", {}, "binary logits"),
    "squared_hinge": ("SquaredHinge", {}, "signs"),
    "categorical_hinge": ("CategoricalHinge", {}, "class logits"),
    "kld": ("KLDivergence", {}, "shares"),
    "bce": ("BinaryCrossentropy", {}, "binary"),
    "bce logits": ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "binary logits"),
    "focal": ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3}, "binary"),
    "focal logits": ("BinaryFocalCrossentropy", {"gamma": 1.5, "from_logits": True}, "binary logits"),
    "cce": ("CategoricalCrossentropy", {}, "classes"),
    "cce logits": ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "class logits"),
    "cfce": ("CategoricalFocalCrossentropy", {}, "classes"),
    "cfce logits": ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": 0.5}, "class logits"),
    "scce": ("SparseCategoricalCrossentropy", {}, "sparse"),
    "scce column": ("SparseCategoricalCrossentropy", {}, "sparse column"),
    "scce logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, "sparse logits"),
    "scce ignore": ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "sparse"),
    "scce pixels": ("SparseCategoricalCrossentropy", {}, "pixels"),
    "generalized": ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, "sparse"),
    "dice": ("Dice", {}, "binary"),
    "dice axis": ("Dice", {"axis": 1}, "binary"),
    "tversky": ("Tversky", {"alpha": 0.3, "beta": 0.7, "axis": 1}, "binary"),
    "circle": ("Circle", {"gamma": 4.0}, "embeddings"),
    "ctc": ("CTC", {}, "sequences"),
}
REDUCTIONS = ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight")


def run_loss(keras: Any, name: str) -> list[Any]:
    """Without and with weights, for each reduction."""
    kind, options, data = LOSSES[name]
    y_true, y_pred = DATA[data]
    make = getattr(keras.losses, kind)
    shape = np.asarray(make(reduction="none", **options)(y_true, y_pred)).shape
    weights = WEIGHTS.reshape(6, *[1] * (len(shape) - 1)) if shape[:1] == (6,) else np.float32(0.5)
    out = []
    for reduction in REDUCTIONS:
        loss = make(reduction=reduction, **options)
        out += [np.asarray(loss(y_true, y_pred)), np.asarray(loss(y_true, y_pred, sample_weight=weights))]
    return out


METRICS: dict[str, tuple[str, dict[str, Any], str]] = {
    "accuracy": ("Accuracy", {}, "labels"),
    "binary_accuracy": ("BinaryAccuracy", {"threshold": 0.4}, "binary"),
    "categorical_accuracy": ("CategoricalAccuracy", {}, "classes"),
    "sparse_categorical_accuracy": ("SparseCategoricalAccuracy", {}, "sparse"),
    "sparse_categorical_accuracy column": ("SparseCategoricalAccuracy", {}, "sparse column"),
    "top_k": ("TopKCategoricalAccuracy", {"k": 2}, "classes"),
    "sparse_top_k": ("SparseTopKCategoricalAccuracy", {"k": 2}, "sparse"),
    "mse": ("MeanSquaredError", {}, "numbers"),
    "rmse": ("RootMeanSquaredError", {}, "numbers"),
    "mae": ("MeanAbsoluteError", {}, "numbers"),
    "mape": ("MeanAbsolutePercentageError", {}, "numbers"),
    "msle": ("MeanSquaredLogarithmicError", {}, "positive"),
    "cosine": ("CosineSimilarity", {}, "numbers"),
    "logcosh": ("LogCoshError", {}, "numbers"),
    "hinge": ("Hinge", {}, "signs"),
    "squared_hinge": ("SquaredHinge", {}, "signs"),
    "categorical_hinge": ("CategoricalHinge", {}, "class logits"),
    "kld": ("KLDivergence", {}, "shares"),
    "poisson": ("Poisson", {}, "positive"),
    "bce": ("BinaryCrossentropy", {}, "binary"),
    "cce": ("CategoricalCrossentropy", {"from_logits": True}, "class logits"),
    "scce": ("SparseCategoricalCrossentropy", {}, "sparse"),
    "scce ignore": ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "sparse"),
    "pearson": ("PearsonCorrelation", {}, "numbers"),
    "concordance": ("ConcordanceCorrelation", {}, "numbers"),
    "r2": ("R2Score", {}, "numbers"),
    "r2 weighted": ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 3}, "numbers"),
    "r2 each": ("R2Score", {"class_aggregation": None}, "numbers"),
    "tp": ("TruePositives", {}, "binary"),
    "fp": ("FalsePositives", {"thresholds": [0.2, 0.5, 0.9]}, "binary"),
    "tn": ("TrueNegatives", {"thresholds": [0.0, 0.5, 1.0]}, "binary"),
    "fn": ("FalseNegatives", {"thresholds": 0.3}, "binary"),
    "precision": ("Precision", {}, "binary"),
    "precision even": ("Precision", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, "binary"),
    "precision class": ("Precision", {"class_id": 2, "thresholds": 0.3}, "classes"),
    "precision top_k": ("Precision", {"top_k": 2}, "classes"),
    "recall": ("Recall", {"thresholds": [0.3, 0.6]}, "binary"),
    "recall top_k": ("Recall", {"top_k": 1, "class_id": 3}, "classes"),
    "sensitivity": ("SensitivityAtSpecificity", {"specificity": 0.4, "num_thresholds": 20}, "binary"),
    "specificity": ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 1}, "binary"),
    "precision at recall": ("PrecisionAtRecall", {"recall": 0.5}, "binary"),
    "recall at precision": ("RecallAtPrecision", {"precision": 0.5, "class_id": 1}, "binary"),
    "auc": ("AUC", {}, "one binary"),
    "auc pr": ("AUC", {"curve": "PR", "num_thresholds": 30}, "binary"),
    "auc majoring": ("AUC", {"curve": "PR", "summation_method": "majoring"}, "binary"),
    "auc minoring": ("AUC", {"summation_method": "minoring", "num_thresholds": 10}, "binary"),
    "auc gain": ("AUC", {"curve": "PRGAIN", "thresholds": [0.1, 0.4, 0.45, 0.8]}, "binary"),
    "auc thresholds": ("AUC", {"thresholds": [0.1, 0.4, 0.45, 0.8]}, "binary"),
    "auc logits": ("AUC", {"from_logits": True}, "binary logits"),
    "auc labels": ("AUC", {"multi_label": True, "num_labels": 5, "label_weights": [1.0, 2.0, 0.5, 1.0, 1.0]}, "binary"),
    "auc labels pr": ("AUC", {"multi_label": True, "curve": "PR", "thresholds": [0.2, 0.35, 0.7]}, "binary"),
    "auc label weights": ("AUC", {"label_weights": [1.0, 2.0, 0.5, 1.0, 1.0]}, "binary"),
    "f1": ("F1Score", {"average": "macro"}, "classes"),
    "f1 each": ("F1Score", {"threshold": 0.3}, "classes"),
    "fbeta micro": ("FBetaScore", {"average": "micro", "beta": 2.0}, "classes"),
    "fbeta weighted": ("FBetaScore", {"average": "weighted", "beta": 0.5}, "classes"),
    "iou": ("IoU", {"num_classes": 4, "target_class_ids": [0, 2], "dtype": "float32"}, "labels"),
    "binary_iou": ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, "binary"),
    "mean_iou": ("MeanIoU", {"num_classes": 4, "ignore_class": 2, "dtype": "float32"}, "labels"),
    "one_hot_iou": ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1], "dtype": "float32"}, "classes"),
    "one_hot_mean_iou": ("OneHotMeanIoU", {"num_classes": 4, "dtype": "float32"}, "one-hot pair"),
}


def run_metric(keras: Any, name: str) -> list[Any]:
    """After a first batch, a second one in part, and a third one with weights."""
    kind, options, data = METRICS[name]
    y_true, y_pred = DATA[data]
    metric = getattr(keras.metrics, kind)(**options)
    out = []
    for samples, weighted in ((slice(0, 4), False), (slice(2, 6), False), (slice(0, 6), True)):
        weights = WEIGHTS[samples] if data != "binary" or "iou" not in name else np.repeat(WEIGHTS[samples, None], 5, 1)
        metric.update_state(y_true[samples], y_pred[samples], **({"sample_weight": weights} if weighted else {}))
        out.append(np.asarray(metric.result()))
    return out


# -- functions of one tensor
X = np.concatenate([np.linspace(-7, 7, 15), [0.0, -0.5, 0.5, 1e-3]]).astype("float32")
ROWS = _values(3, 6)
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        name: (name, {})
        for name in (
            *("linear", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "sigmoid"),
            *("log_sigmoid", "hard_sigmoid", "sparse_sigmoid", "hard_silu", "tanh", "hard_tanh", "tanh_shrink"),
            *("softplus", "softsign", "squareplus", "sparse_plus", "soft_shrink", "hard_shrink", "exponential"),
        )
    },
    "relu options": ("relu", {"negative_slope": 0.1, "max_value": 4.0, "threshold": 1.0}),
    "relu cut": ("relu", {"max_value": 2.5}),
    "relu slope": ("relu", {"negative_slope": 0.3}),
    "elu alpha": ("elu", {"alpha": 0.5}),
    "celu alpha": ("celu", {"alpha": 0.5}),
    "gelu tanh": ("gelu", {"approximate": True}),
    "squareplus b": ("squareplus", {"b": 2}),
    "threshold": ("threshold", {"threshold": 1.0, "default_value": -2.0}),
    "softmax rows": ("softmax", {}),
    "softmax columns rows": ("softmax", {"axis": 0}),
    "log_softmax rows": ("log_softmax", {}),
    "glu rows": ("glu", {}),
}


def input_of(name: str) -> Any:
    return ROWS if name.endswith("rows") else X


CONSTRAINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "max": ("MaxNorm", {"max_value": 1.5}),
    "max axis": ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    "non_neg": ("NonNeg", {}),
    "unit": ("UnitNorm", {"axis": [0, 1]}),
    "min_max": ("MinMaxNorm", {"min_value": 1.0, "max_value": 1.2, "rate": 0.5}),
}
REGULARIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "l1": ("L1", {"l1": 0.1}),
    "l2": ("L2", {"l2": 0.2}),
    "l1_l2": ("L1L2", {"l1": 0.1, "l2": 0.2}),
    "orthogonal": ("OrthogonalRegularizer", {"factor": 0.3}),
    "orthogonal columns": ("OrthogonalRegularizer", {"mode": "columns"}),
}
STFT: dict[str, dict[str, Any]] = {
    "default": {},
    "imag": {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True},
    "plain": {"window": None, "scaling": None},
}
