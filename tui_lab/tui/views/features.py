"""What the layers make of one image."""

from engine.probes.images import FeaturesProbe
from tui_lab.tui.views.base import EXAMPLE
from tui_lab.tui.views.filters import FiltersView


class FeaturesView(FiltersView):
    title = "FEATURE MAPS"
    about = "What the layers make of one image, from the first to the last."
    keys = (EXAMPLE,)
    kind = FeaturesProbe
    rank = 100
