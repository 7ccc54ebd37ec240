"""The narrowest layer's outputs as points of a plane."""

from engine.probes.codes import CodesProbe
from tui_lab.tui.views.embedding import EmbeddingView


class CodesView(EmbeddingView):
    title = "CODES"
    about = "The narrowest layer's outputs for validation rows, in the colors of their classes."
    kind = CodesProbe
    rank = 30
