"""Descriptions for a screen: a network's blocks, a data set, and how two experiments differ."""

from typing import Any

import numpy as np

from engine.data import Dataset
from engine.data.preparation.dataset import stream_of
from engine.data.preparation.vocabulary import Vocabulary
from engine.data.sources.base import Source
from engine.data.sources.rows import RowSource
from engine.network import NetworkSpec
from engine.probes.codes import labels_of
from engine.probes.images import drawn_as, is_image
from engine.probes.series import STRETCH, is_series
from engine.probes.signals import is_signal
from engine.trainer import Trainer
from tui_lab.session.base import Snapshot
from tui_lab.session.blocks import Block, counted
from tui_lab.session.record import Record

SAMPLES = 60
ROWS = 40  # of a table


def snapshot_of(trainer: Trainer, record: Record, **fields: Any) -> Snapshot:
    """A picture of a run: where its trainer is, what its record tells, and the other fields as given."""
    dataset, training = trainer.dataset, trainer.experiment.training
    return Snapshot(
        experiment=trainer.experiment,
        blocks=describe_blocks(trainer.network),
        parameters=trainer.network.size,
        step=trainer.step,
        steps=training.steps,
        epoch=trainer.epoch,
        seconds=record.seconds,
        steps_per_second=record.steps_per_second,
        log=record.logs[-1] if record.logs else {},
        metric=dataset.measured_by(training.metrics)[0].name,
        best=trainer.best_so_far(),
        end=record.end,
        events=tuple(record.events),
        **fields,
    )


def describe_blocks(network: NetworkSpec) -> tuple[Block, ...]:
    return tuple(
        (b.name, b.layer.tag(), b.shape, counted(network.shapes, b.parameters)) for b in network.blocks
    )


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """The data in words and numbers, for a screen: what does not change while a network learns."""
    data: dict[str, Any] = {
        "task": dataset.task.tag(),
        "classes": dataset.classes,
        "input_shape": dataset.input_shape,
        "targets": dataset.targets,
        "baselines": dataset.baselines,
        "sizes": {part: len(getattr(dataset, part)) for part in ("train", "val", "test")},
    }
    x = dataset.train.x
    if dataset.task.predicts_class:
        counts = np.bincount(dataset.train.y[:, 0].astype(int), minlength=len(dataset.classes))
        data["balance"] = [(name, int(n)) for name, n in zip(dataset.classes, counts, strict=True)]
    if x.ndim == 2 and not dataset.vocabulary and not is_signal(dataset):
        names = dataset.pipeline.columns or tuple(f"x{i + 1}" for i in range(x.shape[1]))
        stats = np.stack([x.mean(axis=0), x.std(axis=0), x.min(axis=0), x.max(axis=0)], axis=1)
        data["columns"] = [(name, row.astype(float)) for name, row in zip(names, stats, strict=True)]
    return data | drawn_rows(dataset)


def drawn_rows(dataset: Dataset) -> dict[str, Any]:
    """Some training rows as what they are: text, pairs, images, signals, a series, points, or a table."""
    x, y = dataset.train.x, dataset.train.y
    if dataset.task.predicts_tokens:
        return first_text(dataset)
    if is_image(dataset.input_shape):
        return {"samples": drawn_as(dataset, x[:SAMPLES]), "sample_names": names_of(dataset)}
    if is_series(dataset):
        target = dataset.pipeline.target_to_original(y[:STRETCH])[:, 0].astype(float)
        return {"series": (dataset.pipeline.series, target)}
    if is_signal(dataset):
        values = x[:SAMPLES].reshape(min(SAMPLES, len(x)), -1).astype(float)
        return {"samples": values, "sample_names": names_of(dataset)}
    if x.shape[1:] == (2,) and dataset.task.predicts_class and not dataset.vocabulary:
        return {"points": (x[:400].astype(float), y[:400, 0].astype(int))}
    if x.ndim == 2:
        names = dataset.pipeline.columns or tuple(f"x{i + 1}" for i in range(x.shape[1]))
        header, rows = table_of(names, x[:ROWS], targets_of(dataset), dataset.targets[0])
        if dataset.pipeline.takes_unknown:  # the inputs still are the numbers of users and items
            with_names(rows, dataset.pipeline.categories)
        return {"table": (header, rows)}
    return {}


def names_of(dataset: Dataset) -> list[str]:
    """The names of the classes of the first training rows; none where there are none."""
    classes, labels = labels_of(dataset, dataset.train)
    return [labels[int(n)] for n in classes[:SAMPLES]] if classes is not None and labels else []


def targets_of(dataset: Dataset) -> list[float | str]:
    """The first training rows' targets in their own units, or by the names of their classes."""
    if dataset.task.predicts_class:
        return [dataset.classes[int(n)] for n in dataset.train.y[:ROWS, 0]]
    return dataset.pipeline.target_to_original(dataset.train.y[:ROWS])[:, 0].astype(float).tolist()


def table_of(
    names: tuple[str, ...], x: np.ndarray, targets: list[float | str], target: str
) -> tuple[list[str], list[list[float | str]]]:
    """Columns' names and rows, the target last."""
    rows = [[*values, last] for values, last in zip(x.astype(float).tolist(), targets, strict=True)]
    return [*names, target], rows


def preview_of(dataset: Dataset, source: Source, seed: int) -> dict[str, Any]:
    """The description of a data set, a table's rows as they stand in the file."""
    data = describe_data(dataset)
    return data | (raw_table(source, seed) if "table" in data else {})


def raw_table(source: Source, seed: int) -> dict[str, Any]:
    """The first rows of a table as they stand in the file, before anything is scaled; nothing for other data."""
    if not isinstance(source, RowSource):
        return {}
    raw = source.raw(seed)
    if not raw.features or raw.x.ndim != 2:
        return {}
    order = np.random.default_rng(seed).permutation(len(raw.x))[:ROWS]
    targets = [raw.classes[int(v)] if raw.classes else float(v) for v in raw.y[order, 0]]
    names, rows = table_of(tuple(raw.features), raw.x[order], targets, raw.targets[0])
    with_names(rows, raw.categories)
    return {"table": (names, rows)}


def with_names(rows: list[list[float | str]], categories: dict[int, tuple[str, ...]]) -> None:
    """Put the names of categories where their numbers stand."""
    for column, known in categories.items():
        for row in rows:
            value = float(row[column])
            row[column] = known[int(value)] if np.isfinite(value) else ""


def first_text(dataset: Dataset, tokens: int = 2000, rows: int = 120) -> dict[str, Any]:
    """How a text begins, or its first lines, or pairs of a prompt and an answer."""
    pipeline, x, y = dataset.pipeline, dataset.train.x, dataset.train.y
    vocabulary = Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)
    if pipeline.text == "running":
        return {"text": vocabulary.decode(stream_of(x)[0][:tokens])}
    if pipeline.text == "pairs":
        found = []
        for row, right in zip(x[:rows], y[:rows].astype(int), strict=True):
            prompt = vocabulary.decode(row[: int((right >= 0).argmax()) + 1])
            found.append((prompt, vocabulary.decode(right[right >= 0]).rstrip("\n")))
        return {"pairs": found}
    lines = []
    for row, following in zip(x[: rows * 8], y[: rows * 8].astype(int), strict=True):
        if following[-1] != vocabulary.end and len(following) == 1:
            continue  # of a line that is shown token by token only its end tells it whole
        lines.append(vocabulary.decode(row).strip("\n").split("\n")[0])
    return {"lines": lines[:rows]}


def value_at(tree: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    for key in path.split("."):
        try:
            tree = tree[int(key)] if isinstance(tree, list) else tree[key]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return tree


def differences(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """(path, old, new) of every value that differs between two trees."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [d for k in keys for d in differences(old.get(k), new.get(k), f"{path}.{k}" if path else k)]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            d for i, pair in enumerate(zip(old, new, strict=True)) for d in differences(*pair, f"{path}.{i}")
        ]
    return [] if old == new else [(path, old, new)]
