"""Numbers as a person reads them: a fixed width, units, no noise."""


def count(value: float) -> str:
    """12345 → "12,345"."""
    return f"{value:,.0f}"


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


def measure(value: float | None) -> str:
    """A loss or metric in six characters: 0.0412, 12.35, 1.2e-05; a dash for none."""
    if value is None or value != value:
        return "     –"
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e5):
        return f"{value:6.0e}" if value < 0 else f"{value:6.1e}".replace("e-0", "e-").rjust(6)
    digits = 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 0
    return f"{value:6.{digits}f}"


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
