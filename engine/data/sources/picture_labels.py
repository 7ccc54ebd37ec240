"""Labels of pictures in a table beside them: which column names the files, and which their classes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.data.preparation.columns import Choices
from engine.data.preparation.notes import Note
from engine.data.preparation.split import PARTS, Parts
from engine.data.preparation.target import Target, judge_target
from engine.data.readers.csv import Column, Table, read_table
from engine.data.readers.folders import Folder, plural
from engine.data.sources.layouts import part_of, tell_others
from engine.errors import InputError, listed

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".txt")
MATCHING = 0.5  # of a column's cells that must name pictures
USUAL = ("label", "labels", "class", "classname", "classid", "category", "target", "y")
SPLITS = ("split", "subset", "set", "partition", "part", "fold", "dataset", "usage")


@dataclass
class LabelledFiles:
    """The files (R,) with their target, and the parts where the tables say them."""

    files: list[Path]
    target: Target
    name: str
    parts: Parts | None
    notes: list[Note] = field(default_factory=list)


@dataclass
class Named:
    """A table whose rows name pictures: `files` (R,) with None where there is none, `column` that names them."""

    table: Table
    column: str
    files: list[Path | None]


def labels_of(root: Folder, chosen: str, target: str | int, task: str) -> LabelledFiles | None:
    """The pictures of a folder with the labels of the tables in it, or of the one chosen; None: no table has any.

    Raises InputError where the chosen table names no pictures, or its column of labels is not to be told.
    """
    pictures = root.all_pictures()
    paths = [Path(chosen)] if chosen else [f for f in root.all_others() if f.name.lower().endswith(TABLES)]
    if chosen and not paths[0].exists() and (root.path / chosen).exists():
        paths = [root.path / chosen]
    found = [named for path in paths if (named := named_in(path, root, pictures, bool(chosen)))]
    found = [named for named in found if len(named.table.names) > 1]
    if not found:
        if chosen:
            raise InputError(f"{paths[0]}: no column names the pictures in {root.path}")
        return None
    return joined(found, root, pictures, target, task)


def named_in(path: Path, root: Folder, pictures: Sequence[Path], strict: bool) -> Named | None:
    """The table, if a column of it names pictures. `strict`: raise InputError where it cannot be read."""
    try:
        table = read_table(str(path), headed=None)
    except InputError:
        if strict:
            raise
        return None
    known = keys_of(pictures, (root.path, path.parent))
    best: Named | None = None
    most = MATCHING * len(table)
    for name in table.names:
        files = [known.get(key_of(cell)) for cell in table.column(name)]
        matched = sum(file is not None for file in files)
        if matched >= most and matched:
            best, most = Named(table, name, files), matched + 1
    return best


def key_of(cell: str) -> str:
    return cell.replace("\\", "/").removeprefix("./").strip().lower()


def keys_of(pictures: Sequence[Path], roots: Sequence[Path]) -> dict[str, Path]:
    """Pictures by all that a table may call them: the path from a folder, the name, the name without its ending."""
    found: dict[str, Path] = {}
    twice: set[str] = set()
    for file in pictures:
        paths = {file.relative_to(root) for root in roots if file.is_relative_to(root)}
        keys = {path.as_posix() for path in paths} | {path.with_suffix("").as_posix() for path in paths}
        for key in {key.lower() for key in keys | {file.name, file.stem, str(file)}}:
            if found.get(key, file) != file:
                twice.add(key)
            found[key] = file
    return {key: file for key, file in found.items() if key not in twice}


def joined(
    tables: list[Named],
    root: Folder,
    pictures: Sequence[Path],
    target: str | int,
    task: str,
) -> LabelledFiles:
    """The rows of all tables that have the same column of labels, each picture once."""
    table, name, notes = one_table(tables, target)
    files: list[Path | None] = [file for named in tables for file in named.files]
    goal = judge_target(table, name, task, Choices())
    known = ~np.isnan(goal.y[:, 0])
    first: dict[Path, int] = {}
    for row, file in enumerate(files):
        if file is not None and known[row]:
            other = first.setdefault(file, row)
            if goal.y[other, 0] != goal.y[row, 0]:
                raise InputError(
                    f"{table.path}: {file.name} has two labels, in rows {other + 1} and {row + 1}"
                )
    rows = np.array(list(first.values()), int)
    absent = sum(file is None for file in files)
    if absent:
        what = f"{plural(absent, 'row')} of {len(files):,} name no picture that is there"
        notes.append(Note("", what, "left out"))
    if len(first) < len(pictures):
        count = len(pictures) - len(first)
        notes.append(Note("", f"{plural(count, 'picture')} of {len(pictures):,} without a label", "left out"))
    repeated = sum(file is not None for file in files) - len(first) - sum(
        file is not None and not known[row] for row, file in enumerate(files)
    )  # fmt: skip
    if repeated:
        notes.append(Note("", f"{plural(repeated, 'row')} name a picture again", "counted once"))
    tell_others(root, notes, [Path(named.table.path) for named in tables])
    goal.y = goal.y[rows]
    return LabelledFiles(list(first), goal, name, parts_from(tables, rows), [*notes, *goal.notes])


def one_table(tables: list[Named], target: str | int) -> tuple[Table, str, list[Note]]:
    """All rows as one table, its column of labels, and what is told of it."""
    first = tables[0]
    name = label_column(first, target)
    file = Path(first.table.path).name
    notes = [Note(name, f"is the label of the pictures that {first.column!r} names, in {file}")]
    if len(tables) == 1:
        return first.table, name, notes
    for other in tables[1:]:
        if name not in other.table.names:
            raise InputError(f"{other.table.path}: has no column {name!r}, as {first.table.path} has")
    cells = [cell for named in tables for cell in named.table.column(name)]
    kinds = list(dict.fromkeys(cells))
    places = {kind: i for i, kind in enumerate(kinds)}
    codes = np.array([places[cell] for cell in cells], np.int32)
    lines = np.concatenate([named.table.lines for named in tables])
    names = listed([Path(named.table.path).name for named in tables])
    notes.append(Note("", f"labels come from {names}"))
    return Table(first.table.path, (name,), [Column(codes=codes, kinds=kinds)], lines), name, notes


def label_column(named: Named, target: str | int) -> str:
    """The column of labels: as said, by a usual name, or the only one that can be. Raises InputError for others."""
    table = named.table
    others = [name for name in table.names if name != named.column]
    if target:
        name = (
            table.names[target - 1] if isinstance(target, int) and 0 < target <= len(table.names) else target
        )
        return table.names[table.index(str(name))]
    plain = {"".join(filter(str.isalnum, name.lower())): name for name in others}
    usual = next((plain[name] for name in USUAL if name in plain), None)
    if usual is not None:
        return usual
    left = [name for name in others if name.lower() not in SPLITS]
    repeating = [name for name in left if len(table.kinds(name)[1]) < len(table)]
    if len(repeating) == 1 or len(left) == 1:
        return (repeating or left)[0]
    raise InputError(
        f"{table.path}: which column is the label? Its columns are {listed(list(table.names))}; "
        'say data.target = "…"'
    )


def parts_from(tables: list[Named], rows: np.ndarray) -> Parts | None:
    """The parts that a column "split" or the tables' own names say; None where they say none."""
    said: list[str | None] = []
    for named in tables:
        table = named.table
        column = next((name for name in table.names if name.lower() in SPLITS and name != named.column), None)
        cells = [part_of(cell) for cell in table.column(column)] if column else []
        if not cells or None in cells:
            cells = [part_of(Path(table.path).name.split(".")[0]) if len(tables) > 1 else None] * len(table)
        said += cells
    parts = [said[row] for row in rows.tolist()]
    if None in parts or "train" not in parts or len(set(parts)) < 2:
        return None
    train, val, test = (np.flatnonzero([part == name for part in parts]) for name in PARTS)
    return train, val if len(val) else None, test if len(test) else None
