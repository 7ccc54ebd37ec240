"""Dates and times as people write them, and the numbers that are made of them."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import numpy as np

MOSTLY = 0.9
CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
)
TIME = rf"(?:[T ,]\s*{CLOCK}\s*(?P<zone>Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?"
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*\.?"
SHAPES = {
    "year first": rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?{TIME}",
    "numbers": rf"(?P<first>\d{{1,2}})(?P<sign>[-/.])(?P<second_>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d{{2}}){TIME}",
    "words": rf"{WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[-\s/]*{MONTH}[-\s/,]*(?P<year>\d{{4}}|\d{{2}}){TIME}",
    "month, day, year": rf"{WEEKDAY}{MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){TIME}",
    "month and year": rf"{MONTH}[-\s/,]*(?P<year>\d{{4}})",
    "digits": r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])",
    "time": CLOCK,
}
PATTERNS = {form: re.compile(shape, re.IGNORECASE) for form, shape in SHAPES.items()}
FORMS = (
    "year first",
    "day first",
    "month first",
    "words",
    "month, day, year",
    "month and year",
    "digits",
    "time",
)
PARTS = ("year", "month", "day", "weekday", "hour", "elapsed")
ORIGIN = np.datetime64("2000-01-01", "s")


def parse(cell: str, form: str) -> datetime | None:
    """The moment in a cell that is written in that form; None where it is not, or no such day exists."""
    numeric = form in ("day first", "month first")
    match = PATTERNS["numbers" if numeric else form].fullmatch(cell.strip())
    if not match:
        return None
    found = match.groupdict()
    year = int(found.get("year") or 2000)
    if year < 100:  # as POSIX has it: 69 to 99 are of the last century
        year += 1900 if year >= 69 else 2000
    if numeric:
        pair = (int(found["first"]), int(found["second_"]))
        day, month = pair if form == "day first" else pair[::-1]
    else:
        name = found.get("name")
        month = MONTHS.index(name[:3].lower()) + 1 if name else int(found.get("month") or 1)
        day = int(found.get("day") or 1)
    hour = int(found.get("hour") or 0)
    half = (found.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    try:
        moment = datetime(
            year, month, day, hour, int(found.get("minute") or 0), int(found.get("second") or 0)
        )
        return moment - offset(found.get("zone"))
    except (ValueError, OverflowError):
        return None


def offset(zone: str | None) -> timedelta:
    """How far a zone is before Greenwich: all moments of a column are brought to one clock."""
    if not zone or zone[0] not in "+-":
        return timedelta()
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)


def form_of(cells: Iterable[tuple[str, int]], day_first: bool | None = None) -> tuple[str, bool]:
    """The form in which most cells (with how often they occur) are dates or times, "" where they are not.

    The second is whether day and month could as well be the other way round: no day above 12 tells.
    """
    cells = list(cells)
    total = sum(count for _, count in cells)
    if not total or not any(c.isdigit() for c in cells[0][0]):
        return "", False
    counts = {}
    for form in FORMS:
        if parse(cells[0][0], form) is None and parse(cells[-1][0], form) is None:
            continue
        counts[form] = sum(count for cell, count in cells if parse(cell, form) is not None)
    good = [form for form, count in counts.items() if count >= MOSTLY * total]
    if not good:
        return "", False
    if {"day first", "month first"} <= set(good) and counts["day first"] == counts["month first"]:
        points = sum(count for cell, count in cells if "." in cell) > total / 2
        first = points if day_first is None else day_first
        return ("day first" if first else "month first"), True
    if day_first is not None and {"day first", "month first"} <= set(good):
        return ("day first" if day_first else "month first"), False
    return max(good, key=lambda form: counts[form]), False


def moments(cells: Sequence[str], form: str) -> np.ndarray:
    """The moments (K,) of cells as datetime64 in seconds, NaT for those that are not written in that form."""
    if form == "year first":
        try:  # quick, where all are as ISO has it and none has a zone
            if not any(cell[-1:] in "Zz" or "+" in cell or cell.count("-") > 2 for cell in cells):
                return np.array([cell.replace("/", "-") for cell in cells], "datetime64[s]")
        except ValueError:
            pass
    found = [parse(cell, form) for cell in cells]
    return np.array(
        [np.datetime64("NaT", "s") if m is None else np.datetime64(m, "s") for m in found], "datetime64[s]"
    )


def part_of(moments: np.ndarray, part: str) -> np.ndarray:
    """A part of moments (R,) as float64, NaN for NaT: the month from 1, the weekday from 0 (Monday), the hour with
    its minutes, the days elapsed since 2000."""
    days = moments.astype("datetime64[D]")
    missing = np.isnat(moments)
    if part == "year":
        values = moments.astype("datetime64[Y]").astype(np.int64) + 1970.0
    elif part == "month":
        values = moments.astype("datetime64[M]").astype(np.int64) % 12 + 1.0
    elif part == "day":
        values = (days - moments.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1.0
    elif part == "weekday":
        values = (days.astype(np.int64) + 3.0) % 7
    elif part == "hour":
        values = (moments - days).astype(np.int64) / 3600
    else:
        values = (moments - ORIGIN).astype(np.int64) / 86400
    return np.where(missing, np.nan, values)
