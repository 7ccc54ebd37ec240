"""The pace: so many steps a second, never a debt, never other bits."""

import pytest

from tui_lab.session import pace
from tui_lab.session.pace import Pace, faster, slower, watchable


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def test_full_speed_has_no_limit_and_no_rest():
    assert Pace().due is None
    assert Pace().rest == 0


def test_the_first_step_is_due_at_once_and_then_so_many_a_second(clock):
    paced = Pace(10)
    paced.restart()
    made = []
    for _ in range(100):
        made.append(paced.due)
        paced.made(made[-1])
        clock[0] += 0.05
    assert made[0] == 1
    assert sum(made[1:]) == pytest.approx(50, abs=1)
    assert max(made) == 1


def test_what_the_machine_cannot_keep_up_with_is_not_made_up_for(clock):
    paced = Pace(1_000)
    paced.restart()
    paced.made(paced.due)
    clock[0] += 60
    assert paced.due <= 1_000 * pace.BEHIND + 1


def test_a_rest_lasts_until_the_next_step(clock):
    paced = Pace(2)
    paced.restart()
    paced.made(paced.due)
    assert paced.rest == pytest.approx(0.5)
    assert Pace(10_000).rest == pytest.approx(pace.BEAT)


def test_the_ladder_ends_in_full_speed_above_and_in_one_step_a_second_below():
    assert [slower(0), slower(300), slower(1)] == [100_000, 100, 1]
    assert [faster(1), faster(299), faster(100_000), faster(0)] == [3, 300, 0, 0]


def test_what_would_be_over_at_once_can_be_watched():
    assert watchable(20_000, 0.1) == 1_000
    assert watchable(500, 0.01) == 30
    assert watchable(1_000_000, 60) == 0
