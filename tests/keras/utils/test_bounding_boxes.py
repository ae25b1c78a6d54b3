"""keras.utils.bounding_boxes: formats, windows, overlap, deltas."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

boxes = keras.utils.bounding_boxes
FORMATS = {
    "xyxy": [10, 20, 30, 60], "yxyx": [20, 10, 60, 30], "xywh": [10, 20, 20, 40], "center_xywh": [20, 40, 20, 40],
    "center_yxhw": [40, 20, 40, 20], "rel_xyxy": [0.1, 0.1, 0.3, 0.3], "rel_yxyx": [0.1, 0.1, 0.3, 0.3],
    "rel_xywh": [0.1, 0.1, 0.2, 0.2], "rel_center_xywh": [0.2, 0.2, 0.2, 0.2],
}  # fmt: skip


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("shape", [(1, 4), (2, 3, 4)])
def test_formats(source, target, shape):
    x = np.broadcast_to(np.array(FORMATS[source], "float32"), shape)
    y = boxes.convert_format(x, source, target.upper(), height=200, width=100)
    np.testing.assert_allclose(y, np.broadcast_to(FORMATS[target], shape), rtol=1e-5)


def test_dicts_keep_their_labels_and_are_not_changed():
    given = {"boxes": tf.constant([[-1.0, 0, 3, 2], [5, 5, 6, 6]]), "labels": [1, 2]}
    clipped = boxes.clip_to_image_size(boxes.convert_format(given, "xyxy", "xyxy"), height=2, width=2)
    np.testing.assert_array_equal(clipped["boxes"], [[0, 0, 2, 2], [2, 2, 2, 2]])
    np.testing.assert_array_equal(clipped["labels"], [1, -1])
    assert given["labels"] == [1, 2] and float(given["boxes"][0, 0]) == -1
    relative = boxes.clip_to_image_size({"boxes": [[-0.5, 0.2, 0.5, 1.5]]}, bounding_box_format="rel_xyxy")
    np.testing.assert_allclose(relative["boxes"], [[0, 0.2, 0.5, 1]])


def test_windows():
    x = [[2.0, 3, 6, 8]]
    np.testing.assert_array_equal(boxes.pad(x, 1, 2), [[4, 4, 8, 9]])
    np.testing.assert_array_equal(boxes.crop(x, top=4, left=3, height=3, width=2), [[0, 0, 2, 3]])


def test_a_quarter_turn_in_a_square():
    one, none = np.ones(1, "float32"), np.zeros(1, "float32")
    made = boxes.affine_transform(np.array([[[5.0, 2, 7, 3]]], "float32"), one * 90, none, none, one, none, none, 9, 9)
    np.testing.assert_allclose(made, [[[2, 1, 3, 3]]], atol=1e-5)
    moved = boxes.affine_transform(np.array([[[1.0, 2, 3, 4]]], "float32"), none, one / 4, none, one, none, none, 9, 9)
    np.testing.assert_allclose(moved, [[[3, 2, 5, 4]]], atol=1e-5)


def test_overlap():
    a = np.array([[0, 0, 2, 2], [0, 0, 1, 1]], "float32")
    b = np.array([[1, 1, 3, 3], [0, 0, 2, 2], [-5, -5, -1, -1]], "float32")
    wanted = [[1 / 7, 1, 0], [0, 0.25, 0]]
    np.testing.assert_allclose(boxes.compute_iou(a, b, "xyxy"), wanted, atol=1e-6)
    np.testing.assert_allclose(boxes.compute_iou(a, b[None], "xyxy"), [wanted], atol=1e-6)
    masked = boxes.compute_iou(a, b, "xyxy", use_masking=True, mask_val=-9)
    np.testing.assert_array_equal(masked[:, 2], [-9, -9])
    same = boxes.compute_ciou(a, a, "xyxy").numpy()
    np.testing.assert_allclose(same, [1, 1], atol=1e-6)
    # IoU 1/7, centres sqrt(2) apart, the hull's diagonal sqrt(18), equal shapes
    np.testing.assert_allclose(boxes.compute_ciou(a[:1], b[:1], "xyxy"), [1 / 7 - 2 / 18], atol=1e-5)


@pytest.mark.parametrize("encoding", ["center_xywh", "center_yxhw"])
def test_deltas_come_back_as_boxes(encoding):
    rng = np.random.default_rng(1)
    anchors = np.concatenate([rng.random((5, 2)), 2 + rng.random((5, 2))], -1).astype("float32")
    wanted = np.concatenate([rng.random((2, 5, 2)), 2 + rng.random((2, 5, 2))], -1).astype("float32")
    options = {"variance": [0.1, 0.1, 0.2, 0.2]}
    deltas = boxes.encode_box_to_deltas(anchors, wanted, "xyxy", "xyxy", encoding, **options)
    found = boxes.decode_deltas_to_boxes(anchors, deltas, "xyxy", "xyxy", encoding, **options)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    levels = boxes.decode_deltas_to_boxes({"a": anchors}, {"a": deltas}, "xyxy", "xyxy", encoding, **options)
    np.testing.assert_array_equal(levels["a"], found)


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda: boxes.convert_format([[1, 2, 3]], "xyxy", "xywh"), ValueError, "last dimension of 4"),
        (lambda: boxes.convert_format([[1, 2, 3, 4]], "abc", "xywh"), ValueError, "Supported formats"),
        (lambda: boxes.convert_format([[1, 2, 3, 4]], "rel_xyxy", "xywh"), ValueError, "height"),
        (lambda: boxes.clip_to_image_size({"boxes": [[1, 2, 3, 4]]}), ValueError, "height"),
        (lambda: boxes.clip_to_image_size({"boxes": []}, 1, 1, "xywh"), NotImplementedError, "xywh"),
        (lambda: boxes.pad([[1, 2, 3, 4]], 1, 1, bounding_box_format="xywh"), NotImplementedError, "xywh"),
        (lambda: boxes.compute_iou([1, 2, 3, 4], [[1, 2, 3, 4]], "xyxy"), ValueError, "boxes1"),
        (lambda: boxes.compute_iou([[1, 2, 3, 4]], [[1, 2, 3, 4]], "rel_xyxy"), ValueError, "image_shape"),
        (lambda: boxes.encode_box_to_deltas([], [], "xyxy", "xyxy", "xyxy"), ValueError, "encoding_format"),
        (lambda: boxes.encode_box_to_deltas([], [], "xyxy", "xyxy", variance=[1]), ValueError, "length 4"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()
