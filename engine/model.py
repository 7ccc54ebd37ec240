"""Model: a trained network to predict, evaluate and write with, complete without the data it was trained on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.builder import IOSpec
from engine.data import Dataset, Pipeline, prepare
from engine.data.preparation.dataset import Rows
from engine.data.readers.memory import ArrayStore, content_of_frame, plain_array
from engine.data.readers.npz import labels_of
from engine.data.sources.base import NewRows
from engine.data.sources.new_rows import new_rows, prepared
from engine.data.sources.table import rows_by_name, rows_like
from engine.errors import InputError, did_you_mean
from engine.evaluate import Evaluator, evaluate
from engine.experiment import Experiment, dataset_key
from engine.generate import Generator, Sampling
from engine.metrics import measured, predicted, probabilities
from engine.network import trace
from engine.runs import Checkpoint, RunDirectory

AVERAGE = "average/"  # in front of the names of a running mean of the parameters, where one is kept


class Model:
    """A network with trained parameters and everything that makes raw rows its inputs.

    `predict`, `predict_proba` and `evaluate` take rows as they were trained on: an array (R, …), a frame with the
    same columns, or the path of a file. `model["dense1.weight"]` is a parameter; iterating gives their names.
    """

    def __init__(self, checkpoint: Checkpoint, where: str = "the checkpoint") -> None:
        """Build the network and load its parameters. Raises InputError where they belong to another experiment."""
        arrays = dict(checkpoint.arrays)
        arrays |= {n.removeprefix(AVERAGE): a for n, a in arrays.items() if n.startswith(AVERAGE)}
        self.checkpoint = checkpoint
        self.experiment: Experiment = checkpoint.experiment
        self.step, self.digest = checkpoint.step, checkpoint.data
        self.pipeline = Pipeline.from_json(checkpoint.pipeline)
        self.io = msgspec.convert(checkpoint.io, IOSpec)
        network = trace(self.experiment.model, self.io, self.experiment.training.precision)
        self.evaluator = Evaluator(self.experiment, network, self.io)
        check_arrays(self.evaluator, arrays, where)
        self.evaluator.load(arrays)
        names = [p.name for p in network.parameters]
        statistics = self.evaluator.memory.areas.get("statistics")
        names += list(statistics.tensors) if statistics else []
        self.parameters: Mapping[str, np.ndarray] = {name: read_only(arrays[name]) for name in names}

    # -- reading and writing ------------------------------------------------------------------------------

    @classmethod
    def of(cls, run: RunDirectory) -> "Model":
        """A run's best parameters. Raises InputError where the file is damaged, missing or another run's."""
        checkpoint = Checkpoint.read(run.best)
        experiment = run.experiment()
        if kind_of(checkpoint.experiment) != kind_of(experiment):
            raise InputError(f"{run.best}: belongs to another experiment than {run.path}/experiment.toml")
        placed = msgspec.structs.replace(checkpoint.experiment, data=experiment.data)
        return cls(replace(checkpoint, experiment=placed), str(run.best))

    @classmethod
    def of_file(cls, path: Path) -> "Model":
        """The parameters in a file that `save` wrote, or in a checkpoint (their running mean, where kept)."""
        checkpoint = Checkpoint.read(path)
        folder = path.parent.parent
        if (folder / "experiment.toml").is_file():
            experiment = checkpoint.experiment
            placed = msgspec.structs.replace(experiment, data=experiment.data.located(folder))
            checkpoint = replace(checkpoint, experiment=placed)
        return cls(checkpoint, str(path))

    def save(self, path: str | Path) -> None:
        """Write the model as one file (safetensors, no pickle), which `tui_lab.load` reads."""
        arrays = {name: np.asarray(array) for name, array in self.parameters.items()}
        replace(self.checkpoint, arrays=arrays, progress=None).write(Path(path))

    def __reduce__(self) -> tuple[Any, ...]:
        """Compiled code is made anew where the model is unpickled."""
        return type(self), (self.checkpoint,)

    # -- parameters ---------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> np.ndarray:
        """A parameter or a running statistic by name, as a read-only array."""
        if name not in self.parameters:
            raise KeyError(f"{name!r}; {did_you_mean(name, self.parameters)}")
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __repr__(self) -> str:
        layers = " · ".join(layer.tag() for layer in self.experiment.model)
        size = sum(array.size for array in self.parameters.values())
        return f"Model({layers}; {size:,} numbers, step {self.step:,})"

    @property
    def classes(self) -> np.ndarray:
        """The classes (C,) in the order of `predict_proba`'s columns: integers where all are whole numbers."""
        return as_labels(self.pipeline.classes)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the inputs; empty for images and the like."""
        return self.pipeline.features

    @property
    def targets(self) -> tuple[str, ...]:
        return self.pipeline.targets

    # -- predicting ---------------------------------------------------------------------------------------

    def rows(self, x: Any) -> NewRows:
        """Rows as the network's inputs, with notes on what was missing or unknown in them.

        Raises InputError where columns or shapes are others than those of training.
        """
        dtype, shape, vocabulary = self.evaluator.memory.dtype, self.io.input_shape, self.io.vocabulary
        if isinstance(x, str | Path):
            return new_rows(str(x), self.pipeline, shape, dtype, vocabulary)
        return prepared(raw_rows(x, self.pipeline), self.pipeline, shape, dtype, "x", vocabulary)

    def outputs(self, x: Any) -> np.ndarray:
        """The network's outputs (R, …) for rows: scores of classes, or scaled numbers."""
        return self.evaluator.outputs(self.rows(x).x)

    def predict(self, x: Any) -> np.ndarray:
        """The class of each row (R,), or its numbers in the target's units: (R,) for one target, else (R, K)."""
        rows = self.rows(x)
        return self.predicted(self.evaluator.outputs(rows.x), rows.base)

    def predicted(self, z: np.ndarray, base: np.ndarray | float = 0.0) -> np.ndarray:
        """What outputs z (R, …) stand for; `base` is what changes are added to."""
        task = self.pipeline.task
        if task.predicts_class:
            return np.asarray(self.classes[predicted(z)])
        if task.predicts_numbers:
            numbers = self.pipeline.target_to_original(z) + base
            return np.asarray(numbers[:, 0] if numbers.shape[1] == 1 else numbers)
        raise InputError("the network writes text: use sample")

    def predict_proba(self, x: Any) -> np.ndarray:
        """The probability of each class (R, C). Raises InputError where the network predicts no classes."""
        if not self.pipeline.task.predicts_class:
            raise InputError("the network predicts no classes, it has no probabilities")
        return probabilities(self.outputs(x))

    # -- evaluating ---------------------------------------------------------------------------------------

    @cached_property
    def _dataset(self) -> Dataset:
        dataset = prepare(*dataset_key(self.experiment))
        if dataset.digest != self.digest:
            raise InputError(
                "the data has changed since the run began, its split is another one; "
                "tui-lab predict takes new rows"
            )
        return dataset

    def dataset(self) -> Dataset:
        """The data it was trained on. Raises InputError where that has changed: what was learnt is tested then."""
        return self._dataset

    def evaluate(self, x: Any = None, y: Any = None, *, split: str = "test") -> dict[str, float]:
        """Loss and metrics on rows x with targets y (their own classes or numbers), or on a split of its own data.

        x may be a frame or a file that holds the target too. Raises InputError where there are no such rows.
        """
        if x is None:
            loss, metrics = evaluate(self.experiment, self.dataset(), self.evaluator, split)
            if loss is None:
                raise InputError(f"there are no {split} rows: data.split.{split} is 0")
            return {"loss": loss, **metrics}
        rows, inputs = self.labeled(x, y)
        return self.measured(self.evaluator.outputs(inputs.x), rows.y)

    def measured(self, z: np.ndarray, t: np.ndarray) -> dict[str, float]:
        """Loss and metrics of outputs z (R, …) against scaled targets t (R, K)."""
        loss = float(np.mean(self.experiment.loss.values(z, t)))
        task, back = self.pipeline.task, self.pipeline.target_to_original
        if task.predicts_numbers:
            z, t = back(z), back(t)
        return {"loss": loss, **measured(task.metrics(self.pipeline.classes), z, t, {})}

    def labeled(self, x: Any, y: Any = None) -> tuple[Rows, NewRows]:
        """Rows with their targets, ready to be measured: those of `y`, or of the target's column of x."""
        rows = self.rows(x)
        if y is None:
            y = self.target_of(rows)
        values = self.target_values(y)
        if len(values) != len(rows.x):
            raise InputError(f"x has {len(rows.x):,} rows, y has {len(values):,}")
        return Rows(rows.x, np.ascontiguousarray(values, rows.x.dtype)), rows

    def target_of(self, rows: NewRows) -> np.ndarray:
        name = self.pipeline.targets[0]
        if rows.table is None or name not in rows.table.names:
            raise InputError(f"the rows have no column {name!r}, which would say what is right")
        values = rows.table.values(name)
        return np.array(rows.table.column(name)) if values is None or self.pipeline.classes else values

    def target_values(self, y: Any) -> np.ndarray:
        """Targets (R, K) as the network is trained on them. Raises InputError for an unknown class."""
        array = plain_array(y)
        array = array.reshape(len(array), -1)
        if not self.pipeline.classes:
            return self.pipeline.scale_targets(array.astype(np.float64))
        places = {name: i for i, name in enumerate(self.pipeline.classes)}
        labels = labels_of(array[:, 0])
        unknown = next((label for label in labels if label not in places), None)
        if unknown is not None:
            raise InputError(
                f"the class {unknown!r} was not there in training; {did_you_mean(unknown, places)}"
            )
        return np.array([[places[label]] for label in labels], float)

    # -- writing ------------------------------------------------------------------------------------------

    def generator(self) -> Generator:
        """What writes text with these parameters. Raises InputError where they were not trained on text."""
        generator = Generator(self.experiment, self.evaluator.network, self.io, self.pipeline)
        generator.load(dict(self.parameters))
        return generator

    def sample(
        self, prompt: str = "", length: int = 200, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0,
        seed: int = 1,
    ) -> str:  # fmt: skip
        """Text that goes on from the prompt, `length` tokens at most, without the prompt.

        temperature: below 1 bolder, above 1 wilder, 0 always the likeliest. top_k: only the K likeliest tokens.
        top_p: only the likeliest that have that probability together (Holtzman et al. 2020).
        """
        return "".join(self.generator().write(prompt, length, Sampling(temperature, top_k, top_p), seed))


def raw_rows(x: Any, pipeline: Pipeline) -> NewRows:
    """Rows in memory as raw rows, columns matched by name where both sides have names."""
    store = x if isinstance(x, ArrayStore) else ArrayStore.from_plain(x)
    if store is None:
        raise InputError(f"x is {type(x).__name__}; expected an array, a frame or the path of a file")
    if store.is_table:
        table = store.table("x")
        return rows_like(table, pipeline) if pipeline.table else rows_by_name(table, pipeline)
    array = store.array
    if pipeline.table is None:
        if array.dtype.kind not in "fiub":
            raise InputError(f"x holds {array.dtype}; expected numbers")
        return NewRows(array.astype(np.float64))
    return rows_like(named(array, [c.name for c in pipeline.table.columns]).table("x"), pipeline)


def named(array: np.ndarray, names: Sequence[str]) -> ArrayStore:
    """The columns of an array (R, F) under the names of those of training, in their order."""
    array = array if array.ndim > 1 else array[:, None]
    if array.shape[1:] != (len(names),):
        raise InputError(f"x has rows of the shape {array.shape[1:]}; the run knows {len(names)} columns")
    return ArrayStore(content_of_frame({name: array[:, i] for i, name in enumerate(names)}))


def as_labels(classes: Sequence[str]) -> np.ndarray:
    """Names of classes (C,) as integers where all of them are whole numbers, else as text."""
    if classes and all(name.lstrip("-").isdigit() and name == str(int(name)) for name in classes):
        return np.array([int(name) for name in classes])
    return np.array(classes, str)


def read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def kind_of(experiment: Experiment) -> Any:
    """What cannot change while a run learns."""
    return experiment.data, [layer.tag() for layer in experiment.model]


def check_arrays(evaluator: Evaluator, arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Raise InputError where the arrays are not those of the evaluator's network."""
    wanted: dict[str, Any] = {}
    for area in ("parameters", "statistics"):
        if area in evaluator.memory.areas:
            wanted |= {n: t.shape for n, t in evaluator.memory.areas[area].tensors.items()}
    for name, shape in wanted.items():
        if name not in arrays or arrays[name].shape != shape:
            raise InputError(f"{where}: belongs to another experiment: {name} should be {shape}")
