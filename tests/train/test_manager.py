"""CheckpointManager and the file `checkpoint`."""

import pytest

import gputape as tf


@pytest.fixture
def checkpoint():
    return tf.train.Checkpoint(v=tf.Variable(1.0))


def files(folder):
    return sorted(path.name for path in folder.glob("*.index"))


def test_the_last_few_stay(tmp_path, checkpoint):
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=2)
    assert manager.latest_checkpoint is None and manager.checkpoints == []
    for _ in range(4):
        path = manager.save()
    assert manager.latest_checkpoint == path == str(tmp_path / "ckpt-4") == tf.train.latest_checkpoint(tmp_path)
    assert manager.checkpoints == [str(tmp_path / "ckpt-3"), path]
    assert files(tmp_path) == ["ckpt-3.index", "ckpt-4.index"]


def test_another_manager_goes_on(tmp_path, checkpoint):
    tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=2).save()
    checkpoint.v.assign(5.0)
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=2, checkpoint_name="other")
    assert manager.restore_or_initialize() == str(tmp_path / "ckpt-1")
    assert checkpoint.v.numpy() == 1.0
    assert manager.save(checkpoint_number=42) == str(tmp_path / "other-42")
    assert manager.save() == str(tmp_path / "other-3")
    assert files(tmp_path) == ["other-3.index", "other-42.index"]


def test_it_saves_when_the_counter_has_grown(tmp_path, checkpoint):
    step, made = tf.Variable(0), []
    manager = tf.train.CheckpointManager(
        checkpoint, tmp_path, None, step_counter=step, checkpoint_interval=2, init_fn=lambda: made.append(1)
    )
    assert manager.restore_or_initialize() is None and made == [1]
    saved = []
    for k in range(5):
        step.assign(k)
        saved.append(manager.save() is not None)
    assert saved == [True, False, True, False, True]
    assert manager.save(check_interval=False) is not None and manager.checkpoint_interval == 2


def test_one_in_so_many_hours_stays_for_ever(tmp_path, checkpoint, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=1, keep_checkpoint_every_n_hours=2)
    for _ in range(6):
        now[0] += 3600
        manager.save()
    assert files(tmp_path) == ["ckpt-2.index", "ckpt-4.index", "ckpt-6.index"]


def test_the_state_file(tmp_path, checkpoint):
    assert tf.train.get_checkpoint_state(tmp_path) is None and tf.train.latest_checkpoint(tmp_path) is None
    for _ in range(2):
        checkpoint.save(tmp_path / "a")
    state = tf.train.get_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == str(tmp_path / "a-2")
    assert state.all_model_checkpoint_paths == [str(tmp_path / "a-1"), str(tmp_path / "a-2")]
    (tmp_path / "a-2.index").unlink()
    assert tf.train.latest_checkpoint(tmp_path) is None


def test_the_iterator_ends_when_nothing_comes(tmp_path, checkpoint):
    path = checkpoint.save(tmp_path / "a")
    asked = []
    found = tf.train.checkpoints_iterator(tmp_path, timeout=0.01, timeout_fn=lambda: asked.append(1) or len(asked) > 1)
    assert next(found) == path
    second = checkpoint.save(tmp_path / "a")
    assert list(found) == [second] and len(asked) == 2


def test_errors(tmp_path, checkpoint):
    with pytest.raises(ValueError, match="max_to_keep"):
        tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=0)
    with pytest.raises(ValueError, match="step_counter"):
        tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=1, checkpoint_interval=3)
