"""Pipeline: the way from raw rows to what the network sees and back, fitted once and kept with the run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.component import build, tree_of
from engine.data.preprocess import Fitted, Missing, OneHot, Preprocess
from engine.errors import InputError

Json = dict[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """Fitted preprocessing and the names of everything; plain enough to be kept as JSON."""

    task: str
    features: tuple[str, ...]  # of the raw columns; empty for images
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    categories: dict[int, tuple[str, ...]] = field(default_factory=dict)  # raw column → its categories
    steps: tuple[tuple[Preprocess, Fitted], ...] = ()
    target_scale: tuple[list[float], list[float]] | None = None  # mean and deviation a target

    @classmethod
    def fitted(
        cls, steps: Sequence[Preprocess], x: np.ndarray, categories: dict[int, tuple[str, ...]], **names: Any
    ) -> "Pipeline":
        """Fit the steps, one after the other, on training rows x (R, …)."""
        counts = {column: len(known) for column, known in categories.items()}
        chosen = list(steps)
        if counts and not any(isinstance(step, OneHot) for step in steps):
            fills = [s for s in steps if isinstance(s, Missing)]
            chosen.insert(chosen.index(fills[0]) + 1 if fills else 0, OneHot())
        done = []
        for step in chosen:
            fitted = step.fit(x, counts)
            x = step.apply(x, fitted)
            counts = {} if isinstance(step, OneHot) else counts
            done.append((step, fitted))
        return cls(categories=categories, steps=tuple(done), **names)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the network's inputs: a category becomes "colour=red"."""
        one_hot = any(isinstance(step, OneHot) for step, _ in self.steps)
        names: list[str] = []
        for i, feature in enumerate(self.features):
            known = self.categories.get(i, ()) if one_hot else ()
            names += [f"{feature}={category}" for category in known] or [feature]
        return tuple(names)

    def transform(self, x: np.ndarray, where: str = "data") -> np.ndarray:
        """Raw rows (R, …) as the network's inputs. Raises InputError where values are still missing."""
        x = np.asarray(x, np.float64)
        if not any(isinstance(step, Missing) and step.method != "drop" for step, _ in self.steps):
            self.check_complete(x, where)
        for step, fitted in self.steps:
            x = step.apply(x, fitted)
        return x

    def check_complete(self, x: np.ndarray, where: str) -> None:
        missing = np.argwhere(np.isnan(x))
        if len(missing):
            row, *place = missing[0]
            column = repr(self.features[place[0]]) if self.features else f"place {tuple(map(int, place))}"
            raise InputError(
                f"{where}: row {row + 1} has no value in {column}; "
                'add a step to data.preprocess: { step = "missing", method = "median" } (or "mean", "drop")'
            )

    def scale_targets(self, y: np.ndarray) -> np.ndarray:
        if self.target_scale is None:
            return y
        mean, deviation = map(np.array, self.target_scale)
        return (y - mean) / deviation

    def target_to_original(self, y: np.ndarray) -> np.ndarray:
        """Outputs or targets (R, K) of a regression in the units of the data."""
        if self.target_scale is None:
            return y
        mean, deviation = map(np.array, self.target_scale)
        return y * deviation + mean

    def to_json(self) -> Json:
        return {
            "task": self.task,
            "features": list(self.features),
            "targets": list(self.targets),
            "classes": list(self.classes),
            "categories": [[column, list(known)] for column, known in self.categories.items()],
            "steps": [[tree_of(step), fitted] for step, fitted in self.steps],
            "target_scale": list(self.target_scale) if self.target_scale else None,
        }

    @classmethod
    def from_json(cls, json: Json) -> "Pipeline":
        return cls(
            task=json["task"],
            features=tuple(json["features"]),
            targets=tuple(json["targets"]),
            classes=tuple(json["classes"]),
            categories={column: tuple(known) for column, known in json["categories"]},
            steps=tuple((build(Preprocess, tree, "preprocess"), fitted) for tree, fitted in json["steps"]),
            target_scale=tuple(json["target_scale"]) if json["target_scale"] else None,
        )
