"""Writes the bundled series to engine/data/files from statsmodels' copies: python tools/make_bundled_series.py

Needs the package statsmodels, of which only the files are read. Weekly values of CO₂ become monthly means; the five
months without any value are on the line between their neighbors.
"""

import csv
import gzip
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "engine" / "data" / "files"
MONTHS = 12


def main() -> None:
    spec = find_spec("statsmodels")
    assert spec is not None
    assert spec.origin is not None
    datasets = Path(spec.origin).parent / "datasets"
    write("sunspots", 1749, sunspots(datasets / "sunspots" / "src" / "sunspots_monthly.dat"))
    write("co2", 1958, co2(datasets / "co2" / "co2.csv"), first=3)


def sunspots(path: Path) -> list[float]:
    """A line a year: the year and its twelve months, to the end of 2008."""
    values: list[float] = []
    for line in path.read_text().splitlines():
        cells = line.split()
        if len(cells) == 1 + MONTHS and cells[0].isdigit():
            assert int(cells[0]) == 1749 + len(values) // MONTHS
            values += map(float, cells[1:])
    return values


def co2(path: Path) -> list[float]:
    """Means of the months from March 1958 to December 2001."""
    weeks: dict[int, list[float]] = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            month = int(row["date"][:4]) * MONTHS + int(row["date"][4:6]) - 1
            weeks.setdefault(month, []).extend([float(row["co2"])] if row["co2"] else [])
    months = np.array(sorted(weeks))
    known = np.array([m for m in months if weeks[m]])
    values = np.interp(months, known, [np.mean(weeks[m]) for m in known])
    return np.round(values, 2).tolist()


def write(name: str, year: int, values: list[float], first: int = 1) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["month", name])
    for i, value in enumerate(values, start=first - 1):
        writer.writerow([f"{year + i // MONTHS}-{i % MONTHS + 1:02}", f"{value:g}"])
    content = text.getvalue().encode()
    with open(FOLDER / f"{name}.csv.gz", "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        file.write(content)


if __name__ == "__main__":
    main()
