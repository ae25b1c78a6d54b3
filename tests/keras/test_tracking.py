from collections import OrderedDict, namedtuple

import pytest

from gputape.keras.tracking import DotNotTrackScope, TrackedDict, TrackedList, Tracker


class Thing:
    pass


@pytest.fixture
def tracker():
    return Tracker({"things": (lambda x: isinstance(x, Thing), [])})


def stored(tracker):
    return tracker.config["things"][1]


def test_containers_go_on_tracking(tracker):
    a, b, c, d, e = (Thing() for _ in range(5))
    items = tracker.track([a])
    items.append(b)
    items += [c]
    items[0] = d
    assert isinstance(items, TrackedList) and stored(tracker) == [b, c, d]
    named = tracker.track({"k": {"inner": e}})
    assert isinstance(named["k"], TrackedDict) and stored(tracker)[-1] is e
    del items[0], named["k"]["inner"]
    assert stored(tracker) == [b, c]
    items.remove(c)
    assert items.pop() is b and stored(tracker) == []


def test_sets_tuples_and_ordered_dicts(tracker):
    a, b, c = Thing(), Thing(), Thing()
    kept = tracker.track({a})
    kept.add(b)
    kept.discard(a)
    assert stored(tracker) == [b]
    pair = tracker.track(namedtuple("Pair", ["x", "y"])(c, 1))
    assert pair.x is c and stored(tracker) == [b, c]
    ordered = tracker.track(OrderedDict(z=Thing(), a=Thing()))
    assert list(ordered) == ["z", "a"] and len(stored(tracker)) == 4


def test_lock_and_scope(tracker):
    with DotNotTrackScope():
        assert type(tracker.track([Thing()])) is list
    tracker.lock("no more")
    with pytest.raises(ValueError, match="no more"):
        tracker.track(Thing())
    tracker.unlock()
    old, new = Thing(), Thing()
    tracker.track(old)
    tracker.replace_tracked_value("things", old, new)
    assert stored(tracker) == [new]
