"""A sensible experiment for your data: a table, arrays, pictures, ratings, a text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.component import Component, Tree, build, tree_of
from engine.data import RowSource, Source, kind_of_file
from engine.data.preparation.columns import ColumnFit
from engine.data.sources.language import Language
from engine.data.sources.pairs import Pairs
from engine.data.sources.ratings import RatingsFile
from engine.data.sources.rows import Raw
from engine.data.sources.series import Forecast
from engine.data.sources.table import TableSource
from engine.experiment import override
from engine.hyper import fields

ONE_HOT = 50  # categories of a column up to which each is an input of its own


def for_file(path: str, assignments: Sequence[str] = ()) -> Tree:
    """The experiment for a file of data, or a folder of pictures, after assignments about the data (`data.target=y`).
    Raises InputError where it cannot be used."""
    chosen = [a for a in assignments if a.lstrip().startswith("data.")]
    kind = kind_of_file(path)
    tree = override({"data": tree_of_kind(kind, path)}, chosen)["data"]
    source = build(Source, tree, "data")
    data = {"source": source.tag(), **given(source)}
    if isinstance(source, Language):
        story, rest = "Your text.", of_text()
    elif isinstance(source, RatingsFile):
        story, rest = "Your ratings.", of_ratings()
    elif isinstance(source, Forecast):
        story, rest = "Your time series.", of_series()
    elif isinstance(source, Pairs):
        story, rest = "Your prompts and answers.", of_text()
    else:
        story, rest = of_rows(source, data)
    return {"title": Path(path).name, "story": story, "data": data, **rest}


def tree_of_kind(kind: type[Source], path: str) -> Tree:
    """The tables of a source for a file."""
    source = kind.of_path(path)
    return {"source": source.tag(), **given(source)}


def given(component: Component) -> Tree:
    """The fields of a component that are not as they would be anyway."""
    tree = tree_of(component)
    known = {field.name: field for field in fields(type(component))}
    return {k: v for k, v in tree.items() if k in known and getattr(component, k) != known[k].default}


def of_rows(source: Source, data: Tree) -> tuple[str, Tree]:
    """The story and all but the data for rows; completes the data by the steps that they need."""
    assert isinstance(source, RowSource)
    raw = source.raw(1)
    classes, pictures = raw.task.predicts_class, raw.x.ndim == 4
    gaps = raw.x.dtype.kind == "f" and bool(np.isnan(raw.x).any())
    missing = [{"step": "missing", "method": "median"}] if gaps else []
    if "preprocess" not in data:
        data["preprocess"] = [*missing, {"step": "standardize"} | ({"whole": True} if pictures else {})]
    if not classes and "scale_target" not in data:
        data["scale_target"] = True
    if raw.table is not None and isinstance(source, TableSource) and not source.embed:
        many = [c.name for c in raw.table.columns if c.kind == "category" and len(c.kinds) > ONE_HOT]
        if many:
            data["embed"] = many
    kind = "images" if pictures else "table"
    return f"Your {kind}: {len(raw.x):,} rows, {raw.task.tag()}.", {
        "model": [
            *(of_pictures() if pictures else of_columns(raw, data.get("embed", []))),
            {"layer": "dense"},
        ],
        "loss": {"name": "cross_entropy" if classes else "mse"},
        "optimizer": {"name": "adamw", "lr": 0.003},
        "schedule": {"name": "cosine"},
        "training": length(len(raw.x), pictures),
    }


def length(rows: int, pictures: bool) -> Tree:
    """Batches and epochs for so many rows: of a million each need not be seen two hundred times."""
    batch = 32 if rows <= 20_000 else 128 if rows <= 200_000 else 512
    epochs = 20.0 if pictures else float(min(200, max(5, 2_000_000 // max(1, rows))))
    return {"batch_size": batch, "epochs": epochs, "patience": 20}


def of_columns(raw: Raw, embed: str | list[str]) -> list[Tree]:
    """A hidden layer; before it a vector for each category of columns that have many."""
    dense = {"layer": "dense", "units": 32, "activation": "relu"}
    names = [embed] if isinstance(embed, str) else embed
    if raw.table is None or not names:
        return [dense]
    columns = [column for column in raw.table.columns if column.name in names and column.kind == "category"]
    branches: list[list[Tree]] = [
        [
            {"layer": "select", "column": i},
            {"layer": "embedding", "units": width_for(c)},
            {"layer": "flatten"},
        ]
        for i, c in enumerate(columns)
    ]
    if len(columns) < len(raw.table.columns):
        branches.append([{"layer": "select", "column": len(columns), "count": 0}])
    if len(branches) == 1:
        return [*branches[0], dense]
    return [{"layer": "concat", "branches": branches}, dense] if columns else [dense]


def width_for(column: ColumnFit) -> int:
    """How long the vectors of so many categories are."""
    return int(max(4, min(32, round(len(column.kinds) ** 0.5))))


def of_pictures() -> list[Tree]:
    convolution = {"layer": "conv2d", "activation": "relu"}
    return [
        {**convolution, "filters": 16},
        {"layer": "max_pool"},
        {**convolution, "filters": 32},
        {"layer": "global_pool"},
    ]


def of_ratings() -> dict[str, Any]:
    return {
        "model": [{"layer": "factorization", "units": 4}],
        "loss": {"name": "mse"},
        "optimizer": {"name": "adam", "lr": 0.005},
        "schedule": {"name": "cosine"},
        "training": {"batch_size": 128, "epochs": 20.0, "l2": 3e-4},
    }


def of_series() -> dict[str, Any]:
    return {
        "model": [{"layer": "lstm", "units": 32, "output": "last"}, {"layer": "dense"}],
        "loss": {"name": "mse"},
        "optimizer": {"name": "adamw", "lr": 0.003},
        "schedule": {"name": "cosine", "warmup": 50},
        "training": {"batch_size": 64, "steps": 1000, "clip_norm": 1.0},
    }


def of_text() -> dict[str, Any]:
    return {
        "model": [
            {"layer": "embedding", "units": 64},
            {"layer": "position"},
            {"layer": "transformer", "blocks": 2, "heads": 4},
            {"layer": "layer_norm"},
            {"layer": "unembed"},
        ],
        "loss": {"name": "cross_entropy"},
        "optimizer": {"name": "adamw", "lr": 0.002},
        "schedule": {"name": "cosine", "warmup": 50},
        "training": {"batch_size": 16, "steps": 2000},
    }
