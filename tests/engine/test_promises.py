"""The engine's promises: the same bits whatever happens, no silent nonsense, nothing out of bounds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.conductor import Conductor
from engine.data import prepare
from engine.errors import InputError
from engine.events import End, Log
from engine.experiment import Experiment, experiment_from
from engine.run import Run
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


def trainer_of(experiment: Experiment, **options: object) -> Trainer:
    dataset = prepare(experiment.data, experiment.training.seed, np.dtype(experiment.training.precision))
    return Trainer(experiment, dataset, **options)  # type: ignore[arg-type]


def train(trainer: Trainer, seconds: float = 0.03) -> list[Log]:
    trainer.start()
    logs = []
    while not trainer.finished:
        log = trainer.advance(seconds)
        if log:
            logs.append(log)
    return logs


def train_to(trainer: Trainer, step: int) -> None:
    while trainer.step < step:
        trainer.advance(limit=step)


def state(trainer: Trainer) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in trainer.arrays().items()}


def wide(shards: int = 4, accumulate: int = 1) -> Experiment:
    return experiment_from(
        {
            "data": {"source": "digits"},
            "model": [
                {"layer": "flatten"},
                {"layer": "dense", "units": 256, "activation": "relu"},
                {"layer": "batch_norm"},
                {"layer": "dropout", "rate": 0.1},
                {"layer": "dense", "units": 256, "activation": "gelu"},
                {"layer": "dense"},
            ],
            "loss": {"name": "cross_entropy"},
            "training": {"batch_size": 256, "steps": 25, "shards": shards, "accumulate": accumulate},
        }
    )


@pytest.mark.parametrize("accumulate", [1, 2])
def test_one_thread_and_two_give_the_same_bits(accumulate):
    results = []
    for threads in (1, 2):
        trainer = trainer_of(wide(accumulate=accumulate), threads=threads)
        logs = train(trainer)
        assert trainer.parallel == (threads == 2)
        results.append((logs, state(trainer)))
    assert results[0] == results[1]


def test_the_length_of_chunks_does_not_change_the_bits():
    results = []
    for seconds in (0.0, 0.003, 1.0):
        trainer = trainer_of(small(steps=700))
        results.append((train(trainer, seconds), state(trainer)))
    assert results[0] == results[1] == results[2]


def test_another_seed_gives_other_bits():
    first, second = trainer_of(small(steps=70, seed=1)), trainer_of(small(steps=70, seed=2))
    train(first)
    train(second)
    assert state(first) != state(second)


def story(conductor: Conductor, stop_at: int | None = None) -> list:
    events = []
    for event in conductor:
        if event is not None:
            events.append(event)
        if stop_at is not None and isinstance(event, Log) and event.step >= stop_at:
            conductor.interrupt()
    return events


def measurements(run: Run) -> list[dict]:
    return [{k: v for k, v in line.items() if k != "time"} for line in run.metrics()]


def test_a_run_stopped_and_resumed_equals_the_unbroken_run(tmp_path):
    whole = Run.create(tmp_path, "whole")
    unbroken = trainer_of(small())
    end = story(Conductor(unbroken, whole))[-1]

    broken = Run.create(tmp_path, "broken")
    for stop_at in (300, 1000, None):
        trainer = trainer_of(small())
        resume = bool(broken.steps())
        last = story(Conductor(trainer, broken, resume=resume), stop_at)[-1]
        assert last.reason == ("interrupted" if stop_at else "done")
    assert state(trainer) == state(unbroken)
    assert measurements(broken) == measurements(whole)
    assert last.best == end.best
    assert last.test == end.test
    assert broken.best.read_bytes() == whole.best.read_bytes()


TRAIN_SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_promises import Conductor, Run, small, trainer_of
run = Run(Path(sys.argv[1]))
for event in Conductor(trainer_of(small(steps=400_000, checkpoint_every=5000)), run, resume=bool(run.steps())):
    if event:
        print(event.step, flush=True)
"""


def test_a_run_killed_at_any_moment_and_resumed_equals_the_unbroken_run(tmp_path):
    script = TRAIN_SCRIPT.format(tests=str(Path(__file__).parent))
    run = Run.create(tmp_path, "killed")
    for lines in (40, 400):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(run.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        for _ in range(lines):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    reached = run.steps()
    assert reached
    resumed = trainer_of(small(steps=400_000, checkpoint_every=5000))
    resumed.start()
    run.restore(resumed)
    assert resumed.step > 0
    goal = resumed.step + 3 * 70
    train_to(resumed, goal)

    unbroken = trainer_of(small(steps=400_000))
    unbroken.start()
    train_to(unbroken, goal)
    assert state(resumed) == state(unbroken)
    assert resumed.progress == unbroken.progress


def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_tensor(tmp_path):
    experiment = experiment_from(
        SMALL
        | {
            "optimizer": {"name": "sgd", "lr": 100.0},
            "model": [{"layer": "dense", "units": 64, "activation": "relu"}] * 8 + [{"layer": "dense"}],
            "loss": {"name": "cross_entropy"},
            "schedule": {"name": "constant"},
        }
    )
    run = Run.create(tmp_path, "diverges")
    trainer = trainer_of(experiment)
    end = story(Conductor(trainer, run))[-1]
    assert isinstance(end, End)
    assert end.reason == "diverged"
    assert "the first tensor that went bad is" in end.message
    assert run.steps(), "the last good checkpoint stands"
    assert run.summary()["reason"] == "diverged"


def test_a_changed_data_set_is_not_resumed(tmp_path):
    run = Run.create(tmp_path, "run")
    story(Conductor(trainer_of(small(steps=70)), run))
    other = experiment_from(SMALL | {"data": {"source": "moons", "samples": 200, "noise": 0.2}})
    with pytest.raises(InputError, match="data has changed"):
        story(Conductor(trainer_of(other), run, resume=True))


def test_a_checkpoint_of_another_experiment_is_refused(tmp_path):
    run = Run.create(tmp_path, "run")
    story(Conductor(trainer_of(small(steps=70)), run))
    layers = [{"layer": "dense", "units": 5}, {"layer": "dense"}]
    with pytest.raises(InputError, match="another experiment"):
        story(Conductor(trainer_of(experiment_from(SMALL | {"model": layers})), run, resume=True))


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path):
    run = Run.create(tmp_path, "run")
    story(Conductor(trainer_of(small(steps=140, checkpoint_every=70)), run))
    newest = run.steps()[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    trainer = trainer_of(small(steps=140, checkpoint_every=70))
    events = story(Conductor(trainer, run, resume=True))
    assert "damaged" in events[0].message
    assert events[-1].reason == "done"
    for path in run.steps():
        path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="damaged"):
        story(Conductor(trainer_of(small(steps=140)), run, resume=True))


def test_two_processes_cannot_train_one_run(tmp_path):
    run = Run.create(tmp_path, "run")
    with run.lock(), pytest.raises(InputError, match=f"process {os.getpid()}"):
        story(Conductor(trainer_of(small(steps=10)), Run(run.path)))


def test_a_model_too_large_for_memory_is_refused_before_it_is_allocated():
    layers = [{"layer": "dense", "units": 900_000}] * 3 + [{"layer": "dense"}]
    trainer = trainer_of(experiment_from(SMALL | {"model": layers}))
    with pytest.raises(InputError, match="too large for memory"):
        trainer.start()


def test_early_stopping_ends_the_run_and_keeps_the_best_parameters(tmp_path):
    run = Run.create(tmp_path, "run")
    trainer = trainer_of(small(steps=20_000, patience=3, average=0.0))
    events = story(Conductor(trainer, run))
    assert events[-1].reason == "early_stop"
    values = [(line["val_loss"], line["step"]) for line in run.metrics()]
    best_value, best_step = min(values)
    assert events[-1].best == {"step": best_step, "val_loss": best_value}
    assert values[-1][1] > best_step
    assert len([v for v in values if v[1] > best_step]) == 3


def test_a_plateau_drops_the_learning_rate_in_a_run_and_a_resumed_one_knows_it(tmp_path):
    schedule = {"name": "plateau", "gamma": 0.5, "patience": 2, "floor": 0.1}
    tree = SMALL | {"schedule": schedule, "optimizer": {"name": "adamw", "lr": 0.05}}
    experiment = experiment_from(tree)
    unbroken, whole = trainer_of(experiment), Run.create(tmp_path, "whole")
    story(Conductor(unbroken, whole))

    best, waited, factor, rates = np.inf, 0, 1.0, []
    for line in whole.metrics():  # the rate of the step before an evaluation, by the schedule's own words
        rates.append(0.05 * factor)
        best, waited = (line["val_loss"], 0) if line["val_loss"] < best else (best, waited + 1)
        if waited and waited % 2 == 0:
            factor = max(0.1, factor / 2)
    assert [line["lr"] for line in whole.metrics()] == pytest.approx(rates)
    assert 0.05 > rates[-1] == pytest.approx(0.005)

    dropped = next(line["step"] for line in whole.metrics() if line["lr"] < 0.05)
    broken = Run.create(tmp_path, "broken")
    for stop_at in (dropped, None):
        trainer = trainer_of(experiment)
        story(Conductor(trainer, broken, resume=bool(broken.steps())), stop_at)
    assert measurements(broken) == measurements(whole)
    assert state(trainer) == state(unbroken)


def test_an_edit_that_changes_nothing_does_not_change_the_bits():
    plain, edited = trainer_of(small(steps=700)), trainer_of(small(steps=700))
    train(plain)
    edited.start()
    while not edited.finished:
        edited.advance()
        edited.edit(edited.experiment)
    assert state(edited) == state(plain)


def test_an_edit_keeps_parameters_and_counters_and_another_optimizer_begins_anew():
    trainer = trainer_of(small(steps=700))
    trainer.start()
    train_to(trainer, 50)
    before = {name: array.copy() for name, array in trainer.arrays().items()}
    changed = experiment_from(
        SMALL
        | {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}}
        | {"training": SMALL["training"] | {"steps": 700, "batch_size": 17, "clip_norm": 1.0}}  # type: ignore[operator]
    )
    trainer.edit(changed)
    for name, array in trainer.arrays().items():
        if name.startswith("optimizer."):
            assert not array.any()
        elif name != "clock/clock":
            assert (array == before[name]).all()
    assert trainer.step == 50
    log = None
    while log is None:
        log = trainer.advance()
    assert log.train_loss < 0.7


def test_an_edit_of_data_or_architecture_is_refused_and_training_goes_on():
    trainer = trainer_of(small(steps=700))
    trainer.start()
    train_to(trainer, 50)
    for change in ({"data": {"source": "moons", "samples": 201}}, {"model": [{"layer": "dense"}]}):
        with pytest.raises(InputError, match="restart"):
            trainer.edit(experiment_from(SMALL | change))
    reference = trainer_of(small(steps=700))
    train(reference)
    while not trainer.finished:
        trainer.advance()
    assert state(trainer) == state(reference)


def test_stop_ends_a_native_call_within_a_step():
    import threading

    trainer = trainer_of(small(steps=50_000_000, evaluate_every=50_000_000))
    trainer.start()
    trainer.advance(0.001)
    threading.Timer(0.2, trainer.stop).start()
    began = time.monotonic()
    trainer.advance(seconds=60)
    assert time.monotonic() - began < 30
    assert 0 < trainer.step < 50_000_000
