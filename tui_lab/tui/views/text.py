"""Text that grows, written by the network as it learns."""

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, wrapped
from tui_lab.session.writing import Page, TextProbe, Writing
from tui_lab.tui.views.base import Choices, View

GUTTER = 9  # columns of the step at the left
NARROW = 30  # columns below which the steps have no room
BRIEF = 4  # lines of a page from before, at most


class TextView(View):
    title = "WHAT IT WRITES"
    about = (
        "A text that grows, written by the network of the step at its left; above it those from before, the older "
        "the farther apart."
    )
    keys = ("i prompt", "( ) temperature", "n anew")
    kind = TextProbe
    rank = 55

    def paint(self, result: Writing, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        """The page that grows below the ones from before, each beside the step whose network wrote it.

        The older pages share what the newest leaves over; without room for a line each, the oldest but the first go.
        """
        canvas, palette = Canvas.blank(height, width), style.palette
        if not result.pages:
            return canvas
        gutter = GUTTER if width >= NARROW else 0
        newest, older = result.pages[-1], list(result.pages[:-1])
        texts = {id(page): page_lines(page, result.by_line, width - gutter) for page in result.pages}
        half = max(1, height // 2) if older else height
        reserved = min(half, 4 if result.by_line else half)
        room = height - reserved
        while older and 2 * len(older) > room and len(older) > 1:
            del older[1 if len(older) > 1 else 0]
        y = 0
        for i, page in enumerate(older):
            left = len(older) - i
            share = max(1, min(BRIEF, (room - y - left) // left)) if room - y > left else 1
            if y + 1 >= height:
                break
            lines = texts[id(page)][:share]
            put_page(canvas, y, gutter, page, lines, 0, style, palette.muted)
            y += len(lines) + (1 if room - y - len(lines) > left else 0)
        lines = texts[id(newest)]
        skipped = max(0, len(lines) - (height - y))
        put_page(canvas, y, gutter, newest, lines[skipped:], skipped, style, palette.text)
        return canvas


def put_page(
    canvas: Canvas,
    top: int,
    gutter: int,
    page: Page,
    lines: list[str],
    skipped: int,
    style: ChartStyle,
    color: int,
) -> None:
    """A page's lines beside its step, the prompt in bold."""
    palette = style.palette
    if gutter:
        canvas.put(top, 0, f"{page.step:>{gutter - 2},}", fg=palette.train)
    if page.problem:
        for y, line in enumerate(lines):
            canvas.put(top + y, gutter, line, fg=palette.warning)
        return
    prompt = cell_width(page.prompt.replace("\n", " ")) if not skipped else 0
    for y, line in enumerate(lines):
        canvas.put(top + y, gutter, line, fg=color)
        if prompt > 0:
            canvas.put(top + y, gutter, line[:prompt], fg=palette.text, attributes=BOLD)
            prompt -= len(line) + 1


def page_lines(page: Page, by_line: bool, width: int) -> list[str]:
    """A page cut into lines: of a list the entries one after the other, of running text without blank lines."""
    if page.problem:
        return wrapped(f"{page.problem} (i: another prompt)", width)
    text = page.prompt + page.text
    if by_line:
        return wrapped(" · ".join(line for line in text.split("\n") if line) or " ", width)
    return [line for line in wrapped(text, width) if line.strip()] or [""]
