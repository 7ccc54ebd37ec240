"""A session that runs for days holds no more than it needs."""

import gc

from tui_lab.session import memory_trim
from tui_lab.session.memory_trim import MemoryTrim


def test_what_stays_is_frozen_once_and_can_be_settled_again():
    careful = MemoryTrim()
    try:
        careful.settle()
        assert gc.get_freeze_count() > 0
        careful.settle()
        assert not gc.collect(), "what was frozen before is collected by the second time"
    finally:
        gc.unfreeze()


def test_old_cycles_are_collected_soon_however_much_was_there_before():
    before = [[] for _ in range(1_000_000)]
    threshold = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)  # what is usual differs between versions of Python
        MemoryTrim().settle()
        collections = gc.get_stats()[2]["collections"]
        after = [[] for _ in range(150_000)]
        assert gc.get_stats()[2]["collections"] > collections
        assert len(before) > 4 * len(after)
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


def test_free_memory_goes_back_now_and_then(monkeypatch):
    now, asked = [0.0], []
    monkeypatch.setattr(memory_trim.time, "monotonic", lambda: now[0])
    careful = MemoryTrim()
    careful._trim = asked.append
    for now[0] in (1.0, 19.0, 21.0, 30.0, 42.0):
        careful.give_back()
    assert len(asked) == 2
    careful._trim = None
    careful.give_back()
