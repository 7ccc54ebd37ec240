"""The screens on a session without an engine: what keys ask for, what is shown, that nothing breaks at any size."""

from xml.etree import ElementTree

import pytest

from engine.probes.decisions import NeuronsProbe
from engine.probes.layers import HistogramsProbe, WeightsProbe
from helpers import fake
from helpers.screenshot import settled, text_of
from tui_lab.session import base
from tui_lab.session.base import Edit, Pace, Pause, Play, Restart, Save, Steps, Undo
from tui_lab.tui.app import LabApp
from tui_lab.tui.screens.ask import AskValue, Confirm, Trouble
from tui_lab.tui.screens.edit import EditScreen
from tui_lab.tui.screens.help import HelpScreen
from tui_lab.tui.screens.lab import LabScreen
from tui_lab.tui.screens.presets import PresetsScreen
from tui_lab.tui.widgets.hyper import HyperForm

EVERY_KEY = """
plus minus l left_square_bracket comma full_stop x left right right_square_bracket x m escape t t tab escape up down
""".split()  # noqa: SIM905


@pytest.fixture(autouse=True)
def _no_welcome(monkeypatch):
    monkeypatch.setattr("tui_lab.tui.welcome.first_time", lambda: False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("time.localtime", __import__("time").gmtime)


def app_on(session) -> LabApp:
    return LabApp(lambda: session, glyphs="braille")


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("space", Pause()), ("s", Steps(1)), ("S", Steps(0)), ("u", Undo()), ("c", Save()),
        ("r", Restart()), ("R", Restart(seed=2)), ("less_than_sign", Pace(100_000)),
        ("greater_than_sign", Pace(0)),
    ],
)  # fmt: skip
async def test_keys_ask_for_what_they_say(key, command):
    session = fake.spiral()
    async with app_on(session).run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await settled(pilot)
        assert session.asked == [command]


async def test_space_trains_when_nothing_is_training():
    session = fake.line()
    async with app_on(session).run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        assert session.asked == [Play()]


async def test_full_speed_lets_go_of_the_pace_and_goes_back_to_it():
    session = fake.spiral()
    session.show(pace=300.0)
    async with app_on(session).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "f full speed" in text_of(pilot.app)
        assert "paced  300/s" in text_of(pilot.app)
        await pilot.press("f")
        await settled(pilot)
        session.show(pace=0.0)
        await pilot.pause(0.3)
        await pilot.press("f")
        await settled(pilot)
        assert session.asked == [Pace(0), Pace(300)]


async def test_the_mouse_does_what_keys_do():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.click("#form", offset=(33, 2))
        await settled(pilot)
        assert session.asked == [Edit("optimizer.lr", 0.0125)]
        await pilot.click("#loss-chart", offset=(20, 4))
        await settled(pilot)
        assert app.screen.curves.cursor is not None
        assert app.focused is app.screen.query_one("#loss-chart")
        await pilot.click("TabLine", offset=(27, 0))
        await settled(pilot)
        assert app.screen.tab_id == "layers"
        await pilot.click("#layers-table", offset=(3, 2))
        await settled(pilot)
        assert app.screen.tab.chosen == "dense2"


async def test_no_arrow_changes_a_field_that_nobody_chose():
    session = fake.spiral()
    async with app_on(session).run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("right", "left", "up", "down")
        await settled(pilot)
        assert session.asked == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_curve_can_be_seen(size):
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await settled(pilot)
        seen = ""
        for _ in range(4):
            seen += text_of(app)
            await pilot.press("o")
            await settled(pilot)
        for title in (
            "LOSS",
            "ACCURACY",
            "GRADIENT NORM",
            "LEARNING RATE",
            "STEPS A SECOND",
            "MACRO F1",
            "ROC AUC",
        ):
            assert title in seen


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"phase": base.FAILED, "message": "out of memory; make the model smaller"},
            "make the model smaller",
        ),
        (
            {
                "phase": base.ENDED,
                "end": {"reason": "diverged", "message": "the loss is not finite at step 9"},
            },
            "goes on from the last good checkpoint",
        ),
    ],
)
async def test_trouble_is_told_whole_and_once(changes, words):
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        session.show(**changes)
        await pilot.pause(0.3)
        await settled(pilot)
        assert isinstance(app.screen, Trouble)
        assert words in app.screen.message + app.screen.ways
        await pilot.press("escape")
        session.show()
        await pilot.pause(0.3)
        await settled(pilot)
        assert isinstance(app.screen, LabScreen)


async def test_a_nudge_in_the_form_asks_for_an_edit():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("e", "down", "right")
        await settled(pilot)
        assert isinstance(app.focused, HyperForm)
        assert session.asked == [Edit("optimizer.lr", 0.0125)]


async def test_a_typed_value_asks_for_an_edit_and_escape_does_not():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(app.screen, EditScreen)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert isinstance(app.screen, AskValue)
        await pilot.press("ctrl+a", "delete", "ctrl+k", *"0.5", "enter")
        await settled(pilot)
        assert session.asked == [Edit("optimizer.lr", 0.5)]
        await pilot.press("enter", "escape")
        await settled(pilot)
        assert len(session.asked) == 1


async def test_steps_of_augmentation_are_typed_as_names_and_taken_away_by_an_empty_line():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        form = app.screen.query_one("#form", HyperForm)
        form.focus()
        form.choose("augment")
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press(*"noise", "enter")
        await settled(pilot)
        await pilot.press("enter", "enter")
        await settled(pilot)
        assert session.asked == [Edit("augment", ["noise"]), Edit("augment", [])]


async def test_what_cannot_change_live_offers_a_restart():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        form = app.screen.query_one("#form", HyperForm)
        form.focus()
        form.choose("model.0.units")
        await pilot.press("right")
        await settled(pilot)
        assert isinstance(app.screen, Confirm)
        await pilot.press("y")
        await settled(pilot)
        (asked,) = session.asked
        assert isinstance(asked, Restart)
        assert asked.experiment.model[0].units == 17


async def test_every_key_of_the_lab_can_be_pressed_in_every_view():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(100, 30)) as pilot:
        for view in "1234567":
            for key in EVERY_KEY:
                await pilot.press(view, key)
        await settled(pilot)
        assert isinstance(app.screen, LabScreen)


async def test_help_tells_about_the_focused_panel():
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "question_mark")
        await settled(pilot)
        assert isinstance(app.screen, HelpScreen)
        assert "upd:data" in text_of(app)
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)


async def test_only_what_is_on_the_screen_is_asked_of_the_session():
    session = fake.spiral()
    async with app_on(session).run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        await settled(pilot)
        assert session.looks[-1].views == {}
        assert not session.looks[-1].layers
        await pilot.press("3")
        await settled(pilot)
        assert session.looks[-1].layers
        assert session.looks[-1].views == {"histograms": HistogramsProbe("dense1")}
        await pilot.press("5")
        await settled(pilot)
        assert session.looks[-1].views == {"weights": WeightsProbe(), "neurons": NeuronsProbe()}
        await pilot.press("4")
        await settled(pilot)
        assert list(session.looks[-1].views) == ["plane", "neurons"]


async def test_low_bandwidth_draws_no_pictures_on_the_overview():
    session = fake.spiral()
    app = LabApp(lambda: session, low_bandwidth=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert app.fps <= 2
        assert session.looks[-1].views == {}


@pytest.mark.parametrize(
    "size", [(1, 1), (20, 5), (50, 15), (59, 30), (60, 16), (200, 60), (300, 20), (40, 80)]
)
async def test_no_size_breaks_it(size):
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        for view in "1234567":
            await pilot.press(view)
        await pilot.resize_terminal(*size)
        await settled(pilot)
        for view in "1234567":
            await pilot.press(view)
            await pilot.pause(0.05)
        await settled(pilot)
        if size[0] < 60 or size[1] < 16:
            assert app.screen.query_one("#toosmall").display


async def test_a_notice_is_shown_once():
    session = fake.spiral()
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        session.show(notice=(1, "optimizer.lr: 0.01 → 0.02"))
        await settled(pilot)
        await pilot.pause(0.3)
        session.show()
        await pilot.pause(0.3)
        assert len(app._notifications) == 1


async def test_quitting_closes_the_session_and_gives_its_exit_code():
    session = fake.spiral()
    session.exit_code = 1
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await settled(pilot)
    assert session.closed
    assert app.return_value == 1


async def test_ctrl_z_pauses_instead_of_freezing_the_process():
    session = fake.spiral()
    async with app_on(session).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert session.asked == [Pause()]


async def test_presets_are_filtered_by_typing_and_told_about():
    app = LabApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert isinstance(app.screen, PresetsScreen)
        await pilot.press(*"wine")
        await pilot.pause(0.2)
        for _ in range(100):
            await pilot.pause(0.05)
            if "178 wines" in text_of(app):
                break
        text = text_of(app)
        assert "178 wines" in text
        assert "spiral" not in text
        await pilot.press(*"xyz")
        await settled(pilot)
        assert "nothing by that name" in text_of(app)


async def test_a_table_of_the_users_gets_a_sensible_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}\n" for i in range(60))
    (tmp_path / "mine.csv").write_text("a,b,answer\n" + rows)
    app = LabApp(None, root=tmp_path / "runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"mine")
        for _ in range(100):
            await pilot.pause(0.05)
            if "Your table" in text_of(app):
                break
        assert "Your table" in text_of(app)


async def test_a_screenshot_and_the_panels_text_can_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.screen.query_one("#loss-chart").focus()
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
    stem = "spiral-overview-48210"
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        f"{stem}-chart.svg", f"{stem}-chart.txt", f"{stem}.svg", f"{stem}.txt"
    ]  # fmt: skip
    for path in tmp_path.glob("*.svg"):
        ElementTree.fromstring(path.read_text())
    assert "WHAT IT SEES" in (tmp_path / f"{stem}.txt").read_text()
    chart = (tmp_path / f"{stem}-chart.txt").read_text()
    assert "LOSS" in chart
    assert "WHAT IT SEES" not in chart


async def test_no_color_shows_no_color(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(fake.spiral())
    async with app.run_test(size=(120, 40)) as pilot:
        for view in "1234567":
            await pilot.press(view)
            await settled(pilot)
        assert app.chart_style.colorless


async def test_no_screen_passes_on_what_a_terminal_would_obey(tmp_path, monkeypatch):
    red, title = "\x1b[31m", "\x1b]0;owned\x07"
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 7},{red}{'yes' if i % 7 > 3 else 'no'}{title}\n" for i in range(60))
    (tmp_path / f"mine{red}.csv").write_text(f"a{title}b,ans{red}wer\n{rows}")
    app = LabApp(None, root=tmp_path / "runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"mine")
        for _ in range(100):
            await pilot.pause(0.05)
            if "Your table" in text_of(app):
                break
        assert "\x1b" not in text_of(app)
        assert r"mine\x1b[31m.csv" in text_of(app)
    session = fake.digits()
    names = [f"{red}class {i}{title}" for i in range(10)]
    data = session.latest.data | {"classes": names, "balance": [(name, 9) for name in names]}
    session.show(name=f"run{red}", data=data, notice=(1, f"told{title}"), path=f"runs/{red}", phase=base.FAILED,
                 message=f"broken{red}\nsecond{title}")  # fmt: skip
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert r"broken\x1b[31m" in text_of(app)
        for tab in "1234567":
            await settled(pilot, "escape", tab)
            assert "\x1b" not in text_of(app)
            assert "\x07" not in text_of(app)


@pytest.mark.parametrize("tab", ["1", "2", "3", "4"])
async def test_while_it_compiles_no_panel_asks_for_a_key(tab):
    session = fake.spiral()
    session.show(
        phase=base.COMPILING, message="compiling 3 of 14", step=0, curves={}, layers=(), probes=(), views={}
    )
    app = app_on(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, tab)
        assert "press space" not in text_of(app)
        assert text_of(app).count("compiling 3 of 14") > 1, "the panels say what is waited for"
