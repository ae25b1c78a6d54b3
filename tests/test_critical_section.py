"""One thread at a time is in a critical section, and a function that fails leaves it open."""

import threading

import pytest

import gputape as tf


def test_one_thread_at_a_time():
    section, inside, most = tf.CriticalSection(name="cs"), [], []

    def work():
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.002)
        inside.pop()

    threads = [threading.Thread(target=section.execute, args=(work,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert section.name == "cs" and most == [1, 1, 1, 1]


def test_it_cannot_wait_for_itself_and_opens_again():
    section = tf.CriticalSection()
    with pytest.raises(ValueError, match="own execution"):
        section.execute(lambda: section.execute(lambda: 1))
    assert section.execute(lambda: 2) == 2
