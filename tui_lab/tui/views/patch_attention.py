"""How much attention each part of an image is given."""

from engine.probes.attention import PatchAttentionProbe
from tui_lab.tui.views.base import EXAMPLE
from tui_lab.tui.views.filters import FiltersView


class PatchAttentionView(FiltersView):
    title = "ATTENTION"
    about = "By layer and head, how much attention each part of the image is given."
    keys = (EXAMPLE,)
    kind = PatchAttentionProbe
    rank = 110
