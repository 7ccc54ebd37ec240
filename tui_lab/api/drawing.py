"""A run as an SVG picture, drawn by the lab's own charts."""

import numpy as np

WIDTH, HEIGHT = 90, 18


def curves(history: dict[str, np.ndarray], title: str) -> str:
    """Training and validation loss over steps."""
    from tui_lab.charts.glyphs import BRAILLE
    from tui_lab.charts.lines import Series, line_chart
    from tui_lab.charts.palette import LIGHT, ChartStyle
    from tui_lab.charts.svg import svg

    style = ChartStyle(LIGHT, BRAILLE)
    colors = {"train_loss": LIGHT.train, "val_loss": LIGHT.validation}
    steps = history.get("step", np.empty(0))
    series = [
        Series(name.removesuffix("_loss"), steps, history[name], color)
        for name, color in colors.items()
        if name in history and np.isfinite(history[name]).any()
    ]
    return svg(line_chart(series, HEIGHT, WIDTH, style, title=title).canvas, LIGHT)
