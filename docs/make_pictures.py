"""Makes the README's pictures from the lab itself: python docs/make_pictures.py"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import presets
from engine.experiment import experiment_from, override
from tui_lab.charts.glyphs import BRAILLE
from tui_lab.charts.palette import DARK, Look
from tui_lab.charts.svg import svg
from tui_lab.session import base
from tui_lab.session.local import LocalSession
from tui_lab.tui.app import LabApp
from tui_lab.tui.picture_of import canvas_of

FOLDER = Path(__file__).parent
PICTURES = {
    # name: (preset, changes, view, steps after which the picture is taken, edits on the way)
    "spiral": ("spiral", ["optimizer.lr=0.003"], "1", 6_000, {2_000: ("optimizer.lr", 0.01)}),
    "digits": ("digits-mlp", [], "4", 400, {}),
    "network": ("circles", [], "5", 2_000, {}),
}


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.05)


async def picture(name: str, runs: Path) -> None:
    preset, changes, view, steps, edits = PICTURES[name]
    experiment = experiment_from(override(presets.load(preset), changes))
    session = LocalSession(preset, experiment, runs)
    await until(lambda: session.latest.phase == base.READY)
    app = LabApp(lambda: session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.chart_look = Look(DARK, BRAILLE)  # in full colour, whatever the terminal is
        await pilot.press(view)
        at = 0
        for step, (path, value) in [*sorted(edits.items()), (steps, ("", None))]:
            for piece in range(1, 9):  # so that the curves fill
                goal = at + (step - at) * piece // 8
                session.send(base.Steps(goal - session.latest.step))
                await until(lambda goal=goal: session.latest.step == goal)
            at = step
            if path:
                session.send(base.Edit(path, value))
                await until(lambda: session.latest.edits > 0)
        app.clear_notifications()
        await asyncio.sleep(3)
        picture = svg(canvas_of(app.screen), DARK)
        (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")
    session.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        for name in PICTURES:
            await picture(name, Path(runs))


if __name__ == "__main__":
    asyncio.run(main())
