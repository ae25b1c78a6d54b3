import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.utils import FeatureSpace

TABLE = {
    "age": np.array([[20.0], [30.0], [40.0], [50.0]], "float32"),
    "height": np.array([[1.5], [1.6], [1.7], [1.8]], "float32"),
    "color": np.array([["red"], ["blue"], ["red"], ["green"]]),
    "city": np.array([[7], [7], [9], [11]]),
}


def space(**arguments):
    made = FeatureSpace(
        {
            "age": "float_normalized",
            "height": FeatureSpace.float_discretized(num_bins=2),
            "color": FeatureSpace.string_categorical(max_tokens=3),
            "city": FeatureSpace.integer_hashed(num_bins=5),
        },
        crosses=[("color", "city")],
        crossing_dim=6,
        **arguments,
    )
    made.adapt(tf.data.Dataset.from_tensor_slices(TABLE).batch(3))
    return made


def test_features_are_those_of_their_layers_sorted_by_name():
    made = space()
    out = np.asarray(made(TABLE))
    age = TABLE["age"]
    np.testing.assert_allclose(out[:, :1], (age - age.mean()) / age.std(), rtol=1e-5)
    np.testing.assert_array_equal(out[:, 1:6], keras.layers.Hashing(5, output_mode="one_hot")(TABLE["city"]))
    assert made.preprocessors["color"].get_vocabulary() == ["[UNK]", "red", "green"]
    np.testing.assert_array_equal(out[:, 6:9], np.eye(3)[[1, 0, 1, 2]])
    cut = made.preprocessors["height"].bin_boundaries
    np.testing.assert_array_equal(out[:, 9:11], np.eye(2)[np.digitize(TABLE["height"], cut)[:, 0]])
    indices = [
        keras.layers.StringLookup(vocabulary=["red", "green"])(TABLE["color"]),
        keras.layers.Hashing(5)(TABLE["city"]),
    ]
    np.testing.assert_array_equal(out[:, 11:], keras.layers.HashedCrossing(6, "one_hot")(indices))
    assert out.shape == (4, 17)


def test_single_rows_vectors_and_datasets():
    made = space()
    out = np.asarray(made(TABLE))
    np.testing.assert_array_equal(made({k: v[2, 0] for k, v in TABLE.items()}), out[2])
    np.testing.assert_array_equal(made({k: v[:, 0] for k, v in TABLE.items()}), out)
    mapped = tf.data.Dataset.from_tensor_slices(TABLE).batch(3).map(made)
    np.testing.assert_array_equal(np.concatenate(list(mapped)), out)


def test_dict_output_and_integers():
    made = FeatureSpace(
        {"color": FeatureSpace.string_hashed(4, output_mode="int"), "age": "float", "height": "float_rescaled"},
        crosses=[FeatureSpace.cross(("color", "color"), 3, output_mode="int")],
        output_mode="dict",
    )
    out = made({k: TABLE[k] for k in ("color", "age", "height")})
    assert sorted(out) == ["age", "color", "color_X_color", "height"]
    assert out["color"].dtype == "int64" and out["color"].shape == (4, 1)
    np.testing.assert_array_equal(out["age"], TABLE["age"])


def test_a_functional_model_and_files(tmp_path):
    pytest.importorskip("h5py")
    made = space()
    features = made.get_encoded_features()
    assert features.shape == (None, 17) and made.get_inputs()["color"].dtype == "string"
    model = keras.Model(made.get_inputs(), keras.layers.Dense(1)(features))
    model.compile("sgd", "mse")
    model.fit(tf.data.Dataset.from_tensor_slices((TABLE, np.ones((4, 1)))).batch(2), verbose=0)
    assert model.predict(TABLE, verbose=0).shape == (4, 1)
    made.save(tmp_path / "space.keras")
    loaded = keras.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(loaded(TABLE), made(TABLE))


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: FeatureSpace({}), "cannot be None or empty"),
        (lambda: FeatureSpace({"a": "floats"}), "Invalid feature type"),
        (lambda: FeatureSpace({"a": "float"}, output_mode="list"), "`output_mode`"),
        (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "b")]), "should be present"),
        (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "a")], crossing_dim=None), "`crossing_dim`"),
        (lambda: FeatureSpace({"a": "float_normalized"})({"a": 1.0}), "call `.adapt"),
        (lambda: FeatureSpace({"a": "float"})([1.0]), "called with a dict"),
        (lambda: FeatureSpace({"a": "float"}).adapt([1.0]), "can only be called on"),
        (lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, "int")})({"a": 1}), "has not been encoded"),
        (
            lambda: FeatureSpace({"a": FeatureSpace.feature("float32", keras.layers.Rescaling(2.0), "one_hot")})(
                {"a": 1}
            ),
            "should return an integer dtype",
        ),
    ],
)
def test_errors_say_what_to_do(make, told):
    with pytest.raises(ValueError, match=told):
        make()
