"""tf.train.Checkpoint: what it saves, where it puts it back, what it says when something does not fit."""

import json
import logging

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import keras, tensor
from gputape.record import recording
from gputape.train import restore

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture(autouse=True)
def nobody_waits():
    """Restorations that wait for variables end with their test."""
    yield
    restore._waiting.clear()
    tensor.on_created.clear()


class Lazy(tf.Module):
    """Makes its variable at the first call."""

    def __init__(self):
        super().__init__()
        self.w = None

    def __call__(self, x):
        if self.w is None:
            self.w = tf.Variable(tf.zeros([2]))
        return x * self.w


class Tree(tf.Module):
    def __init__(self, start):
        super().__init__()
        self.a = tf.Variable(start)
        self.items = [tf.Variable(start + 1.0), {"k": tf.Variable(start + 2.0)}]
        self.pair = (tf.Variable(start + 3.0),)


def test_save_and_restore(tmp_path):
    v, n = tf.Variable([1.0, 2.0]), tf.Variable(3)
    checkpoint = tf.train.Checkpoint(v=v, n=n)
    path = checkpoint.save(tmp_path / "deep" / "ckpt")
    assert path == str(tmp_path / "deep" / "ckpt-1") == tf.train.latest_checkpoint(tmp_path / "deep")
    assert tf.train.list_variables(path) == [("n" + VALUE, []), ("save_counter" + VALUE, []), ("v" + VALUE, [2])]
    v.assign([0.0, 0.0])
    n.assign(0)
    checkpoint.restore(path).assert_consumed()
    assert v.numpy().tolist() == [1.0, 2.0] and n.numpy() == 3 and int(checkpoint.save_counter) == 1


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype="float16").reshape(2, 3).T,
        np.array([1.5, np.nan], ml_dtypes.bfloat16),
        np.zeros((0, 3), "float64"),
        np.array(1 + 2j, "complex64"),
        np.array([True, False]),
        np.array([b"\xff\x00", b"", "é".encode()], object),
    ],
    ids=["float16", "bfloat16", "empty", "complex", "bool", "string"],
)
def test_every_dtype_comes_back_bit_by_bit(tmp_path, value):
    path = tf.train.Checkpoint(v=tf.Variable(value)).write(tmp_path / "w")
    reader = tf.train.load_checkpoint(path)
    made = reader.get_tensor("v" + VALUE)
    assert made.dtype == value.dtype and made.shape == value.shape
    assert reader.get_variable_to_dtype_map()["v" + VALUE] == tf.as_dtype(value.dtype)
    fresh = tf.Variable(np.zeros_like(value) if value.dtype.kind != "O" else np.array([b"", b"", b""], object))
    tf.train.Checkpoint(v=fresh).read(path).assert_consumed()
    for got in (made, fresh.numpy()):
        assert got.tolist() == value.tolist() if value.dtype.kind == "O" else got.tobytes() == value.tobytes()


def test_modules_lists_dicts_and_tuples(tmp_path):
    path = tf.train.Checkpoint(Tree(1.0)).save(tmp_path / "x")
    names = [name.removesuffix(VALUE) for name, _ in tf.train.list_variables(path)]
    assert names == ["a", "items/0", "items/1/k", "pair/0", "save_counter"]
    other = Tree(0.0)
    tf.train.Checkpoint(other).restore(path).assert_consumed()
    assert [float(v) for v in other.variables] == [1.0, 2.0, 3.0, 4.0]


def test_a_shared_variable_is_saved_once_and_found_by_either_name(tmp_path):
    v, other = tf.Variable(1.0), tf.Variable(0.0)
    path = tf.train.Checkpoint(one=[v], two=v).save(tmp_path / "x")
    assert len(tf.train.list_variables(path)) == 2
    tf.train.Checkpoint(one=[other]).restore(path).expect_partial()
    assert other.numpy() == 1.0


def test_variables_made_after_restore(tmp_path):
    lazy = Lazy()
    lazy(tf.ones([2]))
    lazy.w.assign([7.0, 8.0])
    path = tf.train.Checkpoint(lazy=lazy).save(tmp_path / "x")
    other = Lazy()
    status = tf.train.Checkpoint(lazy=other).restore(path)
    with pytest.raises(AssertionError, match=r"no variable for \['lazy/w"):
        status.assert_consumed()
    stranger = tf.Variable([1.0])
    for _ in range(restore.LOOKS + 1):
        assert stranger.numpy() == 1.0
    assert type(stranger) is tf.Variable
    assert other(tf.ones([2])).numpy().tolist() == [7.0, 8.0]
    assert type(other.w) is tf.Variable
    status.assert_consumed()
    assert type(tf.Variable(1.0)) is tf.Variable  # nobody waits any more


def test_a_model_that_is_restored_before_it_is_built_trains_on(tmp_path):
    def make():
        model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
        model.compile(keras.optimizers.Adam(0.1), "mse")
        return model

    x, y = np.ones((4, 5), "float32"), np.ones((4, 2), "float32")
    first, second = make(), make()
    first.fit(x, y, verbose=0)
    path = tf.train.Checkpoint(model=first, optimizer=first.optimizer).save(tmp_path / "x")
    status = tf.train.Checkpoint(model=second, optimizer=second.optimizer).restore(path)
    np.testing.assert_array_equal(second(x).numpy(), first(x).numpy())
    for model in (first, second):
        model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(second(x).numpy(), first(x).numpy())
    assert int(second.optimizer.iterations) == 2
    status.assert_consumed()


def test_the_state_of_a_generator(tmp_path):
    generator = tf.random.Generator.from_seed(1)
    checkpoint = tf.train.Checkpoint(generator=generator)
    path = checkpoint.save(tmp_path / "x")
    drawn = generator.normal([3]).numpy()
    checkpoint.restore(path).assert_consumed()
    np.testing.assert_array_equal(generator.normal([3]).numpy(), drawn)


def test_nobody_hears_of_a_restoration(tmp_path):
    class Ear:
        is_tape, names = False, []

        def record(self, op, inputs, outputs, attrs):
            self.names.append(op.name)

        def created(self, variable, initial):
            pass

    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    path = checkpoint.write(tmp_path / "x")
    with recording(Ear()) as ear:
        checkpoint.read(path).assert_consumed()
    assert ear.names == []


def test_restoring_is_no_step_of_a_recorded_function(tmp_path):
    lazy = Lazy()
    lazy(tf.ones([2]))
    lazy.w.assign([2.0, 3.0])
    path = tf.train.Checkpoint(lazy=lazy).save(tmp_path / "x")
    other = Lazy()
    tf.train.Checkpoint(lazy=other).restore(path)
    f = tf.function(other)
    assert f(tf.ones([2])).numpy().tolist() == [2.0, 3.0]
    other.w.assign([5.0, 5.0])
    for _ in range(2):
        assert f(tf.ones([2])).numpy().tolist() == [5.0, 5.0]


def test_status_of_what_does_not_match(tmp_path, caplog):
    path = tf.train.Checkpoint(v=tf.Variable(1.0), w=tf.Variable(2.0)).save(tmp_path / "x")
    with caplog.at_level(logging.WARNING, "gputape"):
        status = tf.train.Checkpoint(v=tf.Variable(0.0), q=tf.Variable(0.0)).restore(path)
        with pytest.raises(AssertionError, match="No checkpointed value for"):
            status.assert_existing_objects_matched()
        status.assert_nontrivial_match()
        del status
        assert "could not be found in the restored object" in caplog.text
        caplog.clear()
        tf.train.Checkpoint(v=tf.Variable(0.0)).restore(path).expect_partial()
        assert caplog.text == ""
    status = tf.train.Checkpoint(z=tf.Variable(0.0)).read(path).expect_partial()
    with pytest.raises(AssertionError, match="Nothing except the root object matched"):
        status.assert_nontrivial_match()


def test_restoring_nothing():
    status = tf.train.Checkpoint(v=tf.Variable(1.0)).restore(None)
    assert status.expect_partial() is status
    with pytest.raises(AssertionError, match="No checkpoint specified"):
        status.assert_consumed()


def test_errors(tmp_path):
    checkpoint = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0]))
    path = checkpoint.save(tmp_path / "x")
    with pytest.raises(ValueError, match=r"shape \(2,\) when attempting to restore variable with shape \(3,\)"):
        tf.train.Checkpoint(v=tf.Variable([1.0, 2.0, 3.0])).restore(path)
    with pytest.raises(tf.errors.NotFoundError, match="nothing-here"):
        checkpoint.restore(tmp_path / "nothing-here")
    with pytest.raises(ValueError, match="trackable object"):
        tf.train.Checkpoint(x=3)
    with pytest.raises(ValueError, match=r"root\.a already exists"):
        tf.train.Checkpoint(Tree(1.0), a=tf.Variable(1.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="only a directory"):
        checkpoint.save(f"{tmp_path}/")
    with pytest.raises(tf.errors.NotFoundError, match="Key nope not found"):
        tf.train.load_variable(path, "nope")
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(tmp_path / "..")
    (tmp_path / "foreign.index").write_bytes(b"\x00\x01leveldb")
    with pytest.raises(tf.errors.DataLossError, match="no checkpoint of this library"):
        checkpoint.restore(tmp_path / "foreign")


def test_a_file_that_is_cut_short(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(tmp_path / "x")
    data = tmp_path / "x.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(tf.errors.DataLossError, match="cut short"):
        tf.train.load_variable(path, "v" + VALUE)


def test_variables_of_a_declared_shape_take_other_sizes(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(tmp_path / "x")
    v = tf.Variable([0.0], shape=[None])
    tf.train.Checkpoint(v=v).read(path).assert_consumed()
    assert v.numpy().tolist() == [1.0, 2.0]


def test_the_index_is_json(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(tmp_path / "x")
    index = json.loads((tmp_path / "x.index").read_text())
    assert index["tensors"]["v" + VALUE] == {"dtype": "float32", "shape": [2], "offset": 0, "size": 8}
    assert path == str(tmp_path / "x")


def test_a_dataset_iterator_goes_on_where_it_was(tmp_path):
    data = tf.data.Dataset.range(10).repeat(2)
    iterator = iter(data)
    ckpt = tf.train.Checkpoint(step=tf.Variable(0), iterator=iterator)
    manager = tf.train.CheckpointManager(ckpt, tmp_path, max_to_keep=3)
    assert [int(next(iterator)) for _ in range(5)] == [0, 1, 2, 3, 4]
    path = manager.save()
    assert [int(next(iterator)) for _ in range(2)] == [5, 6]
    ckpt.restore(path).assert_consumed()
    assert [int(next(iterator)) for _ in range(2)] == [5, 6]
    other = iter(data)
    tf.train.Checkpoint(step=tf.Variable(0), iterator=other).restore(path).assert_consumed()
    assert int(next(other)) == 5 and len(list(other)) == 14
