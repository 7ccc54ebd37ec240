"""The session: the engine's thread does what it is asked, between chunks, and never waits for a screen."""

import os
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

import presets
from engine.experiment import experiment_from, override
from engine.launch import Launch
from engine.probes.decisions import NeuronsProbe, PlaneProbe
from engine.probes.layers import HistogramsProbe, WeightsProbe
from engine.runs import RunDirectory
from helpers.waiting import PATIENCE, until
from tui_lab.session import base
from tui_lab.session.base import Edit, Look, Pause, Play, Restart, Save, Snapshot, Steps, Undo
from tui_lab.session.describing import differences
from tui_lab.session.local import LocalSession


def session_on(name: str = "spiral", *changes: str, **options) -> LocalSession:
    tree = override(presets.load(name), ["training.steps=100000000", *changes])
    launch = Launch(name, experiment_from(tree), Path(os.environ["TUI_LAB_RUNS"]))
    return LocalSession(launch, **options)


@pytest.fixture
def session():
    session = session_on()
    wait(session, lambda s: s.phase == base.READY)
    yield session
    session.close()


def wait(session: LocalSession, condition) -> Snapshot:
    """The first snapshot that fulfils the condition."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        snapshot = session.latest
        assert snapshot.phase != base.FAILED, snapshot.message
        if condition(snapshot):
            return snapshot
        time.sleep(0.005)
    raise AssertionError(f"waited in vain; {session.latest.phase} at step {session.latest.step}")


def test_nothing_is_trained_or_written_before_play(session):
    assert session.latest.step == 0
    assert session.latest.path == ""
    assert not Path(os.environ["TUI_LAB_RUNS"]).exists()


def test_play_pause_and_play_again(session):
    session.send(Play())
    wait(session, lambda s: s.step > 1000 and s.phase == base.TRAINING)
    session.send(Pause())
    paused = wait(session, lambda s: s.phase == base.PAUSED)
    time.sleep(0.3)
    assert session.latest.step == paused.step
    session.send(Play())
    wait(session, lambda s: s.step > paused.step)


def test_steps_and_epochs_are_counted_exactly(session):
    session.send(Steps(7))
    wait(session, lambda s: s.step == 7 and s.phase == base.PAUSED)
    session.send(Steps(0))
    wait(session, lambda s: s.step == 7 + 16 and s.phase == base.PAUSED)  # 500 rows in batches of 32


def test_an_edit_is_applied_noted_and_undone(session):
    session.send(Play())
    wait(session, lambda s: s.step > 100)
    session.send(Edit("optimizer.lr", 0.05))
    edited = wait(session, lambda s: s.edits == 1)
    assert edited.experiment.optimizer.lr == 0.05
    (event,) = [e for e in edited.events if e["event"] == "edit"]
    assert event["changes"] == [{"field": "optimizer.lr", "old": 0.01, "new": 0.05}]
    assert event["step"] > 100
    session.send(Undo())
    undone = wait(session, lambda s: s.edits == 0)
    assert undone.experiment.optimizer.lr == 0.01
    run = RunDirectory(Path(undone.path))
    assert [e.changes[0].field for e in run.edits()] == ["optimizer.lr"] * 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optimizer.name", "sgd"), ("optimizer.beta1", 0.5), ("schedule.name", "cosine"), ("training.batch_size", 50),
        ("training.l2", 0.01), ("training.clip_norm", 1.0), ("loss.label_smoothing", 0.1),
        ("training.freeze", ["dense1"]), ("training.steps", 90_000_000), ("augment", ["noise"]),
    ],
)  # fmt: skip
def test_live_fields_change_while_it_learns_and_training_goes_on(session, path, value):
    session.send(Play())
    before = wait(session, lambda s: s.step > 100)
    session.send(Edit(path, value))
    edited = wait(session, lambda s: s.edits == 1)
    assert edited.step >= before.step
    wait(session, lambda s: s.step > edited.step and s.phase == base.TRAINING)


def test_a_frozen_layer_keeps_its_weights(session):
    session.send(Edit("training.freeze", ["dense1"]))
    wait(session, lambda s: s.edits == 1)
    before = session.trainer.memory["dense1.weight"].copy()
    other = session.trainer.memory["dense2.weight"].copy()
    session.send(Steps(50))
    wait(session, lambda s: s.step == 50 and s.phase == base.PAUSED)
    assert (session.trainer.memory["dense1.weight"] == before).all()
    assert (session.trainer.memory["dense2.weight"] != other).any()


def test_an_edit_that_cannot_be_is_told_and_changes_nothing(session):
    session.send(Edit("optimizer.lr", -1))
    told = wait(session, lambda s: s.notice[0] == 1)
    assert "optimizer.lr = -1" in told.notice[1]
    session.send(Edit("model.0.units", 5))
    told = wait(session, lambda s: s.notice[0] == 2)
    assert "restart" in told.notice[1]
    assert told.edits == 0


def test_restart_begins_anew_with_the_same_or_another_seed(session):
    session.send(Steps(50))
    first = wait(session, lambda s: s.step == 50 and s.phase == base.PAUSED)
    weights = session.trainer.memory["dense1.weight"].copy()
    session.send(Restart())
    wait(session, lambda s: s.step == 0 and s.phase == base.READY)
    session.send(Steps(50))
    again = wait(session, lambda s: s.step == 50 and s.phase == base.PAUSED)
    assert (session.trainer.memory["dense1.weight"] == weights).all()
    assert again.path != first.path
    session.send(Restart(seed=2))
    wait(session, lambda s: s.step == 0 and s.experiment.training.seed == 2)


def test_the_run_is_the_same_as_without_a_session(session):
    from engine.data import prepare
    from engine.trainer import Trainer

    views = {"plane": PlaneProbe(), "neurons": NeuronsProbe(), "weights": WeightsProbe()}
    session.look(Look(layers=True, views=views, seconds=0.01))
    session.send(Play())
    wait(session, lambda s: s.step > 20_000)
    session.send(Pause())
    step = wait(session, lambda s: s.phase == base.PAUSED).step
    experiment = session.latest.experiment
    plain = Trainer(experiment, prepare(experiment.data, 1))
    plain.start()
    while plain.step < step:
        plain.advance(limit=step)
    for name in plain.network.shapes:
        assert (plain.memory[name] == session.trainer.memory[name]).all()


def test_a_pace_makes_so_many_steps_a_second_and_changes_no_bits(session):
    session.send(base.Pace(300))
    session.send(Steps(150))
    began = time.monotonic()
    slow = wait(session, lambda s: s.step == 150 and s.phase == base.PAUSED)
    assert slow.pace == 300
    assert 0.3 < slow.seconds <= time.monotonic() - began, "seconds are those a person waits"
    weights = session.trainer.memory["dense1.weight"].copy()
    session.send(Restart())
    session.send(base.Pace(0))
    session.send(Steps(150))
    wait(session, lambda s: s.step == 150 and s.phase == base.PAUSED and s.pace == 0)
    assert (session.trainer.memory["dense1.weight"] == weights).all()


@pytest.mark.parametrize(("steps", "pace"), [(20_000, 1_000), (100_000_000, 0)])
def test_only_what_would_be_over_at_once_begins_slowly(steps, pace):
    session = session_on("spiral", f"training.steps={steps}", pace=None)
    assert wait(session, lambda s: s.phase == base.READY).pace == pace
    session.close()


def test_closing_saves_and_the_run_can_be_opened_again():
    session = session_on()
    wait(session, lambda s: s.phase == base.READY)
    session.send(Play())
    wait(session, lambda s: s.step > 1000)
    session.send(Save())
    wait(session, lambda s: any(e["event"] == "checkpoint" for e in s.events))
    session.close()
    run = RunDirectory(Path(session.latest.path))
    step = run.summary()["step"]
    again = LocalSession(Launch(run.name, run.experiment(), run.path.parent, run=run))
    opened = wait(again, lambda s: s.phase != base.LOADING and s.step > 0)
    assert opened.step == step
    again.close()


def opened(path: str) -> LocalSession:
    run = RunDirectory(Path(path))
    return LocalSession(Launch(run.name, run.experiment(), run.path.parent, run=run))


def test_a_run_that_ended_is_shown_as_it_was_and_nothing_is_written():
    session = session_on("iris", "training.steps=100")
    session.send(Play())
    path = wait(session, lambda s: s.phase == base.ENDED).path
    session.close()
    before = {p: p.stat().st_mtime_ns for p in Path(path).rglob("*") if p.is_file()}
    again = opened(path)
    shown = wait(again, lambda s: s.phase == base.ENDED)
    assert shown.step == 100
    assert shown.end["reason"] == "done"
    assert shown.findings == (), "there are no gradients to judge by"
    assert shown.steps_per_second > 0
    assert {"train_loss", "val_loss", "accuracy", "lr"} <= {n for n, c in shown.curves.items() if len(c)}
    again.send(Play())
    assert "come to its end" in wait(again, lambda s: s.notice[0] == 1).notice[1]
    again.close()
    assert {p: p.stat().st_mtime_ns for p in Path(path).rglob("*") if p.is_file()} == before


def test_a_run_that_ended_goes_on_when_it_gets_more_steps():
    session = session_on("iris", "training.steps=100")
    session.send(Play())
    wait(session, lambda s: s.phase == base.ENDED)
    session.send(Edit("training.steps", 150))
    session.send(Play())
    ended = wait(session, lambda s: s.step == 150 and s.phase == base.ENDED)
    assert ended.end["steps"] == 150
    session.close()
    assert RunDirectory(Path(ended.path)).summary()["steps"] == 150


def test_a_run_that_diverged_says_what_to_do_and_goes_on_from_its_last_good_checkpoint():
    session = session_on("linear-regression", "optimizer.name=sgd", "optimizer.lr=0.001")
    session.send(Steps(30))
    wait(session, lambda s: s.step == 30 and s.phase == base.PAUSED)
    session.send(Save())
    session.send(Edit("optimizer.lr", 50.0))
    session.send(Play())
    ended = wait(session, lambda s: s.phase == base.ENDED)
    assert ended.end["reason"] == "diverged"
    assert "try a smaller optimizer.lr" in ended.end["message"]
    assert session.exit_code == 1
    session.send(Undo())
    session.send(Steps(5))
    healed = wait(session, lambda s: s.phase == base.PAUSED)
    assert healed.step == 35
    assert healed.end is None
    session.close()


def failed(session: LocalSession) -> Snapshot:
    until(lambda: session.latest.phase == base.FAILED)
    return session.latest


def test_too_little_memory_and_faults_of_ours_are_told_with_what_to_do(monkeypatch):
    def no_memory(*_):
        raise MemoryError

    def broken(*_):
        raise RuntimeError("oh no")

    for fault, words in ((no_memory, "training.batch_size smaller"), (broken, "RuntimeError: oh no")):
        with monkeypatch.context() as patch:
            session = session_on()
            wait(session, lambda s: s.phase == base.READY)
            patch.setattr("engine.loop.TrainingLoop.advance", fault)
            session.send(Play())
            assert words in failed(session).message
            session.close()
            assert session.exit_code == 1
    log = Path(session.latest.message.split()[-1])
    assert "Traceback" in log.read_text()
    log.unlink()


def test_a_session_whose_data_cannot_be_used_fails_with_a_message(tmp_path):
    session = session_on(
        "spiral", "data.source=csv", f"data.path={tmp_path / 'absent.csv'}", "data.preprocess=[]"
    )
    assert "there is no such file" in failed(session).message
    assert session.exit_code == 2


def test_the_end_of_the_run_is_told_with_the_test():
    session = session_on("iris", "training.steps=100")
    session.send(Play())
    ended = wait(session, lambda s: s.phase == base.ENDED)
    assert ended.end["reason"] == "done"
    assert "accuracy" in ended.end["test"]
    session.close()


def test_only_what_is_looked_at_is_computed(session):
    session.send(Steps(10))
    plain = wait(session, lambda s: s.step == 10 and s.phase == base.PAUSED)
    assert plain.views == {}
    assert plain.probes[-1] == HistogramsProbe()
    views = {
        "a": PlaneProbe(8, 12),
        "b": NeuronsProbe(4, 6),
        "c": WeightsProbe(),
        "d": HistogramsProbe("dense1"),
    }
    session.look(Look(views=views))
    seen = wait(session, lambda s: bool(s.views)).views
    assert seen["a"].values.shape == (8, 12)
    assert [maps.shape for _, maps in seen["b"].neurons] == [(16, 4, 6)] * 2
    assert [w.shape for _, w in seen["c"]] == [(2, 16), (16, 16), (16, 2)]
    assert set(seen["d"]) == {"weights", "gradients", "activations"}


def test_what_deserves_attention_becomes_an_event_of_the_run_once():
    session = session_on("moons", "optimizer.name=sgd", "optimizer.lr=90", "model.0.activation=relu")
    wait(session, lambda s: s.phase == base.READY)
    session.look(Look(layers=True, seconds=0.01))
    session.send(Play())
    warned = wait(session, lambda s: any(e["event"] == "warning" for e in s.events) or s.phase == base.ENDED)
    session.close()
    messages = [e["message"] for e in RunDirectory(Path(warned.path)).events() if e["event"] == "warning"]
    assert messages, "nothing was found in a network whose units die"
    assert len(messages) == len(set(messages))


def test_differences_name_what_differs():
    old = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert differences(old, {"a": {"b": 2, "c": [1, 5]}, "d": 3}) == [("a.b", 1, 2), ("a.c.1", 2, 5)]
    assert differences(old, {"a": {"b": 1, "c": [1]}, "d": 3}) == [("a.c", [1, 2], [1])]


@pytest.mark.timing
def test_the_interpreter_stays_free_while_a_heavy_network_trains():
    layers = [
        {"layer": "flatten"},
        *[{"layer": "dense", "units": 1024, "activation": "relu"}] * 2,
        {"layer": "dense"},
    ]
    tree = presets.load("digits-mlp") | {"model": layers}
    tree = override(tree, ["training.batch_size=512", "training.epochs=100000"])
    session = LocalSession(Launch("heavy", experiment_from(tree), Path(os.environ["TUI_LAB_RUNS"])))
    wait(session, lambda s: s.phase == base.READY)
    session.send(Play())
    wait(session, lambda s: s.step > 3)
    lags = []
    for _ in range(60):
        began = time.monotonic()
        time.sleep(0.02)
        lags.append(time.monotonic() - began - 0.02)
    session.close()
    lags.sort()
    assert lags[len(lags) // 2] < 0.01
    assert lags[-3] < 0.1


def test_a_restart_in_another_precision_prepares_the_data_again_and_trains_on():
    session = session_on("iris", "training.steps=100000000")
    ready = wait(session, lambda s: s.phase == base.READY)
    for precision in ("float64", "float32"):
        training = replace(ready.experiment.training, precision=precision)
        session.send(Restart(experiment=replace(ready.experiment, training=training)))
        session.send(Steps(30))
        shown = wait(session, lambda s, p=precision: s.step == 30 and s.experiment.training.precision == p)
        assert shown.phase in (base.PAUSED, base.TRAINING)
    session.close()
