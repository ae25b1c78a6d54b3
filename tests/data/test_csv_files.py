"""Datasets of CSV files. TensorFlow's answers to more calls stand in tests/test_text.py."""

import numpy as np
import pytest

import gputape as tf

make_csv_dataset = tf.data.experimental.make_csv_dataset


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,0.5,3000000000\n,1.5,2\n3,2.5,1\n")
    return str(path)


def test_records(table, tmp_path):
    made = tf.data.experimental.CsvDataset(table, [0, tf.float32, tf.int64], header=True)
    assert [tuple(v.item() for v in e) for e in made.as_numpy_iterator()] == [
        (1, 0.5, 3000000000),
        (0, 1.5, 2),
        (3, 2.5, 1),
    ]
    assert made.element_spec[1] == tf.TensorSpec([], tf.float32)
    (tmp_path / "q.csv").write_text('"x\ny",1\n"say ""hi""",2')
    quoted = tf.data.experimental.CsvDataset([str(tmp_path / "q.csv")], [tf.string, tf.int32])
    assert [e[0] for e in quoted.as_numpy_iterator()] == [b"x\ny", b'say "hi"']
    with pytest.raises(tf.errors.InvalidArgumentError, match="not both"):
        tf.data.experimental.CsvDataset(table, [0], select_cols=[0], exclude_cols=[1])


def test_batches_by_column(table):
    ((features, label),) = make_csv_dataset(table, 3, label_name="b", num_epochs=1, shuffle=False)
    assert (
        list(features) == ["a", "c"] and features["a"].numpy().tolist() == [1, 0, 3] and features["a"].dtype == tf.int32
    )
    assert features["c"].dtype == tf.int64 and label.numpy().tolist() == [0.5, 1.5, 2.5]
    (batch,) = make_csv_dataset(table, 4, select_columns=["b"], num_epochs=1, shuffle_seed=1)
    assert sorted(batch["b"].numpy().tolist()) == [0.5, 1.5, 2.5]
    endless = make_csv_dataset([table], 2, column_names=["x", "y", "z"], column_defaults=[0.0, tf.float32, tf.float64])
    assert [np.shape(b["x"]) for b in endless.take(5).as_numpy_iterator()] == [(2,)] * 5


def test_errors(table, tmp_path):
    (tmp_path / "u.csv").write_text("a,b,d\n1,2,3\n")
    for call, text in (
        (lambda: make_csv_dataset(str(tmp_path / "none*"), 2), "No files match"),
        (lambda: make_csv_dataset(str(tmp_path / "*.csv"), 2), "same column names"),
        (lambda: make_csv_dataset(table, 2, label_name="z"), "one of the columns"),
        (lambda: make_csv_dataset(table, 2, header=False), "column_names"),
        (lambda: make_csv_dataset(table, 2, select_columns=["z"]), "'z' is not one of the columns"),
        (lambda: make_csv_dataset(table, 2, column_names=["a", "a", "b"]), "duplicate"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
