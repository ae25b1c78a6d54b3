"""Folders of pictures and texts as datasets."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

pytest.importorskip("PIL")


@pytest.fixture
def pictures(tmp_path):
    """Two classes; picture k of class c has the value 100 c + k everywhere."""
    for c, name in enumerate(("cats", "dogs")):
        (tmp_path / name / "more").mkdir(parents=True)
        for k in range(5):
            folder = tmp_path / name / "more" if k == 4 else tmp_path / name
            x = np.full((6, 8, 3), 100 * c + k)
            keras.utils.save_img(folder / f"{k}.png", x, scale=False)
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    return tmp_path


def read(directory, **kwargs):
    return keras.utils.image_dataset_from_directory(directory, image_size=(4, 4), verbose=False, **kwargs)


def test_pictures_come_with_the_labels_of_their_folders(pictures, capsys):
    data = read(pictures, batch_size=4, seed=1)
    assert data.class_names == ["cats", "dogs"] and len(data.file_paths) == 10
    assert data.element_spec[0].shape.as_list()[1:] == [4, 4, 3]
    seen = [(int(v), int(y)) for x, labels in data for v, y in zip(x[:, 0, 0, 0], labels)]
    assert sorted(seen) == [(k, 0) for k in range(5)] + [(100 + k, 1) for k in range(5)]
    again = [int(v) for x, _ in data for v in x[:, 0, 0, 0]]
    assert again != [v for v, _ in seen]  # another order in the next epoch
    assert capsys.readouterr().out == ""
    keras.utils.image_dataset_from_directory(pictures)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\n"


@pytest.mark.parametrize(
    "mode, labels", [("int", [0, 1]), ("binary", [[0.0], [1.0]]), ("categorical", [[1.0, 0], [0, 1.0]])]
)
def test_kinds_of_labels(pictures, mode, labels):
    _, y = next(iter(read(pictures, batch_size=10, shuffle=False, label_mode=mode)))
    np.testing.assert_array_equal(y, np.repeat(labels, 5, axis=0))
    assert y.dtype == (tf.int32 if mode == "int" else tf.float32)


def test_pictures_without_labels_in_grey_and_one_by_one(pictures):
    x = next(iter(read(pictures, labels=None, batch_size=None, shuffle=False, color_mode="grayscale")))
    assert x.shape == (4, 4, 1) and float(x[0, 0, 0]) == 0
    first = next(iter(read(pictures, labels=None, data_format="channels_first", shuffle=False)))
    assert first.shape == (10, 3, 4, 4)


def test_training_and_validation_do_not_overlap(pictures):
    train, held = read(pictures, validation_split=0.3, subset="both", seed=2)
    assert len(train.file_paths) == 7 and len(held.file_paths) == 3
    assert not set(train.file_paths) & set(held.file_paths)
    alone = read(pictures, validation_split=0.3, subset="validation", seed=2)
    assert alone.file_paths == held.file_paths
    values = [int(v) for x, _ in held for v in x[:, 0, 0, 0]]
    assert len(values) == 3


@pytest.mark.parametrize("option", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_the_shape_of_pictures_is_kept(pictures, option):
    x = next(iter(read(pictures, labels=None, shuffle=False, **{option: True})))[-1, ..., 0].numpy()
    assert (x[:3] == 104).all()
    assert (x[3] == (104 if option.startswith("crop") else 0)).all()


@pytest.mark.parametrize(
    "kwargs, match",
    [
        ({"labels": "guessed"}, "list/tuple"),
        ({"labels": [0, 1]}, "match the number of files"),
        ({"labels": [0] * 10, "class_names": ["a"]}, "class_names"),
        ({"class_names": ["birds"]}, "did not match"),
        ({"label_mode": "name"}, "label_mode"),
        ({"color_mode": "cmyk"}, "color_mode"),
        ({"interpolation": "wild"}, "interpolation"),
        ({"validation_split": 0.2}, "subset"),
        ({"validation_split": 2, "subset": "training"}, "between 0 and 1"),
        ({"validation_split": 0.2, "subset": "some"}, "training"),
        ({"validation_split": 0.2, "subset": "training"}, "seed"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "No images found"),
        ({"format": "grain"}, "tf.data"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "Only one"),
    ],
)
def test_errors(pictures, kwargs, match):
    with pytest.raises(ValueError, match=match):
        read(pictures, **kwargs)


def test_binary_labels_want_two_classes(pictures):
    (pictures / "birds").mkdir()
    with pytest.raises(ValueError, match="exactly 2"):
        read(pictures, label_mode="binary")


def test_texts(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name} fellow\n")
    data = keras.utils.text_dataset_from_directory(tmp_path, batch_size=None, shuffle=False, verbose=False)
    assert [(x.numpy(), int(y)) for x, y in data] == [(b"bad fellow\n", 0), (b"good fellow\n", 1)]
    cut = keras.utils.text_dataset_from_directory(
        tmp_path, labels=None, batch_size=None, max_length=3, shuffle=False, verbose=False
    )
    assert [x.numpy() for x in cut] == [b"bad", b"goo"]
    with pytest.raises(ValueError, match="No text files found"):
        keras.utils.text_dataset_from_directory(tmp_path / "good", verbose=False)


def test_sounds(tmp_path):
    for name, length in (("no", 30), ("yes", 50)):
        (tmp_path / name).mkdir()
        for k in range(2):
            wav = tf.audio.encode_wav(tf.ones([length + k, 1]) / 2, 16000)
            tf.io.write_file(str(tmp_path / name / f"{k}.wav"), wav)

    def read(**kwargs):
        given = {"batch_size": 2, "shuffle": False, "verbose": False, **kwargs}
        return keras.utils.audio_dataset_from_directory(tmp_path, **given)

    assert [(x.shape, y.numpy().tolist()) for x, y in read()] == [((2, 31, 1), [0, 0]), ((2, 51, 1), [1, 1])]
    assert [x.shape for x, _ in read(output_sequence_length=40)] == [(2, 40, 1)] * 2
    ragged = [x for x, _ in read(ragged=True)]
    assert ragged[0].row_lengths().numpy().tolist() == [30, 31]
    np.testing.assert_allclose(ragged[0].values, 0.5, atol=1e-4)
    train, valid = read(validation_split=0.5, subset="both", seed=1, shuffle=True)
    assert len(train.file_paths) == len(valid.file_paths) == 2 and train.class_names == ["no", "yes"]
    for wrong in ({"sampling_rate": 8000}, {"sampling_rate": 0}, {"ragged": True, "output_sequence_length": 3}):
        with pytest.raises(ValueError, match=r"sampling_rate|ragged"):
            read(**wrong)
