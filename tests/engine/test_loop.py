"""The training loop: stopped, killed, edited, resumed, on a full disk, a run is what the unbroken run is."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.component import tree_of
from engine.errors import InputError, StorageError
from engine.events import EditEvent, End, Log, WarningEvent
from engine.experiment import experiment_from, override_value
from engine.launch import with_changes
from engine.loop import Status
from engine.runs import RunDirectory
from helpers.training import (
    SMALL,
    abandoned,
    advance_to,
    begun,
    loop_on,
    measurements,
    resumed,
    small,
    state,
    told,
    train_to,
    trainer_of,
)


def edit(loop, *changes):
    return loop.edit(with_changes(loop.experiment, changes), author="test")


# -- stopped and killed -----------------------------------------------------------------------------------


def test_a_run_stopped_and_resumed_equals_the_unbroken_run(tmp_path):
    whole = loop_on(small(), tmp_path, "whole")
    end = told(whole)[-1]
    for stop_at in (300, 1000, None):
        loop = resumed(tmp_path, "broken") if stop_at != 300 else loop_on(small(), tmp_path, "broken")
        last = told(loop, stop_at)[-1]
        assert last.reason == ("interrupted" if stop_at else "done")
    assert state(loop.trainer) == state(whole.trainer)
    assert measurements(loop.run) == measurements(whole.run)
    assert (last.best, last.test) == (end.best, end.test)
    assert loop.run.best.read_bytes() == whole.run.best.read_bytes()


TRAIN_SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from helpers.training import loop_on, small
loop = loop_on(small(steps=400_000, checkpoint_every=5000), Path(sys.argv[1]), "killed")
for chunk in loop:
    if chunk.log:
        print(chunk.last, flush=True)
"""


def test_a_run_killed_at_any_moment_and_resumed_equals_the_unbroken_run(tmp_path):
    script = TRAIN_SCRIPT.format(path=[str(Path(__file__).parents[1]), *sys.path])
    for lines in (40, 400):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        for _ in range(lines):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    loop = begun(resumed(tmp_path, "killed"))
    assert loop.step > 0
    goal = loop.step + 3 * 70
    advance_to(loop, goal)
    unbroken = trainer_of(small(steps=400_000))
    unbroken.start()
    train_to(unbroken, goal)
    assert state(loop.trainer) == state(unbroken)
    loop.close()


def test_two_loops_cannot_train_one_run(tmp_path):
    first = begun(loop_on(small(), tmp_path), 70)
    second = resumed(tmp_path)
    with pytest.raises(InputError, match=f"process {os.getpid()}"):
        told(second)
    assert len(first.run.metrics()) == 1, "who was refused has written nothing"
    first.close()


def test_opening_a_run_that_another_loop_trains_writes_nothing(tmp_path):
    first = begun(loop_on(small(checkpoint_every=70), tmp_path), 150)
    advance_to(first, 210)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in first.run.path.rglob("*") if p.is_file()}
    second = resumed(tmp_path)
    second.open()
    assert second.step == 210
    assert second.status is Status.PAUSED
    with pytest.raises(InputError, match="is being trained"):
        second.play()
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in first.run.path.rglob("*") if p.is_file()}
    assert after == before
    first.close()


def test_a_kill_between_the_last_checkpoint_and_the_summary_leaves_a_run_that_resume_finishes(tmp_path):
    loop = loop_on(small(steps=140), tmp_path)
    end = told(loop)[-1]
    (loop.run.path / "summary.json").unlink()
    again = told(resumed(tmp_path))[-1]
    assert (again.reason, again.step, again.test) == ("done", 140, end.test)
    with pytest.raises(
        InputError, match=r"come to its end; give it more steps \(tui-lab resume run --more N"
    ):
        told(resumed(tmp_path))


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path):
    experiment = small(steps=140)
    trainer = trainer_of(experiment)
    RunDirectory.create(tmp_path, "title", trainer.experiment, "run")
    assert told(resumed(tmp_path))[-1].reason == "done"


# -- how long -----------------------------------------------------------------------------------------------


def test_more_steps_are_counted_from_the_beginning_or_from_where_it_stopped(tmp_path):
    told(loop_on(small(steps=140), tmp_path))
    for steps in (100, 140):
        with pytest.raises(InputError, match="run has 140 steps already; --steps and --epochs count from"):
            resumed(tmp_path, changes=(("training.steps", steps),)).open()
    assert told(resumed(tmp_path, changes=(("training.steps", 210),)))[-1].step == 210
    assert told(resumed(tmp_path, more=5))[-1].step == 215
    assert told(resumed(tmp_path, changes=(("training.epochs", 60.0),)))[-1].step == 280
    assert RunDirectory(tmp_path / "run").experiment().training.steps == 280


def test_an_interrupted_run_with_fewer_steps_than_it_made_is_refused_too(tmp_path):
    told(loop_on(small(), tmp_path), stop_at=300)
    with pytest.raises(InputError, match="steps already"):
        told(resumed(tmp_path, changes=(("training.steps", 5),)))


def test_a_longer_run_that_lifts_a_scheduled_rate_says_so(tmp_path):
    told(loop_on(small(steps=140), tmp_path))
    events = told(resumed(tmp_path, changes=(("training.steps", 700),)))
    (warning,) = [e.message for e in events if isinstance(e, WarningEvent)]
    assert "the learning rate goes up from" in warning
    assert "the cosine schedule now ends at step 700" in warning


def test_early_stopping_ends_the_run_keeps_the_best_parameters_and_more_patience_goes_on(tmp_path):
    loop = loop_on(small(steps=20_000, patience=3, average=0.0), tmp_path)
    events = told(loop)
    assert events[-1].reason == "early_stop"
    values = [(line["val_loss"], line["step"]) for line in loop.run.metrics()]
    best_value, best_step = min(values)
    assert events[-1].best == {"step": best_step, "val_loss": best_value}
    assert len([v for v in values if v[1] > best_step]) == 3
    again = begun(resumed(tmp_path, changes=(("training.patience", 0),)))
    advance_to(again, loop.step + 200)
    assert again.step == loop.step + 200
    again.close()


def test_an_end_by_time_leaves_the_bits_of_the_unbroken_run(tmp_path):
    whole = loop_on(small(steps=700), tmp_path, "whole")
    told(whole)
    first = loop_on(small(steps=700), tmp_path, deadline=1e-9)
    assert told(first)[-1].reason == "time"
    assert first.step < 700
    last = resumed(tmp_path)
    told(last)
    assert state(last.trainer) == state(whole.trainer)
    assert measurements(last.run) == measurements(whole.run)


# -- edits ------------------------------------------------------------------------------------------------

EDITS = {
    "a number": (("optimizer.lr", 0.03),),
    "another optimizer": (("optimizer", {"name": "sgd", "lr": 0.1, "momentum": 0.9}),),
    "another schedule": (("schedule", {"name": "constant"}),),
    "the mean of the weights": (("training.average", 0.0),),
    "a layer": (("model.1.rate", 0.5),),
    "augmentation": (("augment", [{"step": "noise", "std": 0.1}]),),
    "the batch": (("training.batch_size", 17), ("training.clip_norm", 0.5)),
    "a frozen layer": (("training.freeze", ["dense1"]),),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_run_edited_killed_and_resumed_equals_the_unbroken_edited_run(tmp_path, name):
    loops = {}
    for kind in ("whole", "killed"):
        loop = loops[kind] = begun(loop_on(small(steps=420, checkpoint_every=100), tmp_path, kind), 130)
        edit(loop, *EDITS[name])
        advance_to(loop, 173)
        edit(loop, ("optimizer.lr", 0.002))
        if kind == "killed":
            advance_to(loop, 185)  # the newest checkpoint is that of step 100
            abandoned(loop)
            loop = loops[kind] = resumed(tmp_path, kind)
            loop.open()
            assert loop.step == 100
            loop.play()
        advance_to(loop, 1000)
    whole, killed = loops["whole"], loops["killed"]
    assert state(killed.trainer) == state(whole.trainer)
    assert killed.experiment == whole.experiment == killed.run.experiment()
    assert measurements(killed.run) == measurements(whole.run)
    assert killed.run.best.read_bytes() == whole.run.best.read_bytes()
    assert [e.number for e in killed.run.edits()] == [1, 2]


def test_an_edit_after_which_nothing_was_written_but_its_event_is_made_again(tmp_path):
    loop = begun(loop_on(small(checkpoint_every=100), tmp_path), 130)
    before = (loop.run.path / "experiment.toml").read_bytes()
    edit(loop, ("optimizer.lr", 0.05))
    (loop.run.path / "experiment.toml").write_bytes(before)  # as a kill between the two leaves it
    abandoned(loop)
    again = begun(resumed(tmp_path), 120)
    assert again.experiment.optimizer.lr == 0.01
    advance_to(again, 131)
    assert again.experiment.optimizer.lr == 0.05
    again.close()


def test_a_new_edit_takes_the_place_of_those_of_the_lost_steps(tmp_path):
    loop = begun(loop_on(small(checkpoint_every=100), tmp_path), 130)
    edit(loop, ("optimizer.lr", 0.05))
    abandoned(loop)
    again = begun(resumed(tmp_path), 110)
    edit(again, ("optimizer.lr", 0.001))
    assert any("not made again" in e.message for e in again.news() if isinstance(e, WarningEvent))
    advance_to(again, 150)
    assert again.experiment.optimizer.lr == 0.001
    abandoned(again)
    assert [(e.step, e.changes[0].new) for e in again.run.edits()] == [(110, 0.001)]


def test_changes_given_at_resume_come_after_the_edits_of_the_lost_steps_and_are_recorded(tmp_path):
    loop = begun(loop_on(small(checkpoint_every=100), tmp_path), 130)
    edit(loop, ("optimizer.lr", 0.05), ("optimizer.beta1", 0.5))
    abandoned(loop)
    again = begun(resumed(tmp_path, changes=(("optimizer.lr", 0.02),), author="command line"), 140)
    assert (again.experiment.optimizer.lr, again.experiment.optimizer.beta1) == (0.02, 0.5)
    assert [(e.step, e.author) for e in again.run.edits()] == [(130, "test"), (130, "command line")]
    again.close()


def test_what_was_changed_by_hand_in_experiment_toml_is_an_edit_or_refused(tmp_path):
    told(loop_on(small(), tmp_path), stop_at=140)
    path = tmp_path / "run" / "experiment.toml"
    good = path.read_text()
    path.write_text(good.replace("lr = 0.01", "lr = 0.03"))
    loop = begun(resumed(tmp_path))
    assert loop.experiment.optimizer.lr == 0.03
    assert loop.run.edits()[-1].author == "file"
    loop.end()
    path.write_text(path.read_text().replace('name = "tanh"', 'name = "relu"'))
    with pytest.raises(InputError, match=r"model.0.activation cannot change while the network learns"):
        resumed(tmp_path).open()


def test_fewer_steps_end_a_run_at_once_and_it_is_measured_as_it_stands(tmp_path):
    loop = begun(loop_on(small(), tmp_path), 100)
    edit(loop, ("training.steps", 90))
    assert loop.status is Status.ENDED
    assert [e.step for e in loop.news() if isinstance(e, Log)] == [70, 100]
    assert loop.run.summary()["reason"] == "done"


def test_edits_at_rest_are_part_of_what_begins_or_are_recorded_when_it_goes_on(tmp_path):
    loop = loop_on(small(steps=140), tmp_path)
    loop.open()
    edit(loop, ("optimizer.lr", 0.04))
    loop.play()
    advance_to(loop, 140)
    assert loop.run.edits() == []
    assert loop.run.experiment().optimizer.lr == 0.04
    edit(loop, ("training.steps", 210))
    assert loop.status is Status.PAUSED
    loop.play()
    advance_to(loop, 210)
    assert [e.changes[0].field for e in loop.run.edits()] == ["training.steps"]
    unbroken = begun(loop_on(loop.run.experiment(), tmp_path, "other"), 0)
    unbroken.close()


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_and_kills_leave_the_bits_of_the_run_that_was_only_edited(tmp_path, seed):
    rng = random.Random(seed)
    steps = sorted(rng.sample(range(5, 380), 5))
    plan = [(step, rng.choice(list(EDITS.values()))) for step in steps]
    whole = begun(loop_on(small(steps=400, checkpoint_every=60), tmp_path, "whole"))
    for step, changes in plan:
        advance_to(whole, step)
        edit(whole, *changes)
    advance_to(whole, 400)

    loop = begun(loop_on(small(steps=400, checkpoint_every=60), tmp_path, "killed"))
    for step, changes in plan:
        if rng.random() < 0.6:
            abandoned(loop)
            loop = begun(resumed(tmp_path, "killed"))
        advance_to(loop, step)
        edit(loop, *changes)
    abandoned(loop)
    loop = begun(resumed(tmp_path, "killed"), 400)
    assert state(loop.trainer) == state(whole.trainer)
    assert measurements(loop.run) == measurements(whole.run)


# -- what goes wrong --------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_tensor(tmp_path):
    tree = SMALL | {
        "optimizer": {"name": "sgd", "lr": 100.0},
        "model": [{"layer": "dense", "units": 64, "activation": "relu"}] * 8 + [{"layer": "dense"}],
        "schedule": {"name": "constant"},
    }
    loop = loop_on(experiment_from(tree), tmp_path)
    end = told(loop)[-1]
    assert isinstance(end, End)
    assert end.reason == "diverged"
    assert "the first tensor that went bad is" in end.message
    assert loop.run.steps(), "the last good checkpoint stands"
    assert loop.run.summary()["reason"] == "diverged"


def test_a_run_that_an_edit_made_diverge_goes_on_from_its_checkpoint_without_it(tmp_path):
    tree = SMALL | {"optimizer": {"name": "sgd", "lr": 0.01}, "schedule": {"name": "constant"}}
    tree |= {"model": [{"layer": "dense", "units": 64, "activation": "relu"}] * 8 + [{"layer": "dense"}]}
    loop = begun(loop_on(experiment_from(tree), tmp_path), 60)
    loop.checkpoint()
    advance_to(loop, 80)
    before = loop.experiment
    edit(loop, ("optimizer.lr", 100.0))
    advance_to(loop, 2000)
    assert loop.reason == "diverged"
    loop.edit(before)
    loop.play()
    assert loop.step == 60
    advance_to(loop, 100)
    assert loop.status is Status.RUNNING
    assert loop.experiment == before
    abandoned(loop)
    again = begun(resumed(tmp_path), 100)
    assert state(again.trainer) == state(loop.trainer)
    again.close()


def test_a_diverged_run_can_be_resumed_with_a_smaller_rate(tmp_path):
    tree = SMALL | {"optimizer": {"name": "sgd", "lr": 100.0}, "schedule": {"name": "constant"}}
    tree |= {"model": [{"layer": "dense", "units": 64, "activation": "relu"}] * 8 + [{"layer": "dense"}]}
    told(loop_on(experiment_from(tree), tmp_path))
    loop = begun(resumed(tmp_path, changes=(("optimizer.lr", 0.01),)), 50)
    assert loop.status is Status.RUNNING
    loop.close()


def test_a_changed_data_set_is_not_resumed(tmp_path):
    told(loop_on(small(steps=70), tmp_path))
    other = experiment_from(SMALL | {"data": {"source": "moons", "samples": 200, "noise": 0.2}})
    with pytest.raises(InputError, match="data has changed"):
        told(loop_on(other, tmp_path))


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path):
    loop = loop_on(small(steps=140, checkpoint_every=70), tmp_path)
    told(loop)
    newest = loop.run.steps()[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    events = told(resumed(tmp_path))
    assert "damaged" in events[0].message
    assert events[-1].reason == "done"
    for path in loop.run.steps():
        path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="damaged"):
        told(resumed(tmp_path))


def test_a_missing_file_of_the_best_parameters_costs_nothing(tmp_path):
    whole = loop_on(small(steps=700, average=0.0), tmp_path, "whole")
    told(whole)
    broken = loop_on(small(steps=700, average=0.0), tmp_path)
    told(broken, stop_at=600)
    broken.run.best.unlink()
    told(resumed(tmp_path))
    assert broken.run.best.read_bytes() == whole.run.best.read_bytes()


def fill_the_disk(patch):
    def refuse(*_, **__):
        raise StorageError("run: no space left on device")

    patch.setattr("engine.runs.directory.append_lines", refuse)
    patch.setattr("engine.runs.directory.write_whole", refuse)
    patch.setattr("engine.runs.checkpoint.write_whole", refuse)


def test_a_full_disk_does_not_end_a_training_and_all_is_written_when_there_is_room(tmp_path, monkeypatch):
    loop = begun(loop_on(small(steps=700, checkpoint_every=100), tmp_path), 65)
    full = StorageError("metrics.jsonl: no space left on device")

    def refuse(*_, **__):
        raise full

    with monkeypatch.context() as patch:
        patch.setattr("engine.runs.directory.append_lines", refuse)
        patch.setattr(
            "engine.runs.files.os.fsync",
            lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")),
        )
        advance_to(loop, 150)
        edit(loop, ("optimizer.lr", 0.02))
        advance_to(loop, 300)
    warnings = [e.message for e in loop.news() if isinstance(e, WarningEvent)]
    assert len(warnings) == 1
    assert "training goes on in memory" in warnings[0]
    advance_to(loop, 700)
    assert loop.status is Status.ENDED
    assert [line["step"] for line in loop.run.metrics()] == list(range(70, 701, 70))
    assert loop.run.experiment().optimizer.lr == 0.02
    whole = begun(loop_on(small(steps=700), tmp_path, "whole"), 150)
    edit(whole, ("optimizer.lr", 0.02))
    advance_to(whole, 700)
    assert state(loop.trainer) == state(whole.trainer)


def test_a_disk_that_stays_full_is_told_at_the_end_with_what_to_do(tmp_path, monkeypatch):
    loop = begun(loop_on(small(steps=140), tmp_path), 65)
    fill_the_disk(monkeypatch)
    with pytest.raises(
        StorageError, match=r"no space left on device; .* Free some space, then: tui-lab resume"
    ):
        advance_to(loop, 140)
    assert loop.status is Status.ENDED
    assert not loop.held


def test_a_plateau_drops_the_learning_rate_in_a_run_and_a_resumed_one_knows_it(tmp_path):
    schedule = {"name": "plateau", "gamma": 0.5, "patience": 2, "floor": 0.1}
    experiment = experiment_from(SMALL | {"schedule": schedule, "optimizer": {"name": "adamw", "lr": 0.05}})
    whole = loop_on(experiment, tmp_path, "whole")
    told(whole)
    best, waited, factor, rates = np.inf, 0, 1.0, []
    for line in whole.run.metrics():  # the rate of the step before an evaluation, by the schedule's own words
        rates.append(0.05 * factor)
        best, waited = (line["val_loss"], 0) if line["val_loss"] < best else (best, waited + 1)
        if waited and waited % 2 == 0:
            factor = max(0.1, factor / 2)
    assert [line["lr"] for line in whole.run.metrics()] == pytest.approx(rates)
    assert 0.05 > rates[-1] == pytest.approx(0.005)

    dropped = next(line["step"] for line in whole.run.metrics() if line["lr"] < 0.05)
    told(loop_on(experiment, tmp_path), stop_at=dropped)
    last = resumed(tmp_path)
    told(last)
    assert measurements(last.run) == measurements(whole.run)
    assert state(last.trainer) == state(whole.trainer)


def test_the_story_of_a_run_tells_its_edits(tmp_path):
    loop = begun(loop_on(small(), tmp_path), 10)
    edit(loop, ("optimizer.lr", 0.03))
    event = next(e for e in loop.news() if isinstance(e, EditEvent))
    assert str(event) == "optimizer.lr: 0.01 → 0.03"
    assert tree_of(loop.run.edits()) == tree_of([event])
    assert override_value(tree_of(small()), "optimizer.lr", 0.03)["optimizer"]["lr"] == 0.03
    loop.close()
