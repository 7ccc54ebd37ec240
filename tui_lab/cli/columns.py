"""What the columns of a table were taken for, as lines for people, as JSON, and as the choices of a TOML file."""

from typing import TYPE_CHECKING, Any

from engine.data.preparation.notes import Note, gathered
from engine.errors import escaped
from tui_lab.cli.tables import aligned

if TYPE_CHECKING:
    from engine.component import Tree
    from engine.data.sources.rows import Raw

SAMPLES = 3  # cells of a column that are shown
WIDEST = 24
MOST_COLUMNS = 60  # that a terminal is shown; a pipe gets all


def columns_of(raw: "Raw") -> list[dict[str, Any]]:
    """For each column of the file: its name, its role, what it was taken for, and the first cells as in the file."""
    assert raw.table is not None
    inputs = {column.name for column in raw.table.columns}
    found = []
    for place, name in enumerate(raw.names):
        role = "target" if name == raw.table.target else "input" if name in inputs else "left out"
        cells = list(dict.fromkeys(row[place] for row in raw.first))[:SAMPLES]
        found.append(
            {
                "name": name,
                "role": role,
                "read_as": raw.whys.get(name, "named in data.ignore"),
                "cells": cells,
            }
        )
    return found


def lines_of(columns: list[dict[str, Any]], whole: bool) -> list[str]:
    """The columns as an aligned table; `whole`: however many there are."""
    shown = columns if whole else columns[:MOST_COLUMNS]
    rows = [("column", "is", "read as", "cells in the file")]
    for column in shown:
        cells = " · ".join(cut(escaped(cell)) if cell else "(empty)" for cell in column["cells"])
        rows.append((escaped(column["name"]), column["role"], column["read_as"], cells))
    more = len(columns) - len(shown)
    return aligned(rows) + ([f"and {more:,} more columns: --json lists all"] if more else [])


def cut(cell: str) -> str:
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"


def notes_of(notes: tuple[Note, ...]) -> list[str]:
    return [f"note: {note}" for note in gathered(notes)]


def with_choices(tree: "Tree", raw: "Raw") -> "Tree":
    """The tables of an experiment with all that was judged about its table written out."""
    assert raw.table is not None
    columns = columns_of(raw)
    data = dict(tree["data"])
    data["target"] = raw.table.target
    data["task"] = raw.task.tag()
    left_out = [column["name"] for column in columns if column["role"] == "left out"]
    if left_out:
        data["ignore"] = left_out
    forms = {column.form for column in raw.table.columns if column.form in ("day first", "month first")}
    if len(forms) == 1:
        data["day_first"] = forms == {"day first"}
    return tree | {"data": data}


def toml_of(tree: "Tree", notes: tuple[Note, ...]) -> str:
    """TOML of an experiment, the notes on its data as comments above."""
    import tomli_w

    comments = [f"# {line}" for line in notes_of(notes)]
    head = "\n".join([*comments, ""]) + "\n" if comments else ""
    return head + tomli_w.dumps(tree)
