"""Makes the README's pictures from the lab itself: python docs/make_pictures.py [NAME …]"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import presets
from engine.experiment import experiment_from, override
from engine.launch import Launch
from tui_lab.charts.glyphs import BRAILLE
from tui_lab.charts.palette import DARK, ChartStyle
from tui_lab.charts.svg import svg
from tui_lab.session import base
from tui_lab.session.local import LocalSession
from tui_lab.tui.app import LabApp
from tui_lab.tui.textual_private import canvas_of

FOLDER = Path(__file__).parent
PIECES = 8  # in which a run is trained, so that curves fill and texts of several steps are written
PICTURES = {
    # name: (preset, changes, keys, steps after which the picture is taken, edits on the way)
    "spiral": ("spiral", ["optimizer.lr=0.003"], "1", 6_000, {2_000: ("optimizer.lr", 0.01)}),
    "digits": ("digits-mlp", [], "4", 400, {}),
    "network": ("circles", [], "5", 2_000, {}),
    "shakespeare": ("shakespeare-gpt", [], "4", 1_000, {}),
    "features": ("digits-cnn", [], "4oooo", 400, {}),
    "codes": ("digits-autoencoder", [], "4", 1_500, {}),
}


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.05)


async def picture(name: str, runs: Path) -> None:
    preset, changes, keys, steps, edits = PICTURES[name]
    experiment = experiment_from(override(presets.load(preset), changes))
    session = LocalSession(Launch(preset, experiment, runs), pace=0)
    await until(lambda: session.latest.phase == base.READY)
    app = LabApp(lambda: session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.chart_style = ChartStyle(DARK, BRAILLE)  # in full color, whatever the terminal is
        await pilot.press(*keys)
        at = 0
        for step, (path, value) in [*sorted(edits.items()), (steps, ("", None))]:
            for piece in range(1, PIECES + 1):
                wanted = at + (step - at) * piece // PIECES
                session.send(base.Steps(wanted - session.latest.step))
                await until(lambda wanted=wanted: session.latest.step >= wanted)
                await asyncio.sleep(0.5)
            at = step
            if path:
                session.send(base.Edit(path, value))
                await until(lambda: session.latest.edits > 0)
        await asyncio.sleep(3)
        app.clear_notifications()
        await asyncio.sleep(0.5)
        (FOLDER / f"{name}.svg").write_text(svg(canvas_of(app.screen), DARK), encoding="utf-8")
    session.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        for name in sys.argv[1:] or PICTURES:
            await picture(name, Path(runs))


if __name__ == "__main__":
    asyncio.run(main())
