"""How each sight is drawn, what it is called, and what a person is told about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.widgets.sights import attention, codes, decisions, images, language, series
from tui_lab.tui.widgets.sights.choice import Choice

__all__ = ["Choice", "Kind", "draw", "kind_of"]

NOTHING_CHOSEN = Choice()
EXAMPLE, PROMPT, WARMTH, HEADS = "n next example", "i prompt", "( ) temperature", "n ← → ↑ ↓ head"


@dataclass(frozen=True)
class Kind:
    """A sort of picture."""

    title: str
    about: str  # a sentence for the help
    paint: Callable[[Any, int, int, ChartStyle, Choice], Canvas]
    keys: tuple[str, ...] = ()  # what may be chosen about it


KINDS = {
    "plane": Kind(
        "WHAT IT SEES",
        "The plane of the two inputs, colored by the class it would answer and how sure it is; • are training "
        "points, ▪ validation points.",
        decisions.plane,
    ),
    "neurons": Kind(
        "HIDDEN NEURONS", "What each hidden neuron answers over the same plane.", decisions.neurons
    ),
    "confusion": Kind(
        "CONFUSION",
        "Rows are the true classes of the validation rows, columns what it says; the three worst mix-ups are bold.",
        decisions.confusion,
    ),
    "mistakes": Kind("SUREST MISTAKES", "Where it is wrong and most sure of itself.", decisions.mistakes),
    "fit": Kind(
        "PREDICTED AGAINST TRUE",
        "Each dot a validation row; on the diagonal it is right. For a single input the curve itself.",
        decisions.fit,
        ("n next target",),
    ),
    "forecast": Kind(
        "FORECAST",
        "The last stretch of the validation rows: what came, what it had said, and the rules to beat.",
        series.forecast,
        ("n further back",),
    ),
    "images": Kind(
        "WHAT IT SAYS", "Validation images, and what it takes them for.", images.named, (EXAMPLE,)
    ),
    "signals": Kind(
        "WHAT IT SAYS", "Validation signals, and what it takes them for.", images.named, (EXAMPLE,)
    ),
    "filters": Kind(
        "FIRST FILTERS",
        "The weights of the first layer as pictures: what each of its units looks for; color is the sign.",
        images.maps,
    ),
    "features": Kind(
        "FEATURE MAPS",
        "What the layers make of one image, from the first to the last.",
        images.maps,
        (EXAMPLE,),
    ),
    "looks": Kind(
        "WHERE IT STYLES",
        "By layer and head, how much attention each part of the image is given.",
        images.maps,
        (EXAMPLE,),
    ),
    "reconstructions": Kind(
        "IN AND OUT", "Validation images above, what it gives back below.", images.reconstructions, (EXAMPLE,)
    ),
    "codes": Kind(
        "CODES",
        "The narrowest layer's numbers for validation rows, in the colors of their classes.",
        codes.codes,
    ),
    "embedding": Kind(
        "EMBEDDING",
        "The vectors of the first layer in the plane of largest variance (PCA): what it treats alike lies close.",
        codes.codes,
    ),
    "text": Kind(
        "WHAT IT WRITES",
        "A text that grows, written by the network of the step at its left; above it those from before, the older "
        "the farther apart.",
        language.writing,
        (PROMPT, WARMTH, "n anew"),
    ),
    "answers": Kind(
        "WHAT IT ANSWERS",
        "Prompts of the validation rows, its likeliest answers, and where it is wrong the right ones.",
        language.answers,
        ("i ask it",),
    ),
    "attention": Kind(
        "ATTENTION",
        "One head in large: row by row, where each token of a text looks; beside it all heads of all layers. A click "
        "chooses a head, i another text.",
        attention.attention,
        (HEADS, "i text"),
    ),
}


def kind_of(name: str) -> Kind:
    """The kind of a sight; several of one kind are told apart by a word after it."""
    return KINDS.get(
        name.split(" ")[0], Kind("WHAT IT SEES", "", lambda s, h, w, style, c: Canvas.blank(h, w))
    )


def draw(
    name: str, sight: Any, height: int, width: int, style: ChartStyle, choice: Choice = NOTHING_CHOSEN
) -> Canvas | None:
    """The canvas of a sight; None where there is nothing to see."""
    if sight is None or height < 1 or width < 1:
        return None
    return kind_of(name).paint(sight, height, width, style, choice)
