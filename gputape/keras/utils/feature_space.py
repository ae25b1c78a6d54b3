"""FeatureSpace: a table's columns, each by a preprocessing layer of its kind, as one vector or a dict of vectors."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import layers
from ..layers.data_layer import DataLayer, as_data
from ..scopes import auto_name
from ..serialization import deserialize_keras_object, serialize_keras_object

_MODULE = "keras.src.layers.preprocessing.feature_space"  # where Keras keeps what it does not export


class Cross:
    """Features to be crossed: `feature_names` hashed together into `crossing_dim` bins, as "one_hot" or "int"."""

    _keras_module = _MODULE

    def __init__(self, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot") -> None:
        _one_of(output_mode, ("int", "one_hot"))
        self.feature_names, self.crossing_dim, self.output_mode = tuple(feature_names), crossing_dim, output_mode

    @property
    def name(self) -> str:
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class Feature:
    """A column of values of `dtype`, given to the layer `preprocessor`; its output as "int", "one_hot" or "float"."""

    _keras_module = _MODULE

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        _one_of(output_mode, ("int", "one_hot", "float"))
        self.dtype, self.output_mode = dtype, output_mode
        self.preprocessor = deserialize_keras_object(preprocessor) if isinstance(preprocessor, dict) else preprocessor

    def get_config(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "preprocessor": serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class TFDIdentity(DataLayer):
    """y = x in the layer's dtype: what Keras calls the preprocessor of plain floats."""

    _keras_module = _MODULE

    def call(self, x: Any) -> Any:
        return tf.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def _one_of(output_mode: str, allowed: tuple[str, ...]) -> None:
    if output_mode not in allowed:
        raise ValueError(
            f"Invalid value for argument `output_mode`. Expected one of {allowed}. Received: output_mode={output_mode}"
        )


class FeatureSpace(layers.Layer):
    """Columns of a table as input of a model: normalized, indexed, hashed, crossed and joined.

    Args:
        features: {column name: its kind}: "float", "float_normalized", "float_rescaled", "float_discretized",
            "integer_categorical", "string_categorical", "integer_hashed", "string_hashed"; or what the class methods of
            these names return, which take arguments; or `FeatureSpace.feature(...)` with a layer of your own.
        output_mode: "concat" (default): one vector of all features, sorted by name, crosses last. "dict": the features
            by themselves, a cross under the names of its columns joined by "_X_".
        crosses: tuples of column names, or `FeatureSpace.cross(...)`.
        crossing_dim, hashing_dim, num_discretization_bins: bins of crosses, hashes and discretizations of which the
            number is not given. Default 32.

    `adapt` it to data, then call it with a dict of columns (...,), (batch,) or (batch, 1), map datasets with it, or build
    a model from `get_inputs()` and `get_encoded_features()`. ValueError for unknown kinds, modes and columns, and for
    calls before `adapt`.

    >>> from gputape import keras
    >>> space = keras.utils.FeatureSpace({"age": "float_normalized", "color": "string_categorical"})
    >>> space.adapt({"age": [20.0, 40.0], "color": ["red", "blue"]})
    >>> space({"age": [20.0, 40.0], "color": ["red", "green"]}).numpy()
    array([[-1.,  0.,  1.,  0.],
           [ 1.,  1.,  0.,  0.]], dtype=float32)
    """

    _keras_module = "keras.utils"
    compiled = False  # it is saved like a model

    # -- kinds of features
    @classmethod
    def cross(cls, feature_names: Any, crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """A cross of columns; see `Cross`."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column with a layer of your own; see `Feature`."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Floats as they are."""
        return Feature("float32", TFDIdentity(dtype="float32", name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Floats times `scale` plus `offset`."""
        return Feature("float32", layers.Rescaling(scale, offset, name=_named(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Floats shifted and scaled to mean 0 and variance 1."""
        return Feature("float32", layers.Normalization(axis=-1, name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int | None, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Floats as their bin of `num_bins` quantiles, or between `bin_boundaries`."""
        layer = layers.Discretization(
            bin_boundaries, None if bin_boundaries is not None else num_bins, name=_named(name, "float_discretized")
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Integers as their index in a vocabulary."""
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=_named(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings as their index in a vocabulary."""
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Strings as one of `num_bins` bins."""
        return Feature("string", layers.Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Integers as one of `num_bins` bins."""
        return Feature("int32", layers.Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode)

    def __init__(
        self,
        features: dict[str, Any],
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: Any = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ValueError("The `features` argument cannot be None or empty.")
        _one_of(output_mode, ("dict", "concat"))
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins, self.output_mode = num_discretization_bins, output_mode
        self.features = {key: self._as_feature(key, value) for key, value in features.items()}
        self.crosses = [self._as_cross(cross) for cross in crosses or ()]
        self.inputs = {key: layers.Input((1,), dtype=f.dtype, name=key) for key, f in self.features.items()}
        self.preprocessors = {key: f.preprocessor for key, f in self.features.items()}
        self.crossers = {c.name: layers.HashedCrossing(c.crossing_dim, name=c.name) for c in self.crosses}
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self.encoded_features: Any = None
        self._is_adapted = False

    def _as_feature(self, name: str, feature: Any) -> Feature:
        if isinstance(feature, Feature):
            return feature
        if isinstance(feature, dict):
            return deserialize_keras_object(feature)
        bins = {"float_discretized": self.num_discretization_bins}
        bins |= dict.fromkeys(("integer_hashed", "string_hashed"), self.hashing_dim)
        if feature in bins:
            return getattr(self, feature)(bins[feature], name=name)
        if feature in ("float", "float_normalized", "float_rescaled", "integer_categorical", "string_categorical"):
            return getattr(self, feature)(name=name)
        raise ValueError(f"Invalid feature type: {feature}")

    def _as_cross(self, cross: Any) -> Cross:
        if isinstance(cross, dict):
            return deserialize_keras_object(cross)
        if isinstance(cross, Cross):
            return cross
        if not self.crossing_dim:
            raise ValueError(
                "When specifying `crosses`, the argument `crossing_dim` (dimensionality of the crossing space) should "
                "be specified as well."
            )
        if not set(cross) <= set(self.features):
            raise ValueError(
                "All features referenced in the `crosses` argument should be present in the `features` dict. "
                f"Received unknown features: {cross}"
            )
        return Cross(cross, self.crossing_dim)

    # -- learning
    def adapt(self, dataset: Any) -> None:
        """Let the layers of all columns learn from a Dataset of dicts, batched or not, or from a dict of arrays."""
        if isinstance(dataset, dict):
            dataset = tf.data.Dataset.from_tensor_slices(dataset)
        if not isinstance(dataset, tf.data.Dataset):
            raise ValueError(
                "`adapt()` can only be called on a tf.data.Dataset or a dict of arrays/lists. Received instead: "
                f"{dataset} (of type {type(dataset)})"
            )
        first = next(iter(dataset))
        for name in self._learners():
            rows = dataset if len(first[name].shape) else dataset.batch(32)
            self.preprocessors[name].adapt(rows.map(lambda row, name=name: _as_column(row[name])))
        self._is_adapted = True
        self._make()

    def _learners(self) -> list[str]:
        """The columns whose layers have something to learn."""
        found = []
        for name, layer in self.preprocessors.items():
            known = isinstance(layer, layers.Normalization) and layer.input_mean is not None
            known = known or getattr(layer, "_has_input_vocabulary", False)
            known = known or (isinstance(layer, layers.Discretization) and layer.num_bins is None)
            if hasattr(layer, "adapt") and not known:
                found.append(name)
        return found

    def _make(self) -> None:
        """Make the encoders and the symbolic output; ValueError before `adapt`."""
        if not self._is_adapted and self._learners():
            raise ValueError("You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it.")
        self._is_adapted = True
        if self.encoded_features is not None:
            return
        found = self._features_of(self.inputs)
        modes = {
            **{name: f.output_mode for name, f in self.features.items()},
            **{c.name: c.output_mode for c in self.crosses},
        }
        for name, x in found.items():
            if modes[name] == "one_hot":
                self.one_hot_encoders[name] = layers.CategoryEncoding(self._categories(name, x), "multi_hot")
        if self.output_mode == "concat":
            for name, x in found.items():
                if name not in self.one_hot_encoders and not tf.as_dtype(x.dtype).is_floating:
                    raise ValueError(
                        f"Cannot concatenate features because feature '{name}' has not been encoded (it has dtype "
                        f"{x.dtype}). Consider using `output_mode='dict'`."
                    )
            self.concat = layers.Concatenate(axis=-1)
        self.encoded_features = self._merged(found)
        self.built = True

    def _categories(self, name: str, x: Any) -> int:
        layer = self.preprocessors.get(name) or self.crossers[name]
        if not tf.as_dtype(x.dtype).is_integer:
            raise ValueError(
                f"Feature '{name}' has `output_mode='one_hot'`. Thus its preprocessor should return an integer dtype. "
                f"Instead it returns a {x.dtype} dtype."
            )
        if isinstance(layer, (layers.IntegerLookup, layers.StringLookup)):
            return layer.vocabulary_size()
        if isinstance(layer, layers.Discretization):
            return layer.num_bins or len(layer.bin_boundaries) + 1
        if isinstance(layer, (layers.HashedCrossing, layers.Hashing)):
            return layer.num_bins
        if isinstance(layer, layers.CategoryEncoding):
            return layer.num_tokens
        raise ValueError(
            f"Feature '{name}' has `output_mode='one_hot'`. However it isn't a standard feature and the dimensionality "
            "of its output space is not known, thus it cannot be one-hot encoded. Try using `output_mode='int'`."
        )

    # -- calling
    def get_inputs(self) -> dict[str, Any]:
        """A keras.Input of shape (1,) for each column."""
        self._make()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """The symbolic output for `get_inputs()`, for a model."""
        self._make()
        return self.encoded_features

    def _features_of(self, columns: dict[str, Any]) -> dict[str, Any]:
        """What the layers of columns and crosses return, columns first, each sorted by name."""
        found = {name: self.preprocessors[name](columns[name]) for name in sorted(self.features)}
        crossed = sorted(self.crosses, key=lambda c: c.name)
        return {**found, **{c.name: self.crossers[c.name]([found[n] for n in c.feature_names]) for c in crossed}}

    def _merged(self, found: dict[str, Any]) -> Any:
        encoders = self.one_hot_encoders
        encoded = {name: encoders[name](x) if name in encoders else x for name, x in found.items()}
        return self.concat(list(encoded.values())) if self.output_mode == "concat" else encoded

    def __call__(self, data: Any) -> Any:
        """The features of a dict of columns, each a value, (batch,) or (batch, 1); values give results without batch."""
        self._make()
        if not isinstance(data, dict):
            raise ValueError(
                f"A FeatureSpace can only be called with a dict. Received: data={data} (of type {type(data)})"
            )
        columns = {name: as_data(x) for name, x in data.items()}
        single = any(not x.ndim for x in columns.values())
        columns = {name: _as_column(x if x.ndim else x[None]) for name, x in columns.items()}
        made = self._merged(self._features_of(columns))
        if not single:
            return made
        if self.output_mode == "concat":
            return tf.squeeze(made, 0)
        return {name: tf.squeeze(x, 0) if x.ndim == 2 and x.shape[0] == 1 else x for name, x in made.items()}

    # -- saving
    def get_config(self) -> dict[str, Any]:
        return {
            "features": {name: serialize_keras_object(f) for name, f in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [serialize_keras_object(c) for c in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: Any) -> None:
        for name, inner in config.items():
            if not self.preprocessors[name].built:
                self.preprocessors[name].build_from_config(inner)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Write it to a `.keras` file, which `keras.models.load_model` reads."""
        from ..saving import save_model

        save_model(self, filepath)


def _as_column(x: Any) -> Any:
    return x[:, None] if x.ndim == 1 else x


def _named(name: str | None, kind: str) -> str:
    return f"{name or auto_name(kind)}_preprocessor"
