"""Text that grows, and answers to prompts."""

from engine.probes.writing import Answers, Page, Writing
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, shorten, wrapped
from tui_lab.tui.widgets.sights.choice import Choice

GUTTER = 9  # columns of the step at the left
NARROW = 30  # columns below which the steps have no room
BRIEF = 4  # lines of a page from before, at most


def writing(found: Writing, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    """The page that grows below the ones from before, each beside the step whose network wrote it.

    The older pages share what the newest leaves over; without room for a line each, the oldest but the first go.
    """
    canvas, palette = Canvas.blank(height, width), style.palette
    if not found.pages:
        return canvas
    gutter = GUTTER if width >= NARROW else 0
    newest, older = found.pages[-1], list(found.pages[:-1])
    texts = {id(page): page_lines(page, found.by_line, width - gutter) for page in found.pages}
    half = max(1, height // 2) if older else height
    reserved = min(half, 4 if found.by_line else half)
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


def answers(found: Answers, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    """The person's own question first; then prompt and answer, a sign, and the right answer where it was wrong."""
    canvas, palette, glyphs = Canvas.blank(height, width), style.palette, style.glyphs
    right = sum(said == truth for _, said, truth in found.rows)
    canvas.put(0, 0, f"{right} of {len(found.rows)} right", fg=palette.muted)
    top = 1
    if found.asked is not None:
        prompt, said = found.asked
        canvas.put(1, 0, prompt, fg=palette.text, attributes=BOLD)
        canvas.put(1, cell_width(prompt), said, fg=palette.validation, attributes=BOLD)
        top = 3
    elif found.problem:
        lines = wrapped(f"{found.problem} (i: another prompt)", width)
        for y, line in enumerate(lines[: height - 1], start=1):
            canvas.put(y, 0, line, fg=palette.warning)
        top = 2 + len(lines)
    room = height - top
    if not found.rows or room < 1:
        return canvas
    longest = [max(cell_width(row[i]) for row in found.rows) for i in range(3)]
    wide = sum(longest) + 8
    across = max(1, (width + 3) // wide)
    for i, (prompt, said, truth) in enumerate(found.rows[: across * room]):
        y, x = top + i % room, i // room * wide
        good = said == truth
        canvas.put(y, x, prompt.rjust(longest[0]), fg=palette.muted)
        at = x + longest[0] + 1
        canvas.put(y, at, shorten(said, longest[1]), fg=palette.text if good else palette.fault)
        at += longest[1] + 1
        canvas.put(y, at, glyphs.right if good else glyphs.wrong, fg=palette.good if good else palette.fault)
        if not good:
            canvas.put(y, at + 2, truth, fg=palette.good)
    return canvas
