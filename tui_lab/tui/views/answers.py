"""Prompts of the validation rows and the network's answers."""

from engine.probes.answers import Answers, AnswersProbe
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad, shorten, wrapped
from tui_lab.tui.views.base import Choices, View


class AnswersView(View):
    title = "WHAT IT ANSWERS"
    about = "Prompts of the validation rows, its most likely answers, and where it is wrong the right ones."
    keys = ("i ask it",)
    kind = AnswersProbe
    rank = 56

    def paint(self, result: Answers, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        """Your own question first; then prompt and answer, a sign, and the right answer where it was wrong."""
        canvas, palette, glyphs = Canvas.blank(height, width), style.palette, style.glyphs
        right = sum(said == truth for _, said, truth in result.rows)
        canvas.put(0, 0, f"{right} of {len(result.rows)} right", fg=palette.muted)
        top = 1
        if result.asked is not None:
            prompt, said = result.asked
            canvas.put(1, 0, prompt, fg=palette.text, attributes=BOLD)
            canvas.put(1, cell_width(prompt), said, fg=palette.validation, attributes=BOLD)
            top = 3
        elif result.problem:
            lines = wrapped(f"{result.problem} (i: another prompt)", width)
            for y, line in enumerate(lines[: height - 1], start=1):
                canvas.put(y, 0, line, fg=palette.warning)
            top = 2 + len(lines)
        room = height - top
        if not result.rows or room < 1:
            return canvas
        longest = [max(cell_width(row[i]) for row in result.rows) for i in range(3)]
        wide = sum(longest) + 8
        across = max(1, (width + 3) // wide)
        for i, (prompt, said, truth) in enumerate(result.rows[: across * room]):
            y, x = top + i % room, i // room * wide
            good = said == truth
            canvas.put(y, x, pad(prompt, longest[0], "right"), fg=palette.muted)
            at = x + longest[0] + 1
            canvas.put(y, at, shorten(said, longest[1]), fg=palette.text if good else palette.fault)
            at += longest[1] + 1
            canvas.put(
                y, at, glyphs.right if good else glyphs.wrong, fg=palette.good if good else palette.fault
            )
            if not good:
                canvas.put(y, at + 2, truth, fg=palette.good)
        return canvas
