"""Numbers as people write them: decimal commas, thousands, currencies, percent, the typographic minus."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

MOSTLY = 0.9  # a column with this fraction of numbers is one of numbers: text in it is a mistake
CODES = (
    "US$|A$|C$|R$|HK$|NZ$|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|BRL|MXN|KRW|ZAR|"
    "kr|zł|Kč|Fr|Rs|Ft"
)
_CODES = "|".join(map(re.escape, CODES.split("|")))
_SIGNS = "".join(chr(c) for c in range(0x2100) if unicodedata.category(chr(c)) == "Sc")
UNIT = rf"(?:{_CODES}|[{re.escape(_SIGNS)}]\.?)"
SHAPE = re.compile(
    rf"(?P<a>[+-]?)\s*(?P<before>{UNIT})?\s*(?P<b>[+-]?)\s*"
    r"(?P<body>\d[\d.,' ]*|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    rf"\s*(?P<after>{UNIT}|%|[A-Za-zµ°²³/]{{1,6}})?"
)
SPELLING = str.maketrans(dict.fromkeys("−－﹣–", "-") | dict.fromkeys("’ʼ", "'"))
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class NumberFormat(msgspec.Struct, frozen=True):
    """How a column writes numbers: its decimal sign, what parts thousands ("" for nothing), and its unit."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def plain(self) -> bool:
        return self == NumberFormat()

    def parse(self, cell: str) -> float | None:
        """The number in a cell; None for text, and for a number that is written otherwise."""
        parts = taken_apart(cell)
        if parts is None:
            return infinite(cell)
        if parts[2] not in ("", self.unit):
            return None
        sign, body, unit = parts[:3]
        if unit != self.unit and self.unit == "%" and not re.fullmatch("[0.,]+", body):
            return None
        if not grammar(self.decimal, self.thousands).fullmatch(body):
            return None
        body = body.replace(self.thousands, "") if self.thousands else body
        return float(sign + body.replace(self.decimal, ".") + parts[3])

    def example(self, cell: str) -> str:
        """How a note tells what a cell is read as."""
        value = self.parse(cell)
        return f"{cell!r} is read as {value:.15g}" if value is not None else repr(cell)


# From the plainest to the rarest: of those that fit equally well the first is taken.
FORMATS = (
    *(NumberFormat(".", thousands) for thousands in ("", ",", " ", "'")),
    *(NumberFormat(",", thousands) for thousands in ("", ".", " ", "'")),
)


@lru_cache
def grammar(decimal: str, thousands: str) -> re.Pattern[str]:
    """The digits of a number: groups of three after the first (or India's of two), then the decimals."""
    d, t = re.escape(decimal), re.escape(thousands)
    groups = rf"|[1-9]\d{{0,2}}(?:{t}\d{{2,3}})*{t}\d{{3}}" if thousands else ""
    return re.compile(rf"(?:\d+{groups})(?:{d}\d*)?|{d}\d+")


def taken_apart(cell: str) -> tuple[str, str, str, str] | None:
    """Sign, digits with their separators, unit ("$", "%", "") and exponent; None where the cell is no number."""
    text = " ".join(cell.translate(SPELLING).split())  # no-break spaces and thin ones are blanks then
    if text[:1] == "(" and text[-1:] == ")":  # accountants' minus
        text = "-" + text[1:-1]
    match = SHAPE.fullmatch(text)
    if not match:
        return None
    before, after = match["before"] or "", match["after"] or ""
    if (before and after and before != after) or (match["a"] and match["b"]):
        return None
    return match["a"] + match["b"], match["body"].strip(), before or after, match["exponent"] or ""


def infinite(cell: str) -> float | None:
    """Infinity as it is written; None for all else. It is a number, though none that can be used."""
    value = number(cell)
    return value if value is not None and value in (float("inf"), float("-inf")) else None


def number(cell: str) -> float | None:
    """The number in a cell that is written plainly, which may be infinite; None for text and for a missing value."""
    if "_" in cell:  # Python takes 1_000 for a number, tables do not
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if value != value else value


def fitting(cells: Iterable[tuple[str, int]]) -> tuple[list[NumberFormat], bool]:
    """The formats in which most cells (with how often they occur) are numbers, best first; empty: they are not.

    The second is whether the cells are numbers of two formats, some with decimal commas and some with points.
    """
    total = known = endless = 0
    units: dict[str, int] = {}
    bodies: list[tuple[str, int]] = []
    for cell, count in cells:
        total += count
        parts = taken_apart(cell)
        if parts is None:
            endless += count if infinite(cell) is not None else 0
            continue
        known += count
        zero = re.fullmatch("[0.,]+", parts[1]) is not None
        units[parts[2]] = units.get(parts[2], 0) + (0 if zero and not parts[2] else count)
        bodies.append((parts[1], count))
    if not bodies or known + endless < MOSTLY * total:
        return [], False
    unit = one_unit(units)
    if unit is None:
        return [], False
    fits = [
        (endless + sum(n for body, n in bodies if grammar(f.decimal, f.thousands).fullmatch(body)), f)
        for f in FORMATS
    ]
    best = max(n for n, _ in fits)
    if best >= MOSTLY * total:
        return [msgspec.structs.replace(f, unit=unit) for n, f in fits if n == best], False
    any_format = sum(
        n for body, n in bodies if any(grammar(f.decimal, f.thousands).fullmatch(body) for f in FORMATS)
    )
    return [], any_format >= MOSTLY * total


def money_or_percent(cell: str) -> bool:
    """Whether a cell is a number with a currency or %, and not one with a measure such as kg."""
    parts = taken_apart(cell)
    return parts is not None and (parts[2] == "%" or re.fullmatch(UNIT, parts[2]) is not None)


def units_of(cells: Iterable[str]) -> list[str]:
    """The units of cells that are numbers, "" among them where one has none."""
    found = (taken_apart(cell) for cell in cells)
    return sorted({parts[2] for parts in found if parts is not None})


def one_unit(units: dict[str, int]) -> str | None:
    """The one unit of a column, None where there are several. Some cells may be without a currency, none without % or
    kg."""
    named = {unit: count for unit, count in units.items() if unit}
    if len(named) > 1:
        return None
    unit = next(iter(named), "")
    bare = units.get("", 0) and not re.fullmatch(UNIT, unit)
    return None if unit and bare else unit


def chosen(formats: Sequence[NumberFormat], decimal: str) -> NumberFormat:
    """Of equally good formats the one that suits the decimal sign of the whole table, "." or ",".

    "1,234" is a thousand in a table with points and little more than 1 in one with commas.
    """
    return next((f for f in formats if f.decimal == decimal), formats[0])
