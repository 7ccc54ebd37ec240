"""The list of presets: typing and arrows never wait for data, and what was prepared once is kept."""

import threading

import numpy as np
import pytest
from textual.widgets import OptionList

import presets
from engine.component import build
from engine.data import Source, prepare
from engine.experiment import experiment_from
from helpers.screenshot import text_of
from tui_lab.charts.palette import ChartStyle
from tui_lab.session.base import Snapshot
from tui_lab.session.describing import preview_of, raw_table
from tui_lab.tui import opening
from tui_lab.tui.app import LabApp
from tui_lab.tui.widgets.preview import DRAWN, data_picture


class Asked:
    """Stands in for `about`: counts what is asked for, and can be slow."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, kind: str, name: str, root) -> dict:
        self.names.append(name)
        self.gate.wait(10)
        return {
            "title": f"about {name}",
            "story": "[b]a story[/b]",
            "layers": "",
            "tries": "",
            "snapshot": None,
        }


@pytest.fixture
def asked(monkeypatch, tmp_path):
    stand_in = Asked()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(opening, "about", stand_in)
    return stand_in


async def until(pilot, condition) -> None:
    for _ in range(100):
        await pilot.pause(0.05)
        if condition():
            return
    raise AssertionError("it did not come")


async def test_arrows_that_are_held_prepare_nothing_on_the_way(asked):
    app = LabApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        options = app.screen.query_one(OptionList)
        for _ in range(6):
            options.action_cursor_down()
        last = presets.names()[6]
        await until(pilot, lambda: f"about {last}" in text_of(app))
        assert len(asked.names) <= 2


async def test_what_was_prepared_once_is_shown_again_at_once(asked):
    app = LabApp(None)
    first, second = presets.names()[:2]
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: f"about {first}" in text_of(app))
        await pilot.press("down")
        await until(pilot, lambda: f"about {second}" in text_of(app))
        await pilot.press("up")
        await until(pilot, lambda: f"about {first}" in text_of(app))
        assert asked.names == [first, second]


async def test_typing_goes_on_while_data_is_prepared(asked):
    asked.gate.clear()
    app = LabApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: asked.names)
        await pilot.press(*"spiral")
        await until(pilot, lambda: "Two spirals" in text_of(app))
        text = text_of(app)
        assert "preparing the data" in text
        assert "circles" not in text
        asked.gate.set()
        await until(pilot, lambda: "about spiral" in text_of(app))


async def test_a_bracket_in_the_filter_is_a_bracket(asked):
    app = LabApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "nothing by that name" in text_of(app))
        assert "[" in text_of(app)


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ({"source": "names"}, "lines", []),
        ({"source": "addition", "digits": 1}, "pairs", ["="]),
        ({"source": "digits"}, "samples", ["▀"]),
        ({"source": "mnist1d"}, "samples", []),
        ({"source": "sunspots"}, "series", ["row"]),
        ({"source": "iris"}, "table", ["setosa"]),
        ({"source": "low-rank-ratings", "samples": 500}, "table", ["user", "item", "rating"]),
        ({"source": "spiral"}, "points", ["•"]),
        ({"source": "digits", "reconstruct": True}, "samples", ["▀"]),
    ],
)  # fmt: skip
def test_each_kind_of_data_is_drawn_as_what_it_is(source, kind, words):
    tree = {"data": source, "model": [{"layer": "dense"}], "loss": {"name": "mse"}, "training": {"steps": 1}}
    data = experiment_from(tree | {"optimizer": {"name": "sgd"}}).data
    found = preview_of(prepare(data, 1), data, 1)
    assert [k for k in DRAWN if k in found] == [kind]
    for height, width in [(1, 8), (9, 40), (14, 60)]:
        canvas = data_picture(Snapshot(version=1, phase="ready", data=found), height, width, ChartStyle())
        assert canvas is not None
        assert canvas.chars.shape == (height, width)
    assert (canvas.chars != " ").sum() > 60
    for word in words:
        assert word in canvas.to_text()


def test_a_table_is_shown_as_it_stands_in_the_file():
    data = experiment_from(presets.load("wine")).data
    names, rows = raw_table(data, 1)["table"]
    assert names[0] == "alcohol"
    assert 11 < np.mean([row[0] for row in rows]) < 15, "not standardized"


def test_generated_rows_are_those_of_the_data_s_own_seed():
    own = build(Source, {"source": "logistic", "seed": 7}, "data")
    others = build(Source, {"source": "logistic"}, "data")
    assert raw_table(own, 1) == raw_table(own, 1)
    assert raw_table(own, 1) != raw_table(others, 1)


def test_users_and_items_are_shown_by_their_names_and_ratings_as_they_were_given(tmp_path):
    path = tmp_path / "stars.csv"
    path.write_text(
        "user,item,rating\n" + "".join(f"ann{i % 5},book{i % 7},{i % 3 + 1}\n" for i in range(60))
    )
    data = experiment_from(presets.find(str(path))[1]).data
    names, rows = preview_of(prepare(data, 1), data, 1)["table"]
    assert names == ["user", "item", "rating"]
    user, item, rating = rows[0]
    assert str(user).startswith("ann")
    assert str(item).startswith("book")
    assert round(float(rating), 5) in (1, 2, 3)
