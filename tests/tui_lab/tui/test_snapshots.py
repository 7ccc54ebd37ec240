"""Every screen looks as it did, characters and colors; screenshot.py says how to look at a change and to keep it."""

import time

import pytest

import presets
from helpers import fake
from helpers.screenshot import check, settled, text_of
from tui_lab.tui.app import LabApp
from tui_lab.tui.tabs import TITLES
from tui_lab.tui.widgets.hyper import HyperForm

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def _always_the_same(monkeypatch):
    monkeypatch.setattr("tui_lab.tui.welcome.first_time", lambda: False)
    monkeypatch.setattr("time.localtime", time.gmtime)
    terminal(monkeypatch)


def terminal(monkeypatch, term: str = "xterm-256color", colors: str = "truecolor") -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colors)


def app_on(session) -> LabApp:
    return LabApp(lambda: session, glyphs="braille")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tab", range(len(TITLES)))
async def test_tabs(tab, size):
    app = app_on(fake.spiral())
    async with app.run_test(size=size) as pilot:
        await settled(pilot, str(tab + 1))
        check(f"{TITLES[tab].lower()}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("make", [fake.digits, fake.line])
@pytest.mark.parametrize("tab", [0, 3, 5])
async def test_other_kinds_of_data(make, tab):
    app = app_on(make())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, str(tab + 1))
        check(f"{make.__name__}-{TITLES[tab].lower()}", app)


@pytest.mark.parametrize("tab", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
async def test_language(tab, size):
    app = app_on(fake.gpt())
    async with app.run_test(size=size) as pilot:
        await settled(pilot, str(tab + 1))
        check(f"gpt-{TITLES[tab].lower()}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize(
    ("name", "widget", "size"), [("loss", "#loss-chart", (80, 24)), ("view", "#overview-view", (120, 40))]
)
async def test_maximized_charts(name, widget, size):
    app = app_on(fake.spiral())
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        app.screen.query_one(widget).focus()
        await settled(pilot, "m")
        check(f"maximized-{name}", app)


async def test_a_cursor_smoothing_and_a_window():
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "2", "left_square_bracket", "plus", "plus", "x", *["left"] * 9)
        app.clear_notifications()
        await settled(pilot)
        check("curves-read", app)


@pytest.mark.parametrize(
    ("name", "keys", "size"),
    [
        ("help", ["question_mark"], (80, 24)),
        ("edit", ["e", "down"], (80, 24)),
        ("ask", ["e", "down", "enter"], (80, 24)),
    ],
)
async def test_dialogs(name, keys, size):
    app = app_on(fake.spiral())
    async with app.run_test(size=size) as pilot:
        for key in keys:
            await settled(pilot, key)
        check(name, app)


async def test_the_question_before_a_restart():
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "e")
        app.screen.query_one("#form", HyperForm).choose("model.0.units")
        await settled(pilot, "right")
        check("confirm", app)


async def test_too_small_says_what_it_needs():
    app = app_on(fake.spiral())
    async with app.run_test(size=(50, 15)) as pilot:
        await settled(pilot)
        check("too-small", app)


@pytest.mark.parametrize("size", SIZES)
async def test_presets(size, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(presets, "names", lambda: ["linear-regression", "spiral", "iris"])
    app = LabApp(None, root=tmp_path / "runs", glyphs="braille")
    async with app.run_test(size=size) as pilot:
        await settled(pilot, "down")
        for _ in range(100):
            await pilot.pause(0.05)
            if "expect accuracy" in text_of(app):
                break
        check(f"presets-{size[0]}x{size[1]}", app)


async def test_without_colors(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        check("no-color", app)


async def test_sixteen_colors(monkeypatch):
    terminal(monkeypatch, "xterm", "")
    app = app_on(fake.spiral())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        check("sixteen-colors", app)


async def test_the_light_theme():
    app = app_on(fake.spiral())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "t")
        check("light", app)
