"""An evaluation as a page to read: the same tables that `eval --json` prints."""

from collections.abc import Iterator
from typing import Any

from tui_lab.cli.tables import aligned, confusion_lines
from tui_lab.numbers import number

BAR = 20
MOST_CLASSES = 20  # whose confusion matrix is shown
RECALLS = (0.5, 0.8, 0.9, 0.95)
ABOUT = ("run", "split", "rows", "step", "task")


def page(found: dict[str, Any]) -> Iterator[str]:
    """The lines of the page."""
    yield f"{found['run']}, step {found['step']:,}, {found['rows']:,} {found['split']} rows"
    yield ""
    yield from metric_lines(found)
    if "classes" in found:
        yield from class_lines(found)
        yield from calibration_lines(found["calibration"])
        yield from curve_lines(found["precision_recall"])
    for rest in found.get("residuals", ()):
        yield from residual_lines(rest)
    if "by" in found:
        yield from group_lines(found["by"])
    if "threshold" in found:
        yield from threshold_lines(found["threshold"])


def text(value: float | None) -> str:
    return number(value).strip()


def metric_lines(found: dict[str, Any]) -> Iterator[str]:
    rows = []
    for name, value in found.items():
        if name not in ABOUT and isinstance(value, float):
            low, high = found["intervals"].get(name, (None, None))
            interval = f"{text(low)} … {text(high)}" if low is not None else ""
            rows.append((name, text(value), interval))
    yield from aligned([("", "", "95 % interval"), *rows], right=frozenset({1}))


def class_lines(found: dict[str, Any]) -> Iterator[str]:
    curves = found["precision_recall"]
    header = ("class", "precision", "recall", "F1", "average precision", "rows")
    rows: list[tuple[Any, ...]] = [
        (c["name"], text(c["precision"]), text(c["recall"]), text(c["f1"]),
         text(curves.get(c["name"], {}).get("average")), f"{c['support']:,}")
        for c in found["classes"]
    ]  # fmt: skip
    rows += [
        (f"{kind} mean", text(v["precision"]), text(v["recall"]), text(v["f1"]), "", "")
        for kind, v in found["averages"].items()
    ]
    yield ""
    yield from aligned([header, *rows], right=frozenset(range(1, 6)))
    if len(found["classes"]) <= MOST_CLASSES:
        import numpy as np

        yield ""
        yield from confusion_lines(np.array(found["confusion"]), [c["name"] for c in found["classes"]])


def calibration_lines(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"calibration: expected error {text(found['ece'])}, largest {text(found['mce'])}, "
        f"Brier score {text(found['brier'])}"
    )
    rows = [
        (f"{b['low']:.1f} … {b['high']:.1f}", f"{b['rows']:,}", f"{b['confidence']:.3f}", f"{b['accuracy']:.3f}",
         bar(b["accuracy"], b["confidence"]))
        for b in found["bins"]
    ]  # fmt: skip
    header = ("probability", "rows", "said", "true", "█ how often it was right, │ what was said")
    yield from aligned([header, *rows], right=frozenset({1, 2, 3}), indent="  ")


def bar(share: float, mark: float) -> str:
    """A bar of a share, with a line where another one ends."""
    cells = ["█" if i < round(share * BAR) else "·" for i in range(BAR)]
    cells[min(BAR - 1, int(mark * BAR))] = "│"
    return "".join(cells)


def curve_lines(curves: dict[str, Any]) -> Iterator[str]:
    """Precision at some recalls: how many false alarms it costs to find more."""
    if not curves:
        return
    rows = []
    for name, curve in curves.items():
        pairs = list(zip(curve["recall"], curve["precision"], strict=True))
        best = [max((p for r, p in pairs if r >= recall), default=None) for recall in RECALLS]
        rows.append((name, *map(text, best)))
    yield ""
    yield "precision at a recall of at least"
    yield from aligned(
        [("class", *(f"{r:g}" for r in RECALLS)), *rows], right=frozenset(range(1, 5)), indent="  "
    )


def residual_lines(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"residuals of {found['target']} (prediction − truth): mean {text(found['mean'])}, "
        f"deviation {text(found['std'])}"
    )
    quantiles = found["quantiles"]
    names = [f"{float(q):.0%}" for q in quantiles]
    yield from aligned(
        [names, [text(v) for v in quantiles.values()]], right=frozenset(range(len(names))), indent="  "
    )
    trend = found["trend"]
    if trend is not None and abs(trend) > 0.3:
        way = "large predictions are too large" if trend > 0 else "large predictions are too small"
        yield f"  they follow the prediction (correlation {trend:.2f}): {way}"


def group_lines(found: dict[str, Any]) -> Iterator[str]:
    groups = found["groups"]
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    rows = [
        (group, *(f"{v[n]:,}" if isinstance(v.get(n), int) else text(v.get(n)) for n in names))
        for group, v in groups.items()
    ]
    yield ""
    header = (found["column"], *names)
    yield from aligned([header, *rows], right=frozenset(range(1, len(header))))


def threshold_lines(found: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"call it {found['positive']!r} from a probability of {found['threshold']:.3f} on: that costs "
        f"{text(found['cost'])} a row (0.5 costs {text(found['cost_at_half'])}), a false alarm costing "
        f"{found['false_alarm']:g} and a miss {found['miss']:g}; chosen on {found['chosen_on']}"
    )
