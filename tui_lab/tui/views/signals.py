"""Signals, and what the network says of each."""

from engine.probes.signals import SignalsProbe
from tui_lab.tui.views.images import ImagesView


class SignalsView(ImagesView):
    about = "Validation signals, and what the network takes them for."
    kind = SignalsProbe
    rank = 81
