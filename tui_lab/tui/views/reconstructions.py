"""Images, and what an autoencoder gives back."""

import numpy as np

from engine.probes.images import Reconstructions, ReconstructionsProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.images import mosaic
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import EXAMPLE, Choices, View


class ReconstructionsView(View):
    title = "RECONSTRUCTIONS"
    about = "Validation images above, what the network gives back below."
    keys = (EXAMPLE,)
    kind = ReconstructionsProbe
    rank = 25

    def paint(
        self, result: Reconstructions, height: int, width: int, style: ChartStyle, choices: Choices
    ) -> Canvas:
        """Each image over what came out for it."""
        gap = np.full((len(result.images), 1, *result.images.shape[2:]), np.nan)
        if result.images.shape[1] % 2:
            gap = np.concatenate([gap, gap], axis=1)  # so that both begin with a cell
        pairs = np.concatenate([result.images, gap, result.outputs], axis=1)
        return mosaic(pairs, [], height, width, style, low=0, high=1)
