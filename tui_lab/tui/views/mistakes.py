"""Where the network is wrong and most sure of itself."""

from engine.probes.decisions import Classes, ClassesProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.gallery import gallery
from tui_lab.charts.images import Caption
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad, shorten
from tui_lab.tui.views.base import Choices, View


class MistakesView(View):
    title = "MOST CONFIDENT ERRORS"
    about = "Validation rows where the network is wrong and most sure of itself."
    kind = ClassesProbe
    rank = 70

    def paint(self, result: Classes, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        """The rows themselves where they can be drawn; of a table, who was taken for whom."""
        names = result.names
        if result.rows is not None and len(result.rows):
            captions = [Caption(f"{names[p]}, is {names[t]}", False) for t, p, _ in result.mistakes]
            return gallery(result.rows, captions, height, width, style)
        canvas, palette = Canvas.blank(height, width), style.palette
        if not result.mistakes:
            canvas.put(0, 0, "none on the validation rows", fg=palette.good)
            return canvas
        wide = max(4, min(max(map(cell_width, names)), (width - 16) // 2))
        canvas.put(0, 0, f"{pad('said', wide)}  {pad('is', wide)}  sure to", fg=palette.muted)
        for y, (true, said, p) in enumerate(result.mistakes, start=1):
            canvas.put(y, 0, shorten(names[said], wide), fg=palette.fault)
            canvas.put(y, wide + 2, shorten(names[true], wide), fg=palette.text)
            canvas.put(y, 2 * wide + 4, f"{p:7.0%}", fg=palette.muted)
        return canvas
