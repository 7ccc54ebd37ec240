"""What is used of Textual though it is not public: a new version of it is tried here first."""

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip
from textual.widgets import Static

from tui_lab.charts.canvas import BOLD
from tui_lab.tui.textual_private import QuietApp, canvas_of, segments_of


async def test_the_screen_is_read_cell_by_cell_with_its_colors():
    class Shown(App):
        def compose(self):
            yield Static("[bold #ff0000 on #0000ff]red 猫[/]")

    async with Shown().run_test(size=(20, 3)) as pilot:
        await pilot.pause()
        canvas = canvas_of(pilot.app.screen)
    assert canvas.to_text().rstrip() == "red 猫"
    assert canvas.chars.shape == (3, 20)
    assert canvas.fg[0, 0] == 0xFF0000
    assert canvas.bg[0, 0] == 0x0000FF
    assert canvas.attributes[0, 0] & BOLD


def test_a_strip_gives_its_own_segments():
    segments = [Segment("a", Style()), Segment("b", Style())]
    strip = Strip(segments)
    assert segments_of(strip) is strip._segments
    assert list(segments_of(strip)) == segments


async def test_an_app_that_fails_leaves_with_code_1_and_keeps_the_failure(capsys):
    class Failing(QuietApp):
        def on_ready(self):
            raise RuntimeError("broken")

    app = Failing()
    await app.run_async(headless=True, size=(20, 3))
    assert isinstance(app.failure, RuntimeError)
    assert app.return_code == 1
    assert "broken" not in capsys.readouterr().err


async def test_of_several_failures_the_first_is_told():
    async with QuietApp().run_test() as pilot:
        first, second = RuntimeError("first"), KeyError("second")
        pilot.app._handle_exception(first)
        pilot.app._handle_exception(second)
    assert pilot.app.failure is first
