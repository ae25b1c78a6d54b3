"""Files, pictures and tensors as bytes. TensorFlow's answers to more calls stand in test_text.py."""

import builtins

import numpy as np
import pytest

import gputape as tf

Bad = tf.errors.InvalidArgumentError
Y, X = np.mgrid[0:9, 0:13]
PICTURE = np.stack([X * 19 % 256, Y * 25 % 256, (X + Y) * 11 % 256], 2).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_keeps_every_bit(channels):
    pytest.importorskip("PIL")
    picture = np.concatenate([PICTURE, PICTURE[:, ::-1]], 2)[:, :, :channels]
    for compression in (-1, 0, 9):
        made = tf.io.decode_png(tf.io.encode_png(picture, compression))
        assert made.dtype == tf.uint8 and np.array_equal(made, picture)
    many = tf.io.encode_png(np.stack([picture, picture]))
    assert many.shape == (2,) and np.array_equal(tf.io.decode_image(many[1]), picture)


def test_png_of_16_bits_and_other_dtypes():
    pytest.importorskip("PIL")
    deep = (PICTURE[:, :, :1].astype(np.uint16) * 257)[::-1]
    file = tf.io.encode_png(deep)
    assert np.array_equal(tf.io.decode_png(file, dtype=tf.uint16), deep)
    assert np.array_equal(tf.io.decode_png(file), deep >> 8)
    made = tf.io.decode_image(tf.io.encode_png(PICTURE), dtype=tf.float32)
    np.testing.assert_allclose(made, PICTURE / np.float32(255), rtol=1e-6)
    assert tf.io.decode_png(tf.io.encode_png(PICTURE), channels=4).numpy()[:, :, 3].min() == 255


def test_jpeg():
    pytest.importorskip("PIL")
    file = tf.io.encode_jpeg(PICTURE, quality=100, chroma_downsampling=False)
    made = tf.io.decode_jpeg(file)
    assert made.shape == PICTURE.shape and np.abs(made.numpy().astype(int) - PICTURE).mean() < 2
    assert tf.io.decode_jpeg(file, channels=1).shape == (9, 13, 1) and tf.io.decode_jpeg(file, ratio=2).shape == (
        5,
        7,
        3,
    )
    assert tf.io.extract_jpeg_shape(file).numpy().tolist() == [9, 13, 3] and tf.io.is_jpeg(file).numpy()
    part = tf.image.decode_and_crop_jpeg(file, [1, 2, 3, 4])
    assert np.array_equal(part, made[1:4, 2:6])


def test_gif_and_bmp(tmp_path):
    image = pytest.importorskip("PIL.Image")
    first = image.fromarray(np.repeat(PICTURE[:, :, :1] // 64 * 64, 3, 2))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[first.transpose(image.Transpose.ROTATE_180)])
    gif = tf.io.read_file(str(tmp_path / "a.gif"))
    made = tf.io.decode_gif(gif)
    assert made.shape == (2, 9, 13, 3) and np.array_equal(made[0], first)
    assert np.array_equal(tf.io.decode_image(gif, expand_animations=False), made[0])
    with pytest.raises(Bad, match="2 frames"):
        tf.io.decode_png(gif)
    image.fromarray(PICTURE).save(tmp_path / "a.bmp")
    assert np.array_equal(tf.io.decode_bmp(tf.io.read_file(tmp_path / "a.bmp")), PICTURE)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tf.io.decode_image("hello"), "Unknown image file format"),
        (lambda: tf.io.decode_png(tf.io.encode_png(PICTURE), channels=5), "channels must be"),
        (lambda: tf.io.decode_jpeg(tf.io.encode_jpeg(PICTURE), channels=4), "channels must be one of"),
        (lambda: tf.io.decode_png(tf.strings.substr(tf.io.encode_png(PICTURE), 0, 60)), "damaged"),
        (lambda: tf.io.encode_png(PICTURE[0]), r"\(height, width, channels\)"),
        (lambda: tf.io.encode_jpeg(PICTURE.astype(np.float32)), "uint8, got float32"),
        (lambda: tf.image.decode_and_crop_jpeg(tf.io.encode_jpeg(PICTURE), [0, 0, 10, 1]), "leaves the picture"),
    ],
)
def test_bad_pictures(call, text):
    pytest.importorskip("PIL")
    with pytest.raises(Bad, match=text):
        call()


def test_without_pillow_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def missing(name, *args):
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"gputape\[images\]"):
        tf.io.decode_image(b"\x89PNG")


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64, tf.int8, tf.uint16, tf.bool, tf.complex64])
def test_tensors_as_bytes(dtype):
    x = tf.cast([[0, 1], [2, 3]], dtype)
    back = tf.io.parse_tensor(tf.io.serialize_tensor(x), dtype)
    assert back.dtype == dtype and np.array_equal(back, x)


def test_a_recorded_function_reads_and_writes_at_every_call(tmp_path):
    path = str(tmp_path / "deep" / "f")
    write, read = tf.function(lambda x: tf.io.write_file(path, x)), tf.function(lambda: tf.io.read_file(path))
    for word in ("one", "two", "three"):
        write(tf.constant(word))
        assert read().numpy() == word.encode()


def test_files_as_objects(tmp_path):
    path = tmp_path / "f"
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("é\nb")
    with tf.io.gfile.GFile(path, "r") as file:
        assert file.read(1) == "é" and file.tell() == 2 and list(file) == ["\n", "b"]
    with tf.io.gfile.GFile(path, "ab") as file:
        file.write(b"c")
    assert tf.io.gfile.GFile(path).size() == 5
    assert tf.io.gfile.stat(path) == (5, tf.io.gfile.stat(path).mtime_nsec, False)
    with tf.io.gfile.GFile(tmp_path / "empty", "w"):
        pass
    assert tf.io.gfile.exists(tmp_path / "empty")
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.io.read_file(str(tmp_path))
    with pytest.raises(tf.errors.NotFoundError, match="nowhere"):
        tf.io.gfile.GFile(tmp_path / "nowhere").read()


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tf.io.decode_raw(["ab", "c"], tf.uint8), "element 1 has size 1 != 2: give fixed_length"),
        (lambda: tf.io.decode_raw(["abc"], tf.int16), "not a multiple of 2"),
        (lambda: tf.io.decode_base64("a+"), "Invalid character"),
        (lambda: tf.io.decode_csv(["1,2"], [[0]]), "Expect 1 fields but have 2 in record 0"),
        (lambda: tf.io.decode_csv(["x"], [[0]]), "Field 0 in record 0 is not a valid int32: x"),
        (lambda: tf.io.decode_csv([""], [tf.constant([], tf.int32)]), "required but missing"),
        (lambda: tf.io.decode_csv(['"a"b'], [[""]]), "escaped"),
        (lambda: tf.io.parse_tensor(b"\x08\x01\x2a", tf.float32), "Could not parse"),
        (lambda: tf.io.parse_tensor(tf.io.serialize_tensor([1]), tf.float32), r"\(int32\) and dtype \(float32\)"),
        (lambda: tf.io.read_file(["a"]), "scalar"),
    ],
)
def test_errors(call, text):
    with pytest.raises(Bad, match=text):
        call()
    with pytest.raises(tf.errors.DataLossError):
        tf.io.decode_compressed("x", "GZIP")
