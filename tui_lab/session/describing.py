"""Descriptions for a screen: a network's blocks, a data set, and how two experiments differ."""

from typing import Any

import numpy as np

from engine.data import Dataset
from engine.data.dataset import LANGUAGE, stream_of
from engine.data.vocabulary import Vocabulary
from engine.trainer import Trainer
from tui_lab.session.base import Snapshot
from tui_lab.session.record import Record


def snapshot_of(trainer: Trainer, record: Record, **fields: Any) -> Snapshot:
    """A picture of a run: where its trainer is, what its record tells, and the other fields as given."""
    dataset, training = trainer.dataset, trainer.experiment.training
    return Snapshot(
        experiment=trainer.experiment,
        blocks=describe_blocks(trainer),
        parameters=trainer.outline.size,
        step=trainer.step,
        steps=training.steps,
        epoch=trainer.epoch,
        seconds=record.seconds,
        steps_per_second=record.steps_per_second,
        log=record.logs[-1] if record.logs else {},
        metric=dataset.metrics[0].name,
        best=trainer.best_so_far(),
        end=record.end,
        events=tuple(record.events),
        **fields,
    )


def describe_blocks(trainer: Trainer) -> tuple[tuple[str, str, tuple[int, ...], int], ...]:
    sizes = trainer.outline.shapes
    return tuple(
        (b.name, b.layer.tag(), b.shape, sum(int(np.prod(sizes[p])) for p in b.parameters))
        for b in trainer.outline.blocks
    )


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """The data in words and numbers, for a screen: what does not change while a network learns."""
    data: dict[str, Any] = {
        "task": dataset.task,
        "classes": dataset.classes,
        "input_shape": dataset.input_shape,
        "targets": dataset.targets,
        "baselines": dataset.baselines,
        "sizes": {part: len(getattr(dataset, part)) for part in ("train", "val", "test")},
    }
    x = dataset.train.x
    if dataset.task == "classification":
        counts = np.bincount(dataset.train.y[:, 0].astype(int), minlength=len(dataset.classes))
        data["balance"] = [(name, int(n)) for name, n in zip(dataset.classes, counts, strict=True)]
    if dataset.task in LANGUAGE:
        data["text"] = first_text(dataset)
    if x.ndim == 2 and not dataset.vocabulary:
        names = dataset.pipeline.columns or tuple(f"x{i + 1}" for i in range(x.shape[1]))
        stats = np.stack([x.mean(axis=0), x.std(axis=0), x.min(axis=0), x.max(axis=0)], axis=1)
        data["columns"] = [(name, row.astype(float)) for name, row in zip(names, stats, strict=True)]
    if x.ndim == 4:
        low, high = float(x.min()), float(x.max())
        data["samples"] = (x[:60, :, :, 0].astype(float) - low) / max(high - low, 1e-9)
        data["sample_labels"] = dataset.train.y[:60, 0].astype(int)
    elif x.shape[1:] == (2,):
        data["points"] = (x[:400].astype(float), dataset.train.y[:400, 0].astype(int))
    return data


def first_text(dataset: Dataset, tokens: int = 2000, rows: int = 60) -> str:
    """How a text begins, or its first lines or pairs of a prompt and an answer."""
    pipeline, x, y = dataset.pipeline, dataset.train.x, dataset.train.y.astype(int)
    vocabulary = Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)
    if pipeline.text == "running":
        return vocabulary.decode(stream_of(x)[0][:tokens])
    lines = []
    for row, following in zip(x[: rows * 8], y[: rows * 8], strict=True):
        if pipeline.text == "lines" and following[-1] != vocabulary.end and len(following) == 1:
            continue  # of a line that is shown token by token only its end tells it whole
        whole = vocabulary.decode(np.append(row.astype(int), following[-1] if len(following) == 1 else []))
        lines.append(whole.strip("\n").split("\n")[0])
    return "\n".join(lines[:rows])


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
