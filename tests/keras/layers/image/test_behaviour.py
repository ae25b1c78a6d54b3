"""What image layers have in common: seeds, training, single images, dicts, pipelines, models, dtypes."""

import json

import numpy as np
import pytest

import gputape as tf
from gputape import keras

layers = keras.layers
# Layers that act in training only, with arguments under which they change the images below.
RANDOM = {
    "RandomFlip": {}, "RandomRotation": {"factor": 0.3}, "RandomZoom": {"height_factor": 0.4},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.3}, "RandomShear": {"x_factor": 0.5},
    "RandomPerspective": {"factor": (1.0, 1.0)}, "RandomElasticTransform": {"factor": (1.0, 1.0)},
    "RandomBrightness": {"factor": 0.3}, "RandomContrast": {"factor": 0.5}, "RandomHue": {"factor": 0.5},
    "RandomSaturation": {"factor": (0.1, 0.3)}, "RandomGrayscale": {"factor": 1.0},
    "RandomColorDegeneration": {"factor": (0.2, 0.9)}, "RandomSharpness": {"factor": (0.7, 1.0)},
    "RandomColorJitter": {"brightness_factor": 0.2, "contrast_factor": 0.2, "saturation_factor": 0.2, "hue_factor": 0.2},
    "RandomGaussianBlur": {"factor": (1.0, 1.0)}, "RandomErasing": {"factor": (1.0, 1.0), "scale": (0.3, 0.6)},
    "RandomInvert": {"factor": (1.0, 1.0)}, "RandomPosterization": {"factor": (2, 4)},
    "Solarization": {"addition_factor": 0.4, "threshold_factor": 0.4}, "Equalization": {}, "RandAugment": {"num_ops": 4},
    "AugMix": {"factor": (0.5, 0.9)}, "MixUp": {}, "CutMix": {},
}  # fmt: skip


def images(shape=(4, 8, 10, 3)):
    return tf.constant(np.random.default_rng(1).random(shape) * 255, "float32")


def made(name, **kwargs):
    seed = {} if name == "Equalization" else {"seed": 3}
    return getattr(layers, name)(**RANDOM[name], **seed, **kwargs)


@pytest.mark.parametrize("name", RANDOM)
def test_layers_act_in_training_only_and_alike_for_the_same_seed(name):
    x = images()
    layer = made(name)
    y = layer(x, training=True)
    assert y.shape == x.shape and y.dtype == tf.float32 and np.isfinite(y.numpy()).all()
    assert np.abs(y.numpy() - x.numpy()).max() > 1
    assert not (np.asarray(layer(x, training=True)) == y.numpy()).all() or name in (
        "RandomInvert",
        "Equalization",
        "RandomGrayscale",
    )
    np.testing.assert_array_equal(made(name)(x, training=True).numpy(), y.numpy())
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x.numpy())


@pytest.mark.parametrize("name", RANDOM)
def test_single_images_and_other_dtypes(name):
    y = made(name)(images((6, 5, 3)), training=True)
    assert y.shape == (6, 5, 3)
    half = made(name, dtype="float16")(tf.cast(images((2, 6, 5, 3)), "float16"), training=True)
    assert half.dtype == tf.float16 and np.isfinite(half.numpy()).all()
    whole = made(name)(np.random.default_rng(2).integers(0, 255, (2, 6, 5, 3), dtype="uint8"), training=True)
    assert whole.dtype == tf.float32


@pytest.mark.parametrize("name", sorted(set(RANDOM) - {"RandomErasing", "RandomElasticTransform"}))
def test_channels_first_are_the_same_images_turned(name):
    x = images()
    last = made(name)(x, training=True).numpy()
    first = made(name, data_format="channels_first")(tf.transpose(x, (0, 3, 1, 2)), training=True).numpy()
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), last, atol=0.02)


@pytest.mark.parametrize("name", [*RANDOM, "AutoContrast"])
def test_layers_come_back_from_their_configs(name):
    layer = layers.AutoContrast() if name == "AutoContrast" else made(name)
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert json.dumps(again.get_config()) == json.dumps(layer.get_config())


def test_images_labels_masks_and_boxes_change_together():
    x = images((2, 4, 6, 3))
    data = {
        "images": x,
        "labels": np.eye(2, dtype="float32"),
        "segmentation_masks": x[..., :1],
        "bounding_boxes": {"boxes": np.array([[[0, 0, 2, 4]], [[3, 0, 6, 4]]]), "labels": np.array([[5], [6]])},
    }
    layer = layers.RandomFlip("horizontal", seed=1, bounding_box_format="xyxy")
    for _ in range(4):
        y = layer(data, training=True)
        np.testing.assert_array_equal(y["segmentation_masks"].numpy(), y["images"].numpy()[..., :1])
        np.testing.assert_array_equal(y["labels"], data["labels"])
        for k in range(2):
            flipped = not (y["images"][k].numpy() == x[k].numpy()).all()
            left, _, right, _ = data["bounding_boxes"]["boxes"][k][0]
            wanted = [6 - right, 0, 6 - left, 4] if flipped else [left, 0, right, 4]
            np.testing.assert_allclose(y["bounding_boxes"]["boxes"][k, 0], wanted, atol=1e-5)
    assert data["images"] is x and data["labels"].dtype == np.float32  # what was given is not changed
    with pytest.raises(ValueError, match="bounding box format"):
        layers.RandomFlip()(data)


def test_boxes_of_a_single_image_lose_what_is_cut_off():
    boxes = {"boxes": np.array([[0.0, 0, 1, 1], [2, 2, 5, 4]]), "labels": np.array([7, 8])}
    layer = layers.CenterCrop(2, 2, bounding_box_format="xyxy")
    found = layer({"images": images((4, 6, 3)), "bounding_boxes": boxes})["bounding_boxes"]
    np.testing.assert_allclose(found["boxes"], [[0, 0, 0, 0], [0, 1, 2, 2]])
    np.testing.assert_array_equal(found["labels"], [-1, 8])
    with pytest.raises(ValueError, match="keys 'boxes' and 'labels'"):
        layer({"images": images((4, 6, 3)), "bounding_boxes": {"boxes": np.zeros((1, 4))}})


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0])
def test_boxes_follow_a_rotation(factor):
    x = np.zeros((1, 9, 9, 1), "float32")
    x[0, 2:4, 5:8] = 1
    layer = layers.RandomRotation((factor, factor), fill_mode="constant", bounding_box_format="xyxy")
    data = {"images": x, "bounding_boxes": {"boxes": np.array([[[5.0, 2, 7, 3]]]), "labels": np.array([[1]])}}
    y = layer(data, training=True)
    rows, columns = np.nonzero(y["images"].numpy()[0, ..., 0] > 0.5)
    seen = [columns.min(), rows.min(), columns.max(), rows.max()]
    np.testing.assert_allclose(y["bounding_boxes"]["boxes"][0, 0], seen, atol=1e-3)


def test_boxes_follow_a_perspective():
    layer = layers.RandomPerspective(bounding_box_format="xywh")
    start = np.array([[[0, 0], [8, 0], [0, 8], [8, 8]]], "float32")
    drawn = {"apply_perspective": [True], "start_points": start, "end_points": start / 2, "input_shape": (1, 9, 9, 1)}
    found = layer.transform_bounding_boxes({"boxes": tf.constant([[[2.0, 4, 4, 2]]]), "labels": [[1]]}, drawn)
    np.testing.assert_allclose(found["boxes"], [[[1, 2, 2, 1]]], atol=1e-4)


def test_mix_up_keeps_boxes_and_labels_of_both_images():
    data = {"images": images((2, 4, 4, 3)), "bounding_boxes": {"boxes": np.ones((2, 3, 4)), "labels": np.ones((2, 3))}}
    found = layers.MixUp(bounding_box_format="xyxy")(data, training=True)["bounding_boxes"]
    assert found["boxes"].shape == (2, 6, 4) and found["labels"].shape == (2, 6)


def test_random_crops_are_parts_of_the_images_and_masks_go_with_them():
    x = tf.reshape(tf.range(2 * 6 * 7, dtype="float32"), (2, 6, 7, 1))
    layer = layers.RandomCrop(3, 4, seed=5, bounding_box_format="xyxy")
    starts = set()
    for _ in range(20):
        boxes = {"boxes": np.tile([[[0.0, 0, 7, 6]]], (2, 1, 1)), "labels": np.ones((2, 1))}
        y = layer({"images": x, "segmentation_masks": x, "bounding_boxes": boxes}, training=True)
        first = int(y["images"][0, 0, 0, 0])
        top, left = divmod(first, 7)
        starts.add((top, left))
        np.testing.assert_array_equal(y["images"], x[:, top : top + 3, left : left + 4])
        np.testing.assert_array_equal(y["segmentation_masks"], y["images"])
        np.testing.assert_allclose(y["bounding_boxes"]["boxes"], np.tile([[[0, 0, 4, 3]]], (2, 1, 1)))
    assert {t for t, _ in starts} == {0, 1, 2, 3} and {s for _, s in starts} == {0, 1, 2, 3}
    middle = layer(x, training=False)
    assert middle.shape == (2, 3, 4, 1)
    assert float(tf.reduce_mean(middle[0])) == pytest.approx(float(tf.reduce_mean(x[0, :5])))  # 5 rows of 7 columns
    assert layers.RandomCrop(8, 5)(x, training=True).shape == (2, 8, 5, 1)


def test_layers_in_a_pipeline_of_data():
    x = images((6, 8, 10, 3))
    data = tf.data.Dataset.from_tensor_slices((x, tf.range(6))).batch(3)
    flip, resize = layers.RandomFlip(seed=1), layers.Resizing(4, 4)
    batches = list(data.map(lambda image, label: (resize(flip(image, training=True)), label)))
    assert [b[0].shape.as_list() for b in batches] == [[3, 4, 4, 3]] * 2


def test_a_model_with_augmentation_trains_and_predicts_without_it():
    model = keras.Sequential([
        keras.Input((8, 8, 3)),
        layers.Pipeline([layers.RandomFlip(seed=1), layers.RandomRotation(0.1, seed=2), layers.RandomCrop(6, 6, seed=3)]),
        layers.Flatten(),
        layers.Dense(2),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    x = np.random.default_rng(1).random((8, 8, 8, 3)).astype("float32")
    history = model.fit(x, np.zeros((8, 2)), batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
    again = keras.models.clone_model(model)
    assert again.layers[0].layers[0].mode == "horizontal_and_vertical"


def test_a_recorded_function_draws_anew_at_every_call():
    layer = layers.RandomBrightness(0.5, value_range=(-1000, 1000), seed=1)
    eager = layers.RandomBrightness(0.5, value_range=(-1000, 1000), seed=1)
    f = tf.function(lambda x: layer(x, training=True))
    x = images((2, 3, 3, 1))
    seen = [f(x).numpy() for _ in range(4)]
    for y in seen:
        np.testing.assert_array_equal(y, eager(x, training=True).numpy())
    assert len({y.tobytes() for y in seen}) == 4


def test_gradients_reach_the_images_through_colours_and_maps():
    x = images((1, 5, 5, 3))
    for layer in (layers.RandomContrast(0.4, seed=1), layers.RandomRotation((0.1, 0.1)), layers.RandomSharpness(0.4)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(layer(x, training=True) ** 2)
        gradient = tape.gradient(y, x)
        assert gradient is not None and np.abs(gradient.numpy()).max() > 0


def test_augmentations_choose_among_their_layers():
    x = images((2, 6, 6, 3))
    nothing = layers.RandAugment(num_ops=0)(x, training=True)
    np.testing.assert_array_equal(nothing.numpy(), x.numpy())
    layer = layers.RandAugment(num_ops=1, seed=4)
    chosen = {int(layer.get_random_transformation(x)["layer_idxes"][0]) for _ in range(60)}
    assert len(chosen) > 6
    assert "random_brightness" not in layers.AugMix(all_ops=False)._names


def test_a_user_writes_a_layer_of_their_own():
    class Dim(layers.BaseImagePreprocessingLayer):
        _USE_BASE_FACTOR = False

        def __init__(self, by=2.0, **kwargs):
            super().__init__(**kwargs)
            self.by = by

        def transform_images(self, images, transformation, training=True):
            return self.backend.cast(images, self.compute_dtype) / self.by

        def get_config(self):
            return {**super().get_config(), "by": self.by}

    layer = Dim(4.0)
    np.testing.assert_array_equal(layer(tf.ones((2, 2, 1))), np.full((2, 2, 1), 0.25))
    assert Dim.from_config(layer.get_config()).by == 4.0
    with pytest.raises(ValueError, match="does not take a `factor`"):
        Dim(factor=1.0)


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: layers.RandomBrightness(2.0), ValueError, "in the range"),
        (lambda: layers.RandomBrightness(0.1, value_range=3), ValueError, "list of two numbers"),
        (lambda: layers.RandomZoom(-1.0), ValueError, r"\(-1.0, 1.0\]"),
        (lambda: layers.RandomTranslation(0.1, "a"), ValueError, "width_factor"),
        (lambda: layers.RandomRotation(0.1, fill_mode="blue"), NotImplementedError, "blue"),
        (lambda: layers.RandomShear(0.1, interpolation="cubic"), NotImplementedError, "cubic"),
        (lambda: layers.RandomPosterization(9), ValueError, "in the range"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), ValueError, "odd"),
        (lambda: layers.RandomErasing(fill_value=[1, 2]), ValueError, "three numbers"),
        (lambda: layers.RandomPerspective(scale=2), ValueError, "scale"),
        (lambda: layers.RandomGrayscale(3), ValueError, "between 0 and 1"),
        (lambda: layers.Solarization(addition_factor=-1), ValueError, "addition_factor"),
        (lambda: layers.RandomFlip()(tf.zeros((2, 2)), training=True), ValueError, "rank 3"),
        (lambda: layers.Pipeline.from_config({}), ValueError, "layers"),
    ],
)
def test_errors(make, error, match):
    with pytest.raises(error, match=match):
        make()
