"""How each sight is drawn: decisions, text, attention, images, codes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.probes import Classes, Fit, Plane
from engine.probes.codes import Codes
from engine.probes.images import Maps, Named, Reconstructions
from engine.probes.text import Answers, Attentions, Writing
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.confusion import confusion_matrix
from tui_lab.charts.heat import decision_map, heat_map
from tui_lab.charts.images import Caption, image, mosaic
from tui_lab.charts.numbers import percent
from tui_lab.charts.palette import Look
from tui_lab.charts.scatter import fit as fit_curve
from tui_lab.charts.scatter import predicted_against_true, scatter
from tui_lab.charts.text import cell_width, shorten, wrapped

SHADES = 7  # of a class: finer ones cost bytes at every repaint and are not seen
TITLES = {
    "plane": "WHAT IT SEES",
    "neurons": "HIDDEN NEURONS",
    "confusion": "CONFUSION",
    "mistakes": "SUREST MISTAKES",
    "fit": "PREDICTED AGAINST TRUE",
    "images": "WHAT IT SAYS",
    "filters": "FIRST FILTERS",
    "features": "FEATURE MAPS",
    "reconstructions": "IN AND OUT",
    "codes": "CODES",
    "text": "WHAT IT WRITES",
    "answers": "WHAT IT ANSWERS",
    "attention": "ATTENTION",
    "embedding": "EMBEDDING",
    "forecast": "FORECAST",
}


def draw(name: str, sight: Any, height: int, width: int, look: Look, index: int = 0) -> Canvas | None:
    """The canvas of a sight; None where there is nothing to see. `index`: which of several is looked at."""
    if sight is None or height < 1 or width < 1:
        return None
    painters: dict[str, Callable[..., Canvas]] = {
        "plane": plane_picture,
        "neurons": neurons_picture,
        "confusion": classes_picture,
        "mistakes": mistakes_picture,
        "fit": fit_picture,
        "images": images_picture,
        "filters": maps_picture,
        "features": maps_picture,
        "reconstructions": reconstructions_picture,
        "codes": codes_picture,
        "embedding": codes_picture,
        "text": writing_picture,
        "answers": answers_picture,
    }
    if name == "attention":
        return attention_picture(sight, height, width, look, index)
    return painters[name](sight, height, width, look)


# -- decisions --------------------------------------------------------------------------------------------


def plane_picture(plane: Plane, height: int, width: int, look: Look) -> Canvas:
    x, y = plane.x.T
    shades = np.round(plane.values * SHADES) / SHADES
    return decision_map(
        shades[::-1], (0, 1, 0, 1), height, width, look,
        x=x, y=y, classes=plane.y, held_out=plane.test, low=-1, high=1,
    )  # fmt: skip


def neurons_picture(plane: Plane, height: int, width: int, look: Look) -> Canvas:
    return rows_of_maps(plane.neurons, height, width, look, signed=True, low=-1.0)


def fit_picture(fit: Fit, height: int, width: int, look: Look) -> Canvas:
    if fit.x is None or fit.curve_x is None or fit.curve_y is None:
        return predicted_against_true(fit.true, fit.predicted, height, width, look)
    return fit_curve(fit.x, fit.true, fit.curve_x, fit.curve_y, height, width, look)


def classes_picture(classes: Classes, height: int, width: int, look: Look) -> Canvas:
    return confusion_matrix(classes.counts, classes.names, height, width, look)


def mistakes_picture(classes: Classes, height: int, width: int, look: Look) -> Canvas:
    captions = [f"{classes.names[p]}, is {classes.names[t]}" for t, p, _ in classes.mistakes]
    if classes.images is not None and len(classes.images):
        return mosaic(classes.images, [Caption(c, False) for c in captions], height, width, look)
    canvas = Canvas.blank(height, width)
    if not captions:
        canvas.put(0, 0, "none on the validation rows", fg=look.palette.good)
    for y, (caption, (_, _, p)) in enumerate(zip(captions, classes.mistakes, strict=True)):
        canvas.put(y, 0, f"said {caption}", fg=look.palette.text)
        canvas.put(y, max(24, len(caption) + 8), f"sure to {p:.0%}", fg=look.palette.muted)
    return canvas


# -- images -----------------------------------------------------------------------------------------------


def images_picture(named: Named, height: int, width: int, look: Look) -> Canvas:
    captions = [Caption(text, right) for text, right in named.captions]
    return mosaic(named.images, captions, height, width, look, low=0, high=1)


def reconstructions_picture(found: Reconstructions, height: int, width: int, look: Look) -> Canvas:
    """Each image over what came out for it."""
    gap = np.zeros((len(found.images), 1, found.images.shape[2]))
    pairs = np.concatenate([found.images, gap, found.outputs], axis=1)
    return mosaic(pairs, [], height, width, look, low=0, high=1)


def maps_picture(maps: Maps, height: int, width: int, look: Look) -> Canvas:
    canvas = Canvas.blank(height, width)
    left = 0
    if maps.image is not None:
        whole = image(maps.image, min(height, 14), width // 3, look, low=0, high=1)
        canvas.paste(whole, 1, 0)
        left = whole.width + 2
    low = -1.0 if maps.signed else 0.0
    canvas.paste(rows_of_maps(maps.layers, height, width - left, look, signed=maps.signed, low=low), 0, left)
    return canvas


def rows_of_maps(
    layers: list[tuple[str, np.ndarray]], height: int, width: int, look: Look, *, signed: bool, low: float
) -> Canvas:
    """A row of small maps for each layer, under its name; as many as there is room for."""
    canvas = Canvas.blank(height, width)
    room = height // max(1, len(layers))
    for i, (name, maps) in enumerate(layers):
        top = i * room
        canvas.put(top, 0, name, fg=look.palette.muted)
        if not len(maps) or room < 3:
            continue
        lines = max(1, (len(maps) * 10 + width - 1) // max(1, width))
        high = max(2, (room - 1) // lines - 1)
        wide = max(2, min(round(2 * high * maps.shape[2] / maps.shape[1]), width))
        across = max(1, (width + 1) // (wide + 1))
        for n, values in enumerate(maps):
            y, x = top + 1 + (n // across) * (high + 1), (n % across) * (wide + 1)
            if y + high <= top + room:
                canvas.paste(heat_map(values, high, wide, look, signed=signed, low=low, high=1.0), y, x)
    return canvas


# -- language ---------------------------------------------------------------------------------------------


def writing_picture(writing: Writing, height: int, width: int, look: Look) -> Canvas:
    """The prompt in bold, then what the network makes of it."""
    canvas, palette = Canvas.blank(height, width), look.palette
    if writing.problem:
        for y, line in enumerate(wrapped(writing.problem, width)[:height]):
            canvas.put(y, 0, line, fg=palette.warning)
        return canvas
    prompt = wrapped(writing.prompt, width) if writing.prompt else []
    lines = wrapped(writing.prompt + writing.text, width)
    for y, line in enumerate(lines[:height]):
        canvas.put(y, 0, line, fg=palette.text)
        if y < len(prompt):
            canvas.put(y, 0, prompt[y], fg=palette.text, attributes=BOLD)
    return canvas


def answers_picture(answers: Answers, height: int, width: int, look: Look) -> Canvas:
    """Prompt and answer, a sign, and the right answer where it was wrong; in columns as there is room."""
    canvas, palette, glyphs = Canvas.blank(height, width), look.palette, look.glyphs
    if not answers.rows:
        return canvas
    wide = max(cell_width(f"{p}{s}  {r}") for p, s, r in answers.rows) + 6
    across = max(1, width // wide)
    for i, (prompt, said, right) in enumerate(answers.rows[: across * height]):
        y, x = i % height, i // height * wide
        canvas.put(y, x, prompt, fg=palette.muted)
        at = x + cell_width(prompt)
        good = said == right
        canvas.put(y, at, said, fg=palette.text if good else palette.fault)
        at += max(cell_width(said), cell_width(right)) + 1
        canvas.put(y, at, glyphs.right if good else glyphs.wrong, fg=palette.good if good else palette.fault)
        if not good:
            canvas.put(y, at + 2, right, fg=palette.good)
    return canvas


def attention_picture(found: Attentions, height: int, width: int, look: Look, index: int = 0) -> Canvas:
    """One head in large with its tokens, all heads of all layers in small beside it."""
    canvas, palette = Canvas.blank(height, width), look.palette
    heads = [(name, h) for name, maps in found.layers for h in range(len(maps))]
    if not heads:
        return canvas
    name, head = heads[index % len(heads)]
    layer = [n for n, _ in found.layers].index(name)
    chosen = found.layers[layer][1][head]
    size = min(len(found.tokens), height - 2, (width // 2 if width >= 56 else width) // 2 - 2)
    if size >= 2:
        canvas.put(0, 0, f"layer {layer + 1} head {head + 1}", fg=palette.text, attributes=BOLD)
        cells = np.repeat(chosen[:size, :size], 2, axis=1)
        canvas.paste(heat_map(cells, size, 2 * size, look, low=0, high=1, fine=False), 2, 2)
        for t, token in enumerate(found.tokens[:size]):
            canvas.put(1, 2 + 2 * t, visible(token), fg=palette.muted)
            canvas.put(2 + t, 0, visible(token), fg=palette.muted)
    left = 2 * size + 5
    if width - left >= 16:
        layers = [(f"layer {i + 1}", maps) for i, (_, maps) in enumerate(found.layers)]
        canvas.paste(rows_of_maps(layers, height, width - left, look, signed=False, low=0.0), 0, left)
    return canvas


def visible(token: str) -> str:
    """A token in one cell: line ends and spaces by their signs."""
    return {"\n": "↵", " ": "·", "\t": "→"}.get(token, token[:1])


# -- codes ------------------------------------------------------------------------------------------------


def codes_picture(codes: Codes, height: int, width: int, look: Look) -> Canvas:
    """Points with their names, or in the colours of their classes."""
    palette = look.palette
    canvas = Canvas.blank(height, width)
    note = f"{codes.title}, {percent(codes.share).strip()} of the variance"
    canvas.put(0, 0, shorten(note, width), fg=palette.muted)
    if not codes.names:
        x, y = codes.points.T
        canvas.paste(scatter(x, y, height - 1, width, look, classes=codes.classes), 1, 0)
        return canvas
    low, high = codes.points.min(axis=0), codes.points.max(axis=0)
    spread = np.maximum(high - low, 1e-9)
    for (x, y), name in zip((codes.points - low) / spread, codes.names, strict=True):
        column = round(x * (width - 1 - cell_width(name)))
        canvas.put(1 + round((1 - y) * (height - 2)), max(0, column), name, fg=palette.text)
    return canvas
