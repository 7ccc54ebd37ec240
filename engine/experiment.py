"""Experiment: the full description of a training, read from TOML and written back."""

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w

from engine.augment import Augmentation
from engine.component import Component, Tree, build, fields_of, tree_of
from engine.data import Source
from engine.errors import InputError
from engine.hyper import hyper
from engine.layers import Layer
from engine.losses import Loss
from engine.metrics import Metric
from engine.optimizers import AdamW, Optimizer
from engine.schedules import ConstantRate, Schedule

SURE = 4  # standard deviations: one in 30,000 normal values lies beyond


class Training(Component):
    """Training length, batch size, regularization and evaluation."""

    batch_size: Annotated[int, hyper("rows per step", ge=1, log=True, live=True, unit="rows")] = 32
    steps: Annotated[int, hyper("optimizer updates; 0: see epochs", ge=0, le=10**12, log=True, live=True)] = 0
    epochs: Annotated[float, hyper("passes over the training rows; 0: see steps", ge=0, le=1e12)] = 0.0
    seed: Annotated[int, hyper("random seed", ge=0, lt=2**31)] = 1
    precision: Annotated[Literal["float32", "float64"], hyper("element type")] = "float32"
    shards: Annotated[int, hyper("slices of the batch, computed in parallel; 0: automatic", ge=0, le=64)] = 0
    accumulate: Annotated[int, hyper("gradient accumulation: batches per update", ge=1, le=4096)] = 1
    clip_norm: Annotated[float, hyper("maximum norm of the gradient; 0: no clipping", ge=0, live=True)] = 0.0
    clip_value: Annotated[
        float, hyper("maximum absolute value of a gradient; 0: no clipping", ge=0, live=True)
    ] = 0.0
    l1: Annotated[float, hyper("L1 penalty on the weights", ge=0, log=True, live=True)] = 0.0
    l2: Annotated[float, hyper("L2 penalty on the weights: l2/2·weights²", ge=0, log=True, live=True)] = 0.0
    average: Annotated[
        float,
        hyper(
            "decay of the moving average of the weights used for evaluation; 0: off", ge=0, lt=1, live=True
        ),
    ] = 0.0
    freeze: Annotated[list[str], hyper("frozen layers", live=True)] = []
    evaluate_every: Annotated[
        int, hyper("steps between evaluations; 0: automatic", ge=0, live=True, unit="steps")
    ] = 0
    checkpoint_every: Annotated[
        int, hyper("steps between checkpoints; 0: once a minute", ge=0, live=True, unit="steps")
    ] = 0
    metrics: Annotated[
        list[Metric],
        hyper(
            'metrics, the main one first: ["accuracy", { metric = "top_k", k = 3 }]; default: by the task',
            live=True,
        ),
    ] = []
    monitor: Annotated[str, hyper("metric that selects the best parameters", live=True)] = "val_loss"
    patience: Annotated[
        int, hyper("early stopping: evaluations without improvement; 0: off", ge=0, live=True)
    ] = 0

    def __post_init__(self) -> None:
        if not self.steps and not self.epochs:
            raise ValueError("one of training.steps and training.epochs must be above 0")
        if self.steps and self.epochs:
            raise ValueError("training.steps and training.epochs cannot both be given")


class Expect(Component):
    """The expected value of a metric on the test rows: measured over several seeds, or a fixed bound (`value`)."""

    metric: str
    value: float | None = None
    mean: float | None = None
    std: float | None = None
    worst: float | None = None
    seeds: int = 0

    def __post_init__(self) -> None:
        measured = (self.mean, self.std, self.worst)
        if self.value is None and (None in measured or self.seeds < 2):
            raise ValueError("expected mean, std and worst of two seeds or more, or value")
        if self.value is not None and (measured != (None, None, None) or self.seeds):
            raise ValueError("value cannot be given beside mean, std, worst and seeds")
        if self.std is not None and self.std < 0:
            raise ValueError(f"std = {self.std}: expected a number >= 0")

    def bound(self, higher_is_better: bool) -> float:
        """What no seed falls behind, on whatever processor: beyond the worst one seen, and far beyond the mean."""
        if self.mean is None or self.std is None or self.worst is None:
            assert self.value is not None
            return self.value
        far = SURE * self.std
        return min(self.worst, self.mean - far) if higher_is_better else max(self.worst, self.mean + far)

    def text(self) -> str:
        """The promise in words."""
        if self.mean is None or self.std is None or self.worst is None:
            return f"{self.metric} {self.value:g} on the test rows"
        spread = f"{self.mean:g} ± {self.std:g}"
        return f"{self.metric} {spread} on the test rows (worst of {self.seeds}: {self.worst:g})"


class Experiment(Component, kw_only=True):
    """Data, model, loss, optimizer, schedule, training; and, for a preset, what to tell about it."""

    title: str = ""
    story: str = ""
    topic: str = ""
    things_to_try: list[str] = msgspec.field(name="try", default_factory=list)
    expect: Expect | None = None
    data: Source
    augment: Annotated[
        list[Augmentation],
        hyper(
            'augmentation of the training rows: noise, flip …, or [{ step = "noise", std = 0.2 }]; none: []',
            live=True,
        ),
    ] = []
    model: list[Layer]
    loss: Loss
    optimizer: Optimizer = AdamW()
    schedule: Schedule = ConstantRate()
    training: Training

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("model needs at least one layer")


def dataset_key(experiment: Experiment) -> tuple[Source, int, str]:
    """What the data set of an experiment depends on, besides the files it names: source, seed, element type."""
    training = experiment.training
    return experiment.data, training.seed, training.precision


def read_toml(path: Path) -> Tree:
    """The tables of a TOML file. Raises InputError when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not valid TOML: {error or 'nested too deeply'}") from None


def experiment_from(tree: Tree, where: str = "") -> Experiment:
    """Check and build an experiment; `where` (a file or preset) stands in front of what is wrong."""
    try:
        experiment: Experiment = build(Experiment, tree)
        return experiment
    except InputError as error:
        raise InputError(f"{where}: {error}" if where else str(error)) from None


def experiment_to_toml(experiment: Experiment) -> str:
    """TOML that reads back as the same experiment."""
    return tomli_w.dumps(without_nothing(tree_of(experiment)))


def without_nothing(value: Any) -> Any:
    """The value without keys that hold None: TOML has no word for it."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nothing(item) for item in value]
    return value


def override(tree: Tree, assignments: list[str]) -> Tree:
    """The tree with `KEY=VALUE` applied; KEY is a dotted path ("model.0.units"), VALUE TOML or plain text."""
    tree = deepcopy(tree)
    for assignment in assignments:
        path, value = parse_assignment(assignment)
        place(tree, path.split("."), value, assignment)
    return tree


def parse_assignment(assignment: str) -> tuple[str, Any]:
    """(dotted path, value) of `KEY=VALUE`. Raises InputError where it is none."""
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {assignment}: expected KEY=VALUE, for instance optimizer.lr=0.01")
    return key.strip(), toml_value(text.strip())


def override_value(tree: Tree, path: str, value: Any) -> Tree:
    """The tree with the value at a dotted path replaced."""
    tree = deepcopy(tree)
    place(tree, path.split("."), value, f"{path}={value}")
    return tree


def toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def place(tree: Any, keys: list[str], value: Any, assignment: str) -> None:
    *parents, last = keys
    for key in parents:
        if isinstance(tree, dict):
            if isinstance(tree.get(key), str):  # the short form of a component: `activation = "tanh"`
                tree[key] = {"name": tree[key]}
            tree = tree.setdefault(key, {})
        else:
            item = item_of(tree, key, assignment)
            if isinstance(item, str):
                item = tree[int(key)] = long_form(item)
            tree = item
    if isinstance(tree, list):
        item_of(tree, last, assignment)
        tree[int(last)] = value
    elif isinstance(tree, dict):
        if last in ("name", "layer", "source", "step", "metric") and isinstance(value, str):
            # Another kind of component keeps the fields that it has, too: lr, when the optimizer changes.
            known = fields_of(last, value)
            for key in [k for k in tree if known is not None and k not in known]:
                del tree[key]
        tree[last] = value
    else:
        raise InputError(f"--set {assignment}: {'.'.join(parents)} is not a table")


def item_of(tree: Any, key: str, assignment: str) -> Any:
    if not isinstance(tree, list):
        raise InputError(f"--set {assignment}: {key!r} cannot be looked up there")
    if not key.isdigit() or int(key) >= len(tree):
        raise InputError(f"--set {assignment}: {key!r} is not a number from 0 to {len(tree) - 1}")
    return tree[int(key)]


def long_form(tag: str) -> Any:
    """The table that a component's name in a list is short for: `augment = ["noise"]`."""
    fields = [field for field in ("layer", "step", "metric") if fields_of(field, tag) is not None]
    return {fields[0]: tag} if fields else tag
