"""From a preset, a file or an experiment, with changes by keyword, to an experiment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.component import Component, Tree, tree_of
from engine.errors import InputError, did_you_mean
from engine.experiment import Experiment, Training, experiment_from, override_value
from engine.hyper import fields

SECTIONS = ("data", "augment", "model", "loss", "optimizer", "schedule", "training")
LENGTHS = ("steps", "epochs")
Target = str | Path | Experiment


def read_experiment(target: Target, **changes: Any) -> Experiment:
    """The experiment of a preset, a TOML file or a file of data, or a given one, with changes.

    A change is a field of the optimizer or of the training (`lr=0.01`, `epochs=20`), a whole section
    (`optimizer=tl.Adam(0.01)`, `data=tl.Arrays(x, y)`), or, from a dictionary, a dotted path
    (`**{"model.0.units": 64}`).
    Raises InputError for an unknown name or a value that does not fit.
    """
    return named_experiment(target, changes)[1]


def named_experiment(target: Target, changes: Mapping[str, Any]) -> tuple[str, Experiment]:
    """(a name for its run, the experiment)."""
    if isinstance(target, Experiment):
        name = "-".join(target.title.lower().split())[:40] or "run"
        return name, changed(target, changes)
    import presets

    name, tree = presets.find(str(target))
    return name, experiment_from(with_changes(tree, changes), str(target))


def changed(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    return experiment_from(with_changes(tree_of(experiment), changes)) if changes else experiment


def with_changes(tree: Tree, changes: Mapping[str, Any]) -> Tree:
    """The tables of an experiment with each change at its path."""
    for key, value in changes.items():
        path = path_of(key, tree)
        tree = override_value(tree, path, plain(value))
        other = {"training.steps": "epochs", "training.epochs": "steps"}.get(path)
        if other and other not in changes and f"training.{other}" not in changes:
            tree["training"][other] = 0
    return tree


def path_of(key: str, tree: Tree) -> str:
    """The dotted path of a change. Raises InputError with the nearest name."""
    if "." in key or key in SECTIONS or key in ("title", "story"):
        return key
    training = {field.name for field in fields(Training)}
    if key in training:
        return f"training.{key}"
    known = optimizer_fields(tree)
    if key in known:
        return f"optimizer.{key}"
    raise InputError(f"{key}: unknown; {did_you_mean(key, training | known | set(SECTIONS))}")


def optimizer_fields(tree: Tree) -> set[str]:
    from engine.component import members
    from engine.optimizers import AdamW, Optimizer

    optimizer = tree.get("optimizer", AdamW.tag())
    tag = optimizer if isinstance(optimizer, str) else optimizer.get("name", "")
    kind = members(Optimizer).get(tag, Optimizer)
    return {field.name for field in fields(kind)}


def plain(value: Any) -> Any:
    """A value as TOML has it."""
    if isinstance(value, Component):
        return tree_of(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if type(value).__module__ == "numpy" else value
