"""Write what stands on the screen to files."""

from pathlib import Path

from textual.screen import Screen

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import Palette
from tui_lab.charts.svg import svg
from tui_lab.tui.textual_private import canvas_of


def write_screen(screen: Screen, stem: str, chart: Canvas | None, palette: Palette) -> list[str]:
    """Write the screen, and a chart by itself, as SVG and as text; gives the files' names. Raises OSError."""
    canvases = {stem: canvas_of(screen)}
    if chart is not None:
        canvases[f"{stem}-chart"] = chart
    files = {f"{name}.svg": svg(canvas, palette) for name, canvas in canvases.items()}
    files |= {f"{name}.txt": canvas.to_text() + "\n" for name, canvas in canvases.items()}
    for name, content in files.items():
        Path(name).write_text(content, encoding="utf-8")
    return list(files)
