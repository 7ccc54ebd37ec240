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


def for_table(path: str) -> dict[str, Any]:
    """A sensible experiment for data of the user's, a table or pictures: missing values filled in where there are
    some, standardized inputs, one hidden layer, early stopping.

    Raises InputError where the data cannot be used.
    """
    from msgspec.structs import replace

    from engine.component import tree_of
    from engine.data import prepare, source_for
    from engine.data.preprocess import Missing
    from engine.errors import InputError

    source, steps = source_for(path), [{"step": "standardize"}]
    try:
        dataset = prepare(source, 1)
    except InputError:  # of missing values, perhaps: else this raises it again
        dataset = prepare(replace(source, preprocess=[Missing()]), 1)
        steps.insert(0, {"step": "missing"})
    classes, picture = dataset.task == "classification", len(dataset.input_shape) > 1
    files = {key: value for key, value in tree_of(source).items() if key in ("path", "images", "labels")}
    return {
        "title": Path(path).name,
        "story": f"Data of yours: {len(dataset.train)} training rows, {dataset.task}.",
        "data": {"source": source.tag(), **files, "preprocess": steps, "scale_target": not classes},
        "model": [
            *([{"layer": "flatten"}] if picture else []),
            {"layer": "dense", "units": 32, "activation": "relu"},
            {"layer": "dense"},
        ],
        "loss": {"name": "cross_entropy" if classes else "mse"},
        "optimizer": {"name": "adamw", "lr": 0.003},
        "schedule": {"name": "cosine"},
        "training": {"batch_size": 32, "epochs": 200.0, "patience": 20},
    }
