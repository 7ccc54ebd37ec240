"""Makes the README's pictures from the lab itself: python docs/make_pictures.py"""

import asyncio
import tempfile
from pathlib import Path

import presets
from engine.experiment import experiment_from, override
from tui_lab.charts.glyphs import BRAILLE
from tui_lab.charts.palette import DARK, Look
from tui_lab.session import base
from tui_lab.session.local import LocalSession
from tui_lab.tui.app import LabApp

FOLDER = Path(__file__).parent
PICTURES = {
    # name: (preset, changes, view, steps after which the picture is taken, edits on the way)
    "spiral": ("spiral", ["optimizer.lr=0.003"], "1", 6_000, {2_000: ("optimizer.lr", 0.01)}),
    "digits": ("digits-mlp", [], "4", 400, {}),
    "network": ("circles", [], "5", 2_000, {}),
}


async def picture(name: str, runs: Path) -> None:
    preset, changes, view, steps, edits = PICTURES[name]
    experiment = experiment_from(override(presets.load(preset), changes))
    session = LocalSession(preset, experiment, runs)
    while session.latest.phase != base.READY:
        await asyncio.sleep(0.05)
    app = LabApp(lambda: session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.chart_look = Look(DARK, BRAILLE)  # in full colour, whatever the terminal is
        await pilot.press(view)
        at = 0
        for step, (path, value) in [*sorted(edits.items()), (steps, ("", None))]:
            for _ in range(8):  # in pieces, so that the curves fill
                session.send(base.Steps((step - at) // 8))
                await asyncio.sleep(0.5)
            at = step
            if path:
                session.send(base.Edit(path, value))
                await asyncio.sleep(0.3)
        app.clear_notifications()
        await asyncio.sleep(1.5)
        (FOLDER / f"{name}.svg").write_text(
            app.export_screenshot(title=f"tui-lab {preset}"), encoding="utf-8"
        )
    session.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        for name in PICTURES:
            await picture(name, Path(runs))


if __name__ == "__main__":
    asyncio.run(main())
