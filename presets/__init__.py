"""Presets: ready experiments, one commented TOML file each, in a folder for their topic."""

import os
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

FOLDER = Path(str(files("presets")))
TOPICS = ("basics", "playground", "tabular", "images", "signals", "language", "recommendation")


def paths() -> dict[str, Path]:
    """The file of each preset by name, in the order of topics."""
    known = [path for topic in TOPICS for path in sorted((FOLDER / topic).glob("*.toml"))]
    return {path.stem: path for path in known}


def names() -> list[str]:
    return list(paths())


def topic(name: str) -> str:
    """The folder a preset lies in."""
    return paths()[name].parent.name


def load(name: str) -> dict[str, Any]:
    """The tables of a preset. Raises InputError with the nearest name for an unknown one."""
    return tomllib.loads(text(name))


def text(name: str) -> str:
    """A preset's file as it is, comments and all. Raises InputError with the nearest name for an unknown one."""
    from engine.errors import InputError, did_you_mean

    known = paths()
    if name not in known:
        raise InputError(f"no preset {name!r}; {did_you_mean(name, known)}")
    return known[name].read_text(encoding="utf-8")


def find(target: str, assignments: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """(name, tables) of a preset, of a TOML file, or of what suits a file of data, after `KEY=VALUE` changes.

    What concerns the data of a file is applied before the file is judged. Paths become absolute: a run finds its data
    from anywhere. Raises InputError where there is no such thing.
    """
    from engine.experiment import override, read_toml

    path = Path(target)
    if target not in paths() and path.suffix == ".toml":
        name, tree, folder = path.stem, read_toml(path), path.parent
    elif target not in paths() and (path.suffix or path.exists()):
        from presets.suggest import for_file

        name, tree, folder = path.name.split(".")[0] or path.name, for_file(target, assignments), Path()
    else:
        name, tree, folder = target, load(target), Path()
    return name, with_absolute_paths(override(tree, list(assignments)), folder)


def with_absolute_paths(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The tables with the files of their data as absolute paths: from where the program runs, else from `folder`."""
    from engine.component import members
    from engine.data import Source

    data = tree.get("data")
    kind = members(Source).get(data.get("source", "")) if isinstance(data, dict) else None
    if not isinstance(data, dict) or kind is None or not issubclass(kind, Source):
        return tree
    for field in kind.files:
        value = data.get(field)
        if isinstance(value, str) and value and not Path(value).is_absolute():
            beside = folder / value
            data[field] = os.path.abspath(beside if beside.exists() and not Path(value).exists() else value)
    return tree


def data_files(folder: Path) -> list[Path]:
    """The files in a folder that an experiment can be opened on: TOML files and files of data, by their names."""
    from engine.data import endings

    known = tuple(e + packed for e in endings() for packed in ("", ".gz"))
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith((".toml", *known)) and path.is_file() and path.name != "pyproject.toml"
    )
