"""Pictures in files, PIL images and arrays."""

import io

import numpy as np
import pytest

from gputape import keras

Image = pytest.importorskip("PIL.Image")
utils = keras.utils


@pytest.mark.parametrize("channels, mode", [(1, "grayscale"), (3, "rgb"), (4, "rgba")])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_what_is_saved_is_loaded(tmp_path, channels, mode, data_format):
    x = np.random.default_rng(1).integers(0, 256, (5, 7, channels)).astype("float32")
    x = x.transpose(2, 0, 1) if data_format == "channels_first" else x
    utils.save_img(tmp_path / "x.png", x, data_format=data_format, scale=False)
    for path in (tmp_path / "x.png", str(tmp_path / "x.png"), io.BytesIO((tmp_path / "x.png").read_bytes())):
        found = utils.img_to_array(utils.load_img(path, color_mode=mode), data_format=data_format)
        np.testing.assert_array_equal(found, x)
        assert found.dtype == np.float32


def test_values_are_stretched_unless_told_otherwise():
    x = np.array([[[1.0], [3.0]]])
    assert np.asarray(utils.array_to_img(x)).tolist() == [[0, 255]]
    assert np.asarray(utils.array_to_img(x, scale=False)).tolist() == [[1, 3]]
    assert np.asarray(utils.array_to_img(np.full((1, 1, 1), 7.0))).tolist() == [[0]]
    assert utils.array_to_img(np.full((1, 1, 1), 700.0), scale=False).mode == "I"


def test_jpeg_has_no_transparency(tmp_path):
    with pytest.warns(UserWarning, match="RGBA"):
        utils.save_img(tmp_path / "x.jpg", np.zeros((4, 4, 4)))
    assert utils.load_img(tmp_path / "x.jpg").size == (4, 4)


def test_pictures_are_loaded_in_another_size(tmp_path):
    x = np.zeros((4, 8, 1))
    x[:, 2:6] = 200
    utils.save_img(tmp_path / "x.png", x, scale=False)
    small = utils.load_img(tmp_path / "x.png", "grayscale", (2, 2))
    assert small.size == (2, 2)
    cut = utils.img_to_array(utils.load_img(tmp_path / "x.png", "grayscale", (2, 2), keep_aspect_ratio=True))
    assert (cut == 200).all()


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda path: utils.load_img(path, color_mode="blue"), ValueError, "color_mode"),
        (lambda path: utils.load_img(path, target_size=(1, 1), interpolation="wild"), ValueError, "wild"),
        (lambda path: utils.load_img(3), TypeError, "path-like"),
        (lambda path: utils.array_to_img(np.zeros((2, 2))), ValueError, "rank 3"),
        (lambda path: utils.array_to_img(np.zeros((2, 2, 2))), ValueError, "channel number: 2"),
        (lambda path: utils.img_to_array(np.zeros(2)), ValueError, "shape"),
    ],
)
def test_errors(tmp_path, call, error, match):
    utils.save_img(tmp_path / "x.png", np.zeros((2, 2, 3)))
    with pytest.raises(error, match=match):
        call(tmp_path / "x.png")


def test_smart_resize_takes_the_middle():
    resize = keras.preprocessing.image.smart_resize
    x = np.zeros((1, 4, 8, 3), "float32")
    x[:, :, 2:6] = 1
    np.testing.assert_array_equal(resize(x, (2, 2)), np.ones((1, 2, 2, 3)))
    first = resize(x[0].transpose(2, 0, 1), (2, 2), data_format="channels_first")
    assert isinstance(first, np.ndarray) and first.shape == (3, 2, 2) and first.all()
    with pytest.raises(ValueError, match="incorrect rank"):
        resize(np.zeros((2, 2)), (1, 1))
    with pytest.raises(ValueError, match="2 integers"):
        resize(x, (1, 1, 1))


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"gputape\[images\]"):
        utils.load_img("x.png")
