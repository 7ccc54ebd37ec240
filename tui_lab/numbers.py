"""Numbers as they are read, on every screen and on the command line: a fixed width, so that nothing jumps, units,
and only the digits that say something."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
DASH = "-"


def number(value: float | None, width: int = 6) -> str:
    """A measured value, right-aligned in exactly `width` ≥ 6 cells: 0.0412, 12.350, 2.1e-5, 3.1e+6; a dash for
    what is missing or not finite."""
    if value is None or not math.isfinite(value):
        return DASH.rjust(width)
    size = abs(value)
    if not size or 1e-3 <= size < 1e5:
        whole = len(f"{value:.0f}")
        plain = f"{value:.{min(max(width - whole - 1, 0), width - 2)}f}"
        if len(plain) > width:  # rounding added a digit, or the minus sign took one
            plain = f"{value:.{max(width - whole - 2, 0)}f}"
        if len(plain) <= width:
            return plain.rjust(width)
    for digits in (width - 5, width - 6, width - 7, 0):
        short = scientific(value, max(digits, 0))
        if len(short) <= width:
            break
    return short.rjust(width)


def scientific(value: float, digits: int) -> str:
    """A number with a short exponent: 2.1e-5, 3e+6."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0') or '0'}".replace("e+0", "e0")


def si(value: float) -> str:
    """A count or a step in at most five cells and a sign: 840, 1.5k, 15k, 312k, 1.2M."""
    if not math.isfinite(value):
        return DASH
    size = abs(value)
    for limit, unit in UNITS:
        if size >= limit * 0.9995 or unit == "":
            scaled = value / limit
            if abs(scaled) >= 9999.5:
                return scientific(value, 0)
            digits = 1 if abs(scaled) < 99.95 and (unit or scaled != round(scaled)) else 0
            text = f"{scaled:.{digits}f}"
            return (text[:-2] if text.endswith(".0") else text) + unit
    return DASH


def count(value: float) -> str:
    """A whole number: 48,210."""
    return f"{value:,.0f}" if math.isfinite(value) and abs(value) < 1e15 else si(value)


def percent(share: float) -> str:
    """A share of 1 in four cells: "  7%", " 98%", "100%"."""
    return f"{100 * share:3.0f}%" if math.isfinite(share) else DASH.rjust(4)


def tick_labels(ticks: Sequence[float], width: int = 6) -> tuple[str, ...]:
    """Labels of evenly spaced ticks, all with the same decimals and unit, each within `width` ≥ 6 cells: the
    plainest form in which they fit and differ."""
    if not ticks:
        return ()
    largest = max(abs(t) for t in ticks)
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=largest) or 1.0
    forms = [[scientific(t, digits) if abs(t) > step / 1000 else "0" for t in ticks] for digits in (1, 0)]
    if all(abs(float(label) - t) < step / 1000 for label, t in zip(forms[1], ticks, strict=True)):
        forms.reverse()
    if largest < 1e4:
        forms.insert(0, _plain(ticks, step, ""))
    if largest >= 1e3:
        unit = next((u for u in UNITS if largest >= u[0]), UNITS[-1])
        scaled = [t / unit[0] for t in ticks]
        forms.insert(1 if largest < 1e4 else 0, _plain(scaled, step / unit[0], unit[1]))
    for form in forms:
        if max(map(len, form)) <= width and len(set(form)) == len(form):
            return tuple(form)
    return tuple(label[:width] for label in forms[-1])


def _plain(values: Sequence[float], step: float, unit: str) -> list[str]:
    decimals = min(max(-math.floor(math.log10(step) + 1e-9), 0), 12)
    texts = [f"{v:.{decimals}f}" for v in values]
    zero = "0" if unit else f"{0:.{decimals}f}"
    return [zero if float(text) == 0 else text + unit for text in texts]


def rate(value: float) -> str:
    """A number a second in at most four characters: 7.3, 842, 9.1k, 312k, 1.2M."""
    for limit, divisor, unit in ((1e3, 1, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M")):
        if value < limit * 0.9995:
            scaled = value / divisor
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{value / 1e9:.1f}G"


def pace(per_second: float) -> str:
    """How quickly a person wants to see steps: "1,000 steps/s", "full speed"."""
    return f"{per_second:,.0f} step{'s' if per_second != 1 else ''}/s" if per_second else "full speed"


def duration(seconds: float) -> str:
    """75 → "1:15", 3723 → "1:02:03"."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def size(bytes: float) -> str:
    """Bytes as "512 B", "3.2 MB"."""
    for unit in ("B", "KB", "MB"):
        if bytes < 1000:
            return f"{bytes:.0f} {unit}" if unit == "B" or bytes >= 9.95 else f"{bytes:.1f} {unit}"
        bytes /= 1000
    return f"{bytes:.1f} GB"
