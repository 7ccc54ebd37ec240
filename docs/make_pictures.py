"""Makes the README's pictures from the lab itself: python docs/make_pictures.py [NAME …]"""

import asyncio
import re
import sys
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


async def picture(name: str, runs: Path) -> None:
    preset, changes, keys, steps, edits = PICTURES[name]
    experiment = experiment_from(override(presets.load(preset), changes))
    session = LocalSession(preset, experiment, runs, pace=0)
    while session.latest.phase != base.READY:
        await asyncio.sleep(0.05)
    app = LabApp(lambda: session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.chart_look = Look(DARK, BRAILLE)  # in full colour, whatever the terminal is
        await pilot.press(*keys)
        at = 0
        for step, (path, value) in [*sorted(edits.items()), (steps, ("", None))]:
            for piece in range(1, PIECES + 1):
                wanted = at + (step - at) * piece // PIECES
                session.send(base.Steps(wanted - session.latest.step))
                while session.latest.step < wanted:
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.5)
            at = step
            if path:
                session.send(base.Edit(path, value))
                await asyncio.sleep(0.3)
        await asyncio.sleep(3)
        app.clear_notifications()
        await asyncio.sleep(0.5)
        (FOLDER / f"{name}.svg").write_text(
            slim(app.export_screenshot(title=f"tui-lab {preset}")), encoding="utf-8"
        )
    session.close()


def slim(svg: str) -> str:
    """The same picture in fewer bytes: short names, a path for all grounds of one colour, no clipping of lines."""
    svg = re.sub(r"terminal-\d+-", "", svg)
    svg = re.sub(r' clip-path="url\(#line-\d+\)"', "", svg)
    svg = re.sub(r"\s*<clipPath id=\"line-\d+\">.*?</clipPath>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( y="[\d.]+") textLength="12.2"', r"\1", svg)  # a single cell stands where it begins
    grounds: dict[str, str] = {}

    def collect(found: re.Match) -> str:
        fill, x, y, width, height = found.groups()
        grounds[fill] = grounds.get(fill, "") + f"M{x} {y}h{width}v{height}h-{width}z"
        return ""

    number = '"([\\d.]+)"'
    rect = f'<rect fill="([^"]+)" x={number} y={number} width={number} height={number} shape-rendering="crispEdges"/>'
    first = svg.find("<rect fill=", svg.find('clip-path="url(#clip-terminal)"'))
    svg = re.sub(rect, collect, svg)
    paths = "".join(f'<path fill="{fill}" d="{d}"/>' for fill, d in grounds.items())
    return svg[:first] + f'<g shape-rendering="crispEdges">{paths}</g>' + svg[first:]


async def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        for name in sys.argv[1:] or PICTURES:
            await picture(name, Path(runs))


if __name__ == "__main__":
    asyncio.run(main())
