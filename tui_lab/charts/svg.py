"""A canvas as an SVG picture. Dots and blocks are drawn as shapes: no font is needed to make them meet."""

from xml.sax.saxutils import escape

from tui_lab.charts.canvas import BOLD, DIM, REVERSE, UNDERLINE, Canvas
from tui_lab.charts.palette import Palette
from tui_lab.charts.text import cells

WIDTH, HEIGHT, SIZE = 8.43, 17.0, 14  # of a cell and of its characters, in pixels
FONTS = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
STYLES = {BOLD: 'font-weight="bold"', DIM: 'opacity="0.6"', UNDERLINE: 'text-decoration="underline"'}
BRAILLE = 0x2800
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # column and row of each bit
BLOCKS = {
    **{mark: (0, 1 - i / 8, 1, i / 8) for i, mark in enumerate("▁▂▃▄▅▆▇█", start=1)},
    **{mark: (0, 0, i / 8, 1) for i, mark in enumerate("▏▎▍▌▋▊▉", start=1)},
    "▀": (0, 0, 1, 0.5),
    "▐": (0.5, 0, 0.5, 1),
}


def svg(canvas: Canvas, palette: Palette) -> str:
    """The picture as a document of its own."""
    grounds, marks = [], []
    for row in range(canvas.height):
        column = 0
        for text, fg, bg, attributes in canvas.runs(row):
            found = cells(text).tolist()
            fg, bg = fg if fg >= 0 else palette.text, bg if bg >= 0 else palette.ground
            if attributes & REVERSE:
                fg, bg = bg, fg
            if bg != palette.ground:
                grounds.append(rectangle(column, row, len(found), 1, bg))
            marks += drawn(found, column, row, fg, attributes)
            column += len(found)
    wide, high = canvas.width * WIDTH, canvas.height * HEIGHT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" font-size="{SIZE}" '
            f'font-family="{FONTS}">',
            f'<rect width="{wide:g}" height="{high:g}" fill="#{palette.ground:06x}"/>',
            f'<g shape-rendering="crispEdges">{"".join(grounds)}</g>',
            *marks,
            "</svg>\n",
        ]
    )


def drawn(found: list[str], column: int, row: int, color: int, attributes: int) -> list[str]:
    """A run of cells: its dots as one path, its blocks as rectangles, the rest as texts between them."""
    parts, path, word = [], "", ""

    def end(at: int) -> None:
        if word.strip():
            parts.append(written(word, column + at - len(cells(word)), row, color, attributes))

    for i, mark in enumerate(found):
        code = ord(mark) - BRAILLE if mark else -1
        shape = 0 <= code < 256 or mark in BLOCKS
        if shape:
            end(i)
            word = ""
        else:
            word += mark
        if 0 <= code < 256:
            path += dots(code, column + i, row)
        elif mark in BLOCKS:
            left, top, wide, high = BLOCKS[mark]
            parts.append(rectangle(column + i + left, row + top, wide, high, color))
    end(len(found))
    if path:
        parts.append(f'<path d="{path}" stroke="#{color:06x}" stroke-width="2.6" stroke-linecap="round"/>')
    return parts


def dots(code: int, column: int, row: int) -> str:
    at = [(column + (x + 0.5) / 2, row + (y + 0.5) / 4) for i, (x, y) in enumerate(DOTS) if code >> i & 1]
    return "".join(f"M{x * WIDTH:.1f} {y * HEIGHT:.1f}h.01" for x, y in at)


def rectangle(column: float, row: float, wide: float, high: float, color: int) -> str:
    place = f'x="{column * WIDTH:.2f}" y="{row * HEIGHT:.2f}"'
    return f'<rect {place} width="{wide * WIDTH:.2f}" height="{high * HEIGHT:.2f}" fill="#{color:06x}"/>'


def written(text: str, column: int, row: int, color: int, attributes: int) -> str:
    kept = text.strip()
    column += len(cells(text)) - len(cells(text.lstrip()))
    style = "".join(f" {style}" for flag, style in STYLES.items() if attributes & flag)
    place = (
        f'x="{column * WIDTH:.2f}" y="{row * HEIGHT + 13.4:.1f}" textLength="{len(cells(kept)) * WIDTH:.2f}"'
    )
    return f'<text {place} fill="#{color:06x}"{style} xml:space="preserve">{escape(kept)}</text>'
