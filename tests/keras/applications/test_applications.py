"""Applications: layers, names and outputs of Keras; their arguments; their files."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras

HERE = Path(__file__).parents[2] / "references"
_spec = importlib.util.spec_from_file_location("applications_cases", HERE / "applications_cases.py")
cases: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)
RECORDED = json.loads((HERE / "applications.json").read_text())
HEAVY = {"VGG19", "ResNet50V2", "ResNet101V2", "EfficientNetB2"}  # their layers only, their kin are run


@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name: str) -> None:
    model, wanted = cases.build(keras, name), RECORDED[name]
    assert (len(model.layers), model.count_params()) == (wanted["layers"], wanted["parameters"])
    assert cases.digest(model) == wanted["digest"], "\n".join(cases.described(model))
    if name not in HEAVY:
        found, values = cases.output(model, name), np.array(wanted["output"])
        np.testing.assert_allclose(found, values, rtol=1e-3, atol=1e-4 * np.abs(values).max())


def small(**arguments: Any) -> Any:
    told = {"weights": None, "alpha": 0.35, "input_shape": (32, 32, 3), "classes": 3, **arguments}
    return keras.applications.MobileNetV2(**told)


def test_without_top_any_size_of_images() -> None:
    model = small(include_top=False, input_shape=None)
    assert model.input_shape == (None, None, None, 3)
    assert model(np.zeros((1, 64, 96, 3), "float32")).shape == (1, 2, 3, 1280)
    assert small(include_top=False, pooling="max").output_shape == (None, 1280)


def test_on_a_tensor_of_another_model() -> None:
    images = keras.Input((32, 32, 3))
    model = small(input_shape=None, input_tensor=keras.layers.Rescaling(0.5)(images), classifier_activation=None)
    assert model.inputs[0] is images
    assert any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)


def test_channels_first() -> None:
    keras.config.set_image_data_format("channels_first")
    try:
        first = small(input_shape=(3, 32, 32))
    finally:
        keras.config.set_image_data_format("channels_last")
    last = small()
    first.set_weights(last.get_weights())
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(first(np.moveaxis(x, -1, 1)), last(x), rtol=1e-4)


def test_training_a_new_top() -> None:
    body = small(include_top=False, pooling="avg")
    body.trainable = False
    model = keras.Sequential([body, keras.layers.Dense(2)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 3))
    before = [w.copy() for w in body.get_weights()]
    model.fit(x, np.array([0, 1, 0, 1]), verbose=0)
    for a, b in zip(before, body.get_weights()):
        np.testing.assert_array_equal(a, b)


def write_legacy(path: Path, model: Any) -> None:
    """A file as Keras 2 wrote it: a group for each layer, named after it, weights below."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as h5:
        h5.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = h5.create_group(layer.name)
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            names = [f"{layer.name}/{w.name}:0" for w in weights]
            group.attrs["weight_names"] = [n.encode() for n in names]
            for name, w in zip(names, weights):
                group[name] = w.numpy()


@pytest.mark.parametrize("legacy", [True, False])
def test_weights_from_a_file(legacy: bool, tmp_path: Path) -> None:
    model = small()
    path = tmp_path / ("model.h5" if legacy else "model.npz")
    if legacy:
        write_legacy(path, model)
    else:
        model.save_weights(path)
    again = small(weights=str(path))
    x = np.ones((1, 32, 32, 3), "float32")
    np.testing.assert_array_equal(again(x), model(x))
    if legacy:
        with pytest.raises(ValueError, match="has weights of the shapes"):
            small(weights=str(path), classes=4)
        with pytest.raises(ValueError, match="Layer count mismatch"):
            small(weights=str(path), include_top=False)


def test_imagenet_from_the_folder_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUTAPE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    arguments = {"include_top": False, "input_shape": (96, 96, 3), "weights": "imagenet"}
    with pytest.raises(FileNotFoundError, match=name) as error:
        small(**arguments)
    assert str(tmp_path / "models") in str(error.value)
    model = small(**{**arguments, "weights": None})
    (tmp_path / "models").mkdir()
    write_legacy(tmp_path / "models" / name, model)
    np.testing.assert_array_equal(small(**arguments).get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("network", "file"),
    [
        ("VGG16", "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("ResNet50V2", "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("DenseNet121", "densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("InceptionV3", "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("EfficientNetB0", "keras-applications/efficientnetb0_notop.h5"),
    ],
)
def test_the_error_names_file_and_address(
    network: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUTAPE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=file):
        getattr(keras.applications, network)(include_top=False, input_shape=(75, 75, 3))


def test_errors_of_arguments() -> None:
    with pytest.raises(ValueError, match="should be either"):
        small(weights="nowhere.h5")
    with pytest.raises(ValueError, match="`classes` should be 1000"):
        keras.applications.VGG16(classes=3)
    with pytest.raises(ValueError, match=r"should be \(224, 224, 3\)"):
        keras.applications.VGG16(input_shape=(32, 32, 3))
    with pytest.raises(ValueError, match="Only `None` and `softmax`"):
        keras.applications.VGG16(classifier_activation="relu")
    with pytest.raises(ValueError, match="at least 32x32"):
        small(input_shape=(31, 32, 3))
    with pytest.raises(ValueError, match="static `input_shape`"):
        small(input_shape=(None, None, 3))
    with pytest.raises(ValueError, match="tuple of three"):
        small(input_shape=(32, 32))
    with pytest.raises(ValueError, match="`alpha` must be one of"):
        keras.applications.MobileNetV2(alpha=0.4)
    with pytest.raises(AttributeError, match="did you mean 'DenseNet121'"):
        _ = keras.applications.DenseNet12


def test_every_network_has_its_module() -> None:
    for name in keras.applications.__all__:
        assert getattr(keras.applications, name) is not None
    for module in ("vgg16", "resnet50", "resnet", "resnet_v2", "mobilenet_v2", "xception", "efficientnet"):
        found = getattr(keras.applications, module)
        assert callable(found.preprocess_input) and callable(found.decode_predictions)
    assert keras.applications.resnet50.ResNet50 is keras.applications.ResNet50
    assert "include_top" in keras.applications.VGG16.__doc__


class TestImages:
    """preprocess_input and decode_predictions."""

    x = np.random.default_rng(0).integers(0, 256, (2, 4, 3, 3))

    @pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
    def test_arrays_tensors_and_both_formats(self, mode: str) -> None:
        def run(x: Any, *a: Any) -> Any:
            return keras.applications.imagenet_utils.preprocess_input(x, *a, mode=mode)

        y = run(self.x)
        assert y.dtype == "float32" and isinstance(y, np.ndarray)
        np.testing.assert_allclose(run(tf.constant(self.x)), y, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(run(np.moveaxis(self.x, -1, 1), "channels_first"), np.moveaxis(y, -1, 1), rtol=1e-6)
        np.testing.assert_allclose(run(self.x[0]), y[0])
        assert run(self.x.astype("float64")).dtype == "float64"

    def test_values(self) -> None:
        pixel = np.array([[[0.0, 127.5, 255.0]]])
        modules = keras.applications
        np.testing.assert_allclose(modules.xception.preprocess_input(pixel), [[[-1, 0, 1]]])
        np.testing.assert_allclose(modules.vgg16.preprocess_input(pixel), [[[255 - 103.939, 127.5 - 116.779, -123.68]]])
        torch = [[[-0.485 / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225]]]
        np.testing.assert_allclose(modules.densenet.preprocess_input(pixel), torch)
        assert modules.efficientnet.preprocess_input(pixel) is pixel

    @pytest.mark.parametrize("module", ["vgg16", "xception", "densenet"])
    def test_in_a_model(self, module: str) -> None:
        preprocess = getattr(keras.applications, module).preprocess_input
        images = keras.Input((4, 3, 3))
        model = keras.Model(images, preprocess(images))
        x = self.x.astype("float32")
        np.testing.assert_allclose(model(x), preprocess(x), rtol=1e-5, atol=1e-5)

    def test_names_of_classes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GPUTAPE_HOME", str(tmp_path))
        monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
        decode = keras.applications.vgg16.decode_predictions
        predictions = np.zeros((1, 1000), "float32")
        predictions[0, [3, 7]] = 0.7, 0.3
        with pytest.raises(FileNotFoundError, match=r"imagenet_class_index\.json"):
            decode(predictions)
        (tmp_path / "models").mkdir()
        names = {str(k): [f"n{k}", f"thing {k}"] for k in range(1000)}
        (tmp_path / "models" / "imagenet_class_index.json").write_text(json.dumps(names))
        ((first, second),) = decode(tf.constant(predictions), top=2)
        assert first[:2] == ("n3", "thing 3") and second[:2] == ("n7", "thing 7")
        assert first[2] == pytest.approx(0.7)
        with pytest.raises(ValueError, match="samples, 1000"):
            decode(predictions[:, :10])

    def test_mode_is_checked(self) -> None:
        with pytest.raises(ValueError, match="Expected mode"):
            keras.applications.imagenet_utils.preprocess_input(self.x, mode="other")
