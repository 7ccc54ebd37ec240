"""From what stands on the command line to an experiment, a trainer and a model that is ready."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import presets
from engine.builder import IOSpec
from engine.data import Dataset, Pipeline, prepare
from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.experiment import Experiment, dataset_key, experiment_from
from engine.generate import Generator
from engine.network import trace
from engine.runs import Checkpoint, RunDirectory
from tui_lab.cli.signals import held_back


def experiment_of(
    target: str, assignments: tuple[str, ...] = (), steps: int | None = None, epochs: float | None = None,
    seed: int | None = None,
) -> tuple[str, Experiment]:  # fmt: skip
    """(name, experiment) of a preset or file with the command line's changes applied."""
    name, tree = presets.find(target, assignments)
    training = tree.get("training")
    if isinstance(training, dict):
        if steps or epochs:
            training |= {"steps": steps or 0, "epochs": epochs or 0.0}
        if seed is not None:
            training["seed"] = seed
    return name, experiment_from(tree, target)


def dataset_of(experiment: Experiment) -> Dataset:
    return prepare(*dataset_key(experiment))


@dataclass
class Model:
    """A run's best parameters, ready to compute with; complete without the data it was trained on."""

    experiment: Experiment
    pipeline: Pipeline
    io: IOSpec
    evaluator: Evaluator
    arrays: dict[str, np.ndarray]
    step: int
    digest: str

    @classmethod
    def of(cls, run: RunDirectory) -> "Model":
        """Read the best parameters. Raises InputError where the file is damaged, missing or another run's."""
        model = cls.of_file(run.best)
        if kind_of(model.experiment) != kind_of(run.experiment()):
            raise InputError(f"{run.best}: belongs to another experiment than {run.path}/experiment.toml")
        return model

    @classmethod
    def of_file(cls, path: Path) -> "Model":
        """Read the parameters of a checkpoint: of the best ones, or of a step (their running mean, where kept)."""
        checkpoint = Checkpoint.read(path)
        experiment, arrays = checkpoint.experiment, dict(checkpoint.arrays)
        arrays |= {
            name.removeprefix("average/"): a for name, a in arrays.items() if name.startswith("average/")
        }
        io = msgspec.convert(checkpoint.io, IOSpec)
        network = trace(experiment.model, io, experiment.training.precision)
        evaluator = Evaluator(experiment, network, io)
        check_arrays(evaluator, arrays, path)
        with held_back():
            evaluator.load(arrays)
        pipeline = Pipeline.from_json(checkpoint.pipeline)
        return cls(experiment, pipeline, io, evaluator, arrays, checkpoint.step, checkpoint.data)

    def generator(self) -> Generator:
        """What writes text with these parameters. Raises InputError where they were not trained on text."""
        generator = Generator(self.experiment, self.evaluator.network, self.io, self.pipeline)
        with held_back():
            generator.load(self.arrays)
        return generator

    def dataset(self) -> Dataset:
        """The data it was trained on. Raises InputError where that has changed: what was learnt is tested then."""
        dataset = dataset_of(self.experiment)
        if dataset.digest != self.digest:
            raise InputError(
                "the data has changed since the run began, its split is another one; "
                "tui-lab predict takes new rows"
            )
        return dataset


def kind_of(experiment: Experiment) -> Any:
    """What cannot change while a run learns."""
    return experiment.data, [layer.tag() for layer in experiment.model]


def check_arrays(evaluator: Evaluator, arrays: dict[str, np.ndarray], path: Path) -> None:
    """Raise InputError where the arrays are not those of the evaluator's network."""
    wanted: dict[str, Any] = {}
    for area in ("parameters", "statistics"):
        if area in evaluator.memory.areas:
            wanted |= {n: t.shape for n, t in evaluator.memory.areas[area].tensors.items()}
    for name, shape in wanted.items():
        if name not in arrays or arrays[name].shape != shape:
            raise InputError(f"{path}: belongs to another experiment: {name} should be {shape}")
