"""Presets: ready experiments, one commented TOML file each, in a folder for their topic."""

import tomllib
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


def find(target: str) -> tuple[str, dict[str, Any]]:
    """(name, tables) of a preset, of a TOML file, or of what suits a file of data. Raises InputError for none."""
    path = Path(target)
    if target not in paths() and path.suffix == ".toml":
        from engine.experiment import read_toml

        return path.stem, read_toml(path)
    if target not in paths() and (path.suffix or path.exists()):
        from presets.suggest import for_file

        return path.name.split(".")[0] or path.name, for_file(target)
    return target, load(target)
