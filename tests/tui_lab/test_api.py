"""Training, predicting and resuming from Python: the same bits and files as from the command line."""

import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import tui_lab as tl
from helpers.command_line import lab

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
LABELS = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
AMOUNT = 100 + 20 * X[:, 0] - 5 * X[:, 2]


def experiment(data: tl.Component, loss: str = "cross_entropy", **training: float) -> tl.Experiment:
    return tl.Experiment(
        data=data, model=[tl.Dense(16, "gelu"), tl.Dense()], loss=loss, optimizer=tl.AdamW(lr=0.01),
        training=tl.Training(**(training or {"epochs": 20})),
    )  # fmt: skip


def test_a_preset_trained_from_python_gives_the_bits_of_the_command_line():
    run = tl.train("iris", lr=0.003, steps=40, name="python")
    assert (
        lab(
            "train", "iris", "--set", "optimizer.lr=0.003", "--steps", "40", "--name", "shell", "--quiet"
        ).code
        == 0
    )
    shell = tl.Run.find("shell")
    for name in tl.load(run):
        assert (tl.load(run)[name] == tl.load(shell)[name]).all()
    assert run.test == shell.test


def test_history_holds_arrays_by_name():
    run = tl.train("iris", epochs=5)
    assert run.history["step"].dtype == int
    assert len(run.history["val_loss"]) == len(run.history["step"]) == len(run.directory.metrics())
    assert np.isfinite(run.history["train_loss"]).all()
    assert set(run.test) >= {"loss", "accuracy"}


def test_arrays_and_labels_go_in_and_labels_come_out():
    run = tl.train(experiment(tl.Arrays(X, LABELS)))
    model = run.model
    assert set(model.predict(X)) == {"same", "other"}
    assert (model.predict(X) == LABELS).mean() > 0.9
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (model.classes[p.argmax(axis=1)] == model.predict(X)).all()


def test_whole_numbers_as_classes_come_back_as_numbers():
    y = (X[:, 0] > 0).astype(int) + 4
    model = tl.train(experiment(tl.Arrays(X, y))).model
    assert model.classes.tolist() == [4, 5]
    assert model.predict(X[:3]).dtype.kind == "i"


def test_numbers_come_back_in_their_own_units():
    data = tl.Arrays(X, AMOUNT, preprocess=["standardize"], scale_target=True)
    model = tl.train(experiment(data, "mse", epochs=60)).model
    assert model.predict(X).shape == (200,)
    assert np.abs(model.predict(X) - AMOUNT).mean() < 5
    two = tl.train(
        experiment(tl.Arrays(X, np.column_stack([AMOUNT, -AMOUNT]), scale_target=True), "mse")
    ).model
    assert two.predict(X).shape == (200, 2)


def test_a_model_is_evaluated_on_its_split_or_on_given_rows():
    model = tl.train(experiment(tl.Arrays(X, LABELS))).model
    assert model.evaluate() == tl.Run.find("last").test
    given = model.evaluate(X, LABELS)
    assert given["accuracy"] == pytest.approx((model.predict(X) == LABELS).mean())
    with pytest.raises(tl.InputError, match="the class 'mad' was not there in training"):
        model.evaluate(X[:1], ["mad"])
    with pytest.raises(tl.InputError, match="x has 3 rows, y has 2"):
        model.evaluate(X[:3], LABELS[:2])


def test_parameters_are_read_only_arrays_by_name():
    model = tl.train(experiment(tl.Arrays(X, LABELS))).model
    assert set(model) == {"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}
    assert model["dense1.weight"].shape == (3, 16)
    with pytest.raises(ValueError, match="read-only"):
        model["dense1.weight"][0, 0] = 1
    with pytest.raises(KeyError, match="did you mean 'dense1.weight'"):
        model["dense1.weights"]


def test_a_saved_model_needs_nothing_else(tmp_path):
    run = tl.train(experiment(tl.Arrays(X, LABELS)))
    run.model.save(tmp_path / "m.safetensors")
    expected = run.model.predict_proba(X)
    shutil.rmtree(run.path)
    assert (tl.load(tmp_path / "m.safetensors").predict_proba(X) == expected).all()


def test_a_run_of_arrays_can_be_moved_evaluated_and_resumed_by_another_process(tmp_path):
    program = (
        "import numpy as np, tui_lab as tl; x = np.random.default_rng(1).normal(size=(80, 2)); "
        "y = (x[:, 0] > 0).astype(int); print(tl.train(tl.Experiment(data=tl.Arrays(x, y), model=[tl.Dense()], "
        "loss='cross_entropy', training={'epochs': 5}), name='made', runs='first').path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    made = tmp_path / done.stdout.strip()
    moved = tmp_path / "moved"
    made.rename(moved)
    assert '"arrays/' in (moved / "experiment.toml").read_text()
    run = tl.Run(moved)
    first = run.summary["step"]
    assert run.model.evaluate() == run.test
    assert lab("resume", moved, "--more", "10", "--quiet").code == 0
    assert tl.resume(moved, more=10).summary["step"] == first + 20


def test_arrays_of_a_run_that_were_changed_are_refused(tmp_path):
    store = tl.Arrays(X, LABELS).x
    store.write(tmp_path)
    (file,) = (tmp_path / "arrays").iterdir()
    np.savez(file, array=X + 1)
    with pytest.raises(tl.InputError, match="has changed since it was written"):
        type(store)(None, store.digest, file).content  # noqa: B018


def test_resume_goes_on_where_a_run_stopped_bit_for_bit():
    fixed = {"schedule": tl.ConstantRate(), "evaluate_every": 10}
    whole = tl.train("iris", steps=60, name="whole", **fixed)
    part = tl.train("iris", steps=40, name="part", **fixed)
    again = tl.resume(part, more=20)
    assert again.summary["step"] == 60
    for name, values in whole.history.items():
        assert (again.history[name] == values).all()


def test_a_trainer_is_iterated_and_gives_the_same_bits():
    run = tl.train("moons", steps=300)
    trainer = tl.Trainer("moons", steps=300)
    steps = 0
    for chunk in trainer:
        assert chunk.first == steps
        assert len(chunk.losses) == chunk.last - chunk.first
        steps = chunk.last
    assert steps == trainer.step == 300
    assert trainer.test() == run.test
    for name in run.model:
        assert (trainer.model[name] == run.model[name]).all()


def test_a_trainer_shows_its_parameters_and_takes_edits():
    trainer = tl.Trainer("moons", steps=300)
    before = trainer["dense1.weight"].copy()
    trainer.advance(10)
    assert trainer.step == 10
    assert not (trainer["dense1.weight"] == before).all()
    trainer.edit(lr=0.5)
    assert trainer.experiment.optimizer.lr == 0.5
    with pytest.raises(tl.InputError):
        trainer.edit(model=[tl.Dense(3), tl.Dense()])


def test_changes_name_fields_sections_and_paths():
    chosen = tl.read_experiment(
        "moons",
        epochs=3,
        lr=0.5,
        loss=tl.CrossEntropy(),
        model=[tl.Dense(4, "relu"), "dense"],
        **{"data.noise": 0.2},
    )
    assert (chosen.training.epochs, chosen.training.steps) == (3.0, 0)
    assert chosen.optimizer.lr == 0.5
    assert chosen.model == [tl.Dense(4, "relu"), tl.Dense()]
    assert chosen.data.noise == 0.2
    assert tl.read_experiment(chosen, optimizer="lion").optimizer == tl.Lion()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lrr": 1}, "lrr: unknown; did you mean 'lr'"),
        ({"lr": -1}, "optimizer.lr = -1: expected a number >= 0 and <= 100"),
        ({"optimizer": tl.Dense(3)}, "optimizer: 'name' is missing; known: sgd"),
        ({"model.9.units": 3}, "'9' is not a number from 0"),
    ],
)
def test_wrong_changes_are_refused_before_anything_is_made(changes, message):
    with pytest.raises(tl.InputError, match=message):
        tl.train("moons", **changes)
    assert not Path(os.environ["TUI_LAB_RUNS"]).exists()


def test_an_unknown_preset_is_refused_with_the_nearest_name():
    with pytest.raises(tl.InputError, match="did you mean 'spiral'"):
        tl.train("spirals")


def test_a_training_that_diverges_raises():
    with pytest.raises(tl.TrainingError, match="went bad|overflow|finite|diverged"):
        tl.train("diabetes", optimizer=tl.Sgd(lr=100.0), steps=500, **{"training.clip_norm": 0.0})


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs timers")
def test_an_interrupt_saves_the_run_before_it_goes_on():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    with pytest.raises(KeyboardInterrupt, match="is saved"):
        tl.train("spiral", steps=10**9, name="long", threads=1)
    run = tl.Run.find("long")
    assert run.summary["reason"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before
    assert run.directory.steps()


def test_a_run_draws_itself_as_svg():
    run = tl.train("iris", epochs=5)
    root = ElementTree.fromstring(run._repr_svg_())
    assert root.tag.endswith("svg")
    assert "train" in "".join(root.itertext())
    assert "done" in repr(run)


def test_runs_are_listed_and_found():
    assert tl.all_runs() == []
    first, second = tl.train("iris", epochs=1, name="a"), tl.train("iris", epochs=1, name="b")
    assert [run.name for run in tl.all_runs()] == ["a", "b"]
    assert tl.Run.find("last").name == "b"
    assert tl.load(f"{os.environ['TUI_LAB_RUNS']}/last").step == second.model.step
    assert first.experiment.title


def test_text_is_sampled():
    model = tl.train("names-gpt", steps=2).model
    text = model.sample("a", 20, seed=3)
    assert text == model.sample("a", 20, seed=3)
    assert isinstance(text, str)
    with pytest.raises(tl.InputError, match="use sample"):
        model.predict(np.zeros((1, 16)))


@pytest.mark.timing
def test_iris_is_trained_within_a_second_in_a_fresh_process():
    program = (
        "import time; b = time.perf_counter(); import tui_lab as tl; tl.train('iris'); "
        "print(time.perf_counter() - b)"
    )
    times = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    assert min(times) < 1
