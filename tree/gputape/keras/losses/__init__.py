"""Losses: functions `(y_true, y_pred) -> one value per sample`, and classes that weight, mask and reduce them."""

from __future__ import annotations

from ..identifiers import classes_in, functions
from .crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .ctc import CTC, ctc
from .hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .loss import Loss, LossFunctionWrapper, Reduction
from .overlap import Circle, Dice, Tversky, circle, dice, tversky
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
bce = BCE = binary_crossentropy
logcosh = log_cosh

_FUNCTIONS = (
    *(binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy),
    *(sparse_categorical_crossentropy, categorical_generalized_cross_entropy, kl_divergence, poisson, ctc),
    *(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error),
    *(cosine_similarity, log_cosh, huber, hinge, squared_hinge, categorical_hinge, dice, tversky, circle),
)
_ALIASES = {"mae": mae, "mape": mape, "mse": mse, "msle": msle, "kld": kld, "bce": bce, "logcosh": logcosh}
serialize, deserialize, get = functions(
    "loss",
    {
        **classes_in(globals(), Loss),
        **{f.__name__: f for f in _FUNCTIONS},
        **_ALIASES,
        **{name.upper(): f for name, f in _ALIASES.items() if f is not logcosh},
        "kullback_leibler_divergence": kl_divergence,
    },
)

# fmt: off
__all__ = [
    "Loss", "Reduction", "LossFunctionWrapper", "get", "serialize", "deserialize",
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy", "SparseCategoricalCrossentropy", "KLDivergence", "CTC",
    "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
    "CosineSimilarity", "Huber", "LogCosh", "Poisson", "Hinge", "SquaredHinge", "CategoricalHinge",
    "Dice", "Tversky", "Circle", "dice", "tversky", "circle", "ctc",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_generalized_cross_entropy", "sparse_categorical_crossentropy",
    "kl_divergence", "poisson", "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error", "cosine_similarity", "huber", "log_cosh", "logcosh",
    "hinge", "squared_hinge", "categorical_hinge",
    "mae", "MAE", "mape", "MAPE", "mse", "MSE", "msle", "MSLE", "kld", "KLD", "kullback_leibler_divergence",
    "bce", "BCE",
]
# fmt: on
