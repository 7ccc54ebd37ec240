"""One table of actions: keys, footer, help, palette and docs/keys.md say the same."""

from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

from helpers import fake
from helpers.screenshot import settled, text_of
from tui_lab.tui.actions import APP, PRESETS, Action, every_action, keys_table, lab_groups
from tui_lab.tui.app import LabApp
from tui_lab.tui.tabs import TITLES

LAB = [action for group in lab_groups(TITLES).values() for action in group]
KEYS = Path(__file__).parents[3] / "docs" / "keys.md"


@pytest.fixture(autouse=True)
def _no_welcome(monkeypatch):
    monkeypatch.setattr("tui_lab.tui.welcome.first_time", lambda: False)


def lab() -> LabApp:
    return LabApp(fake.spiral, glyphs="braille")


def palette_of(app: LabApp) -> dict[str, str]:
    """The commands of the palette with their second line."""
    commands = list(app.get_system_commands(app.screen))
    assert len({command.title for command in commands}) == len(commands), "a command is there twice"
    return {command.title: command.help for command in commands}


async def test_every_key_of_the_lab_is_bound_and_in_the_palette_under_the_same_words():
    session = fake.spiral()
    session.show(pace=300.0)  # without one there is no full speed to go back from
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        active = app.screen.active_bindings
        found = palette_of(app)
        for action in LAB:
            for key in action.keys.split(","):
                assert active[key].binding.description == action.title
            if action.palette:
                assert found[action.title].startswith(action.key), action
                assert action.about in found[action.title]


async def test_every_binding_that_is_shown_is_in_the_palette():
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        for tab in "1234567":
            await settled(pilot, tab)
            found = palette_of(app)
            moves = {action.call for action in every_action() if not action.palette}
            for _, binding, enabled, _ in app.screen.active_bindings.values():
                if binding.show and enabled and binding.action not in moves:
                    assert binding.description in found


async def test_a_command_of_the_palette_does_what_its_key_does():
    session = fake.spiral()
    app = LabApp(lambda: session, glyphs="braille")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "ctrl+p", *"checkpoint", "enter")
        assert [type(command).__name__ for command in session.asked] == ["Save"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_footer_says_the_words_of_the_table(size):
    app = lab()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        shown = {key.description for key in app.screen.query(FooterKey)}
        assert shown == {a.title for a in LAB if a.footer} - {"full speed"}, "there is no pace to let go of"
        assert text_of(app).splitlines()[-1].endswith("? help"), "everything has room"


async def test_the_help_has_every_key_of_the_screen_that_it_is_for():
    app = lab()
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot, "question_mark")
        shown = text_of(app)
        for action in LAB:
            assert f"{action.key:5} {action.title}" in shown, action
    app = LabApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, "question_mark")
        shown = text_of(app)
        for action in (*PRESETS, *APP):
            assert action.title in shown
        assert "train/pause" not in shown, "no key of another screen"


def test_no_key_means_two_things():
    keys = [key for action in LAB for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert len({action.title for action in LAB}) == len(LAB)


def test_the_documentation_has_the_table():
    text = KEYS.read_text(encoding="utf-8")
    table = text.split("<!-- keys -->")[1].split("<!-- end of keys -->")[0].strip()
    assert table == keys_table(TITLES), "tui_lab.tui.actions.keys_table(TITLES) writes it"


def test_a_key_is_written_as_it_is_on_the_keyboard():
    assert Action("x", "left_square_bracket", "").key == "["
    assert Action("x", "S", "").key == "S"
    assert Action("x", "ctrl+q,ctrl+c", "").key == "^q"


def test_the_name_of_every_key_fits_the_column_of_the_help():
    assert [action for action in every_action() if len(action.key) > 5] == []
