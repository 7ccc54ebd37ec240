"""Tables of text: aligned columns that read the same on a terminal, in a pipe and in a log."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from engine.errors import escaped


def aligned(
    rows: Iterable[Sequence[Any]], right: frozenset[int] = frozenset(), indent: str = ""
) -> list[str]:
    """Rows of cells as lines, columns two spaces apart; columns in `right` are set flush right."""
    texts = [[escaped(str(cell)) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)] if texts else []
    return [
        indent
        + "  ".join(
            " " * (width - cell_len(cell)) + cell if i in right else cell + " " * (width - cell_len(cell))
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in texts
    ]


def confusion_lines(counts: Any, classes: Sequence[str]) -> list[str]:
    """A confusion matrix: a line for each true class, a column for each predicted one."""
    header = ["true \\ predicted", *classes, "recall"]
    rows: list[list[Any]] = [header]
    for name, row in zip(classes, counts, strict=True):
        total = row.sum()
        recall = f"{row[len(rows) - 1] / total:.3f}" if total else "–"
        rows.append([name, *(c or "·" for c in row), recall])
    return aligned(rows, right=frozenset(range(1, len(header))))
