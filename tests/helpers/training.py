"""A small experiment and what tests do with it: train, interrupt, look at all its bits."""

from pathlib import Path

import numpy as np

from engine.data import prepare
from engine.events import Event, Log
from engine.experiment import Experiment, experiment_from
from engine.launch import Launch
from engine.loop import Status, TrainingLoop
from engine.runs import RunDirectory
from engine.trainer import Trainer

SMALL = {
    "data": {"source": "moons", "samples": 200, "noise": 0.1},
    "model": [
        {"layer": "dense", "units": 16, "activation": "tanh"},
        {"layer": "dropout", "rate": 0.2},
        {"layer": "dense"},
    ],
    "loss": {"name": "cross_entropy"},
    "optimizer": {"name": "adamw", "lr": 0.01},
    "schedule": {"name": "cosine", "warmup": 50},
    "training": {"batch_size": 30, "steps": 2000, "evaluate_every": 70, "average": 0.99},
}


def small(**training: object) -> Experiment:
    return experiment_from(SMALL | {"training": SMALL["training"] | training})  # type: ignore[operator]


def data_of(experiment: Experiment):
    return prepare(experiment.data, experiment.training.seed, np.dtype(experiment.training.precision))


def trainer_of(experiment: Experiment, **options: object) -> Trainer:
    return Trainer(experiment, data_of(experiment), **options)  # type: ignore[arg-type]


def train(trainer: Trainer, seconds: float = 0.03) -> list[Log]:
    """Train to the end; gives the evaluations."""
    trainer.start()
    logs = []
    while not trainer.finished:
        log = trainer.advance(seconds).log
        if log:
            logs.append(log)
    return logs


def train_to(trainer: Trainer, step: int) -> None:
    while trainer.step < step:
        trainer.advance(limit=step)


def state(trainer: Trainer) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in trainer.arrays().items()}


def loop_on(experiment: Experiment, root: Path, name: str = "run", **options: object) -> TrainingLoop:
    """A loop on a new run; or on the run of that name, which it goes on with."""
    run = RunDirectory(root / name) if (root / name).exists() else None
    launch = Launch("title", experiment, root, name, run=run, **options)  # type: ignore[arg-type]
    return TrainingLoop(launch, data_of(experiment))


def resumed(root: Path, name: str = "run", **options: object) -> TrainingLoop:
    """A loop that goes on with a run, knowing nothing but its files."""
    return loop_on(RunDirectory(root / name).experiment(), root, name, **options)


def told(loop: TrainingLoop, stop_at: int | None = None) -> list[Event]:
    """Train to the end, or interrupt after the evaluation at `stop_at`; gives all events."""
    events = []
    for _ in loop:
        news = loop.news()
        events += news
        if stop_at is not None and any(isinstance(e, Log) and e.step >= stop_at for e in news):
            loop.interrupt()
    return events + loop.news()


def begun(loop: TrainingLoop, step: int = 0) -> TrainingLoop:
    """The loop, open, begun and trained to a step."""
    loop.open()
    loop.play()
    advance_to(loop, step)
    return loop


def advance_to(loop: TrainingLoop, step: int) -> None:
    while loop.step < step and loop.status is Status.RUNNING:
        loop.advance(limit=step)


def abandoned(loop: TrainingLoop) -> None:
    """Leave a run as a kill would: nothing is saved, the lock is gone."""
    loop.close()


def measurements(run: RunDirectory) -> list[dict]:
    return [{k: v for k, v in line.items() if k != "time"} for line in run.metrics()]
