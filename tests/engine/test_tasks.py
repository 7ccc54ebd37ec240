"""Tasks: what each says about its targets, losses and metrics."""

import tomllib

import numpy as np
import pytest

from engine.component import members
from engine.data import prepare
from engine.errors import InputError
from engine.experiment import experiment_from, experiment_to_toml
from engine.losses import CrossEntropy, Hinge, MeanSquaredError
from engine.metrics import metric
from engine.tasks import Answering, Classification, NextToken, Regression, Task, task_named
from engine.trainer import Trainer


@pytest.mark.parametrize("tag", members(Task))
def test_a_task_is_found_by_the_name_that_a_saved_run_holds(tag):
    assert task_named(tag).tag() == tag


def test_an_unknown_task_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'regression'"):
        task_named("regresion")


@pytest.mark.parametrize("tag", members(Task))
def test_a_task_predicts_one_kind_of_thing(tag):
    task = task_named(tag)
    assert task.predicts_class + task.predicts_numbers + task.predicts_tokens == 1


def test_only_text_has_several_positions_in_a_row():
    y = np.zeros((3, 7))
    assert (Regression().positions(y), Classification().positions(y)) == (1, 1)
    assert (NextToken().positions(y), Answering().positions(y)) == (7, 7)


def test_the_loss_that_an_error_suggests_suits_the_task():
    class Data:
        outputs = 3

        def __init__(self, task):
            self.task = task

    losses = {"mse": MeanSquaredError(), "cross_entropy": CrossEntropy()}
    for tag in members(Task):
        task = task_named(tag)
        assert losses[task.usual_loss].units(Data(task)) == 3
        wrong = losses["mse" if task.usual_loss == "cross_entropy" else "cross_entropy"]
        with pytest.raises(InputError, match=f"the targets are {task.targets_are}; try '{task.usual_loss}'"):
            wrong.units(Data(task))
    with pytest.raises(InputError, match="does not suit text; try 'cross_entropy'"):
        Hinge().units(Data(NextToken()))


def test_baselines_make_the_error_that_they_share_the_headline():
    assert Regression().metrics(())[0].name == "r2"
    assert Regression().metrics((), ("mean",))[0].name == "rmse"
    assert Answering().metrics(tuple("ab"))[0].name == "exact_match"


def test_chosen_metrics_must_suit_the_task():
    Classification().check([metric("top_3"), metric("macro_f2")])
    Answering().check([metric("exact_match"), metric("bits_per_byte")])
    with pytest.raises(
        InputError, match=r"training\.metrics\.1 = 'rmse': does not suit a classification task; .*f_beta"
    ):
        Classification().check([metric("accuracy"), metric("rmse")])


def of_moons(**training) -> Trainer:
    tree = {
        "data": {"source": "moons"},
        "model": [{"layer": "dense"}],
        "loss": {"name": "cross_entropy"},
        "training": {"steps": 4, "evaluate_every": 2} | training,
    }
    experiment = experiment_from(tree)
    assert experiment_from(tomllib.loads(experiment_to_toml(experiment))) == experiment
    trainer = Trainer(experiment, prepare(experiment.data, 1))
    trainer.start()
    while not trainer.finished:
        trainer.advance()
    return trainer


def test_an_experiment_chooses_its_metrics_and_monitors_one_of_them():
    trainer = of_moons(metrics=["roc_auc", {"metric": "f_beta", "beta": 2.0}, "top_1"], monitor="macro_f2")
    assert list(trainer.test_scores() or {}) == ["loss", "roc_auc", "macro_f2", "top_1"]
    assert trainer.best_so_far() is not None
    assert "accuracy" not in trainer.progress.log
    with pytest.raises(InputError, match="training.monitor = 'accuracy': unknown; known: .*roc_auc"):
        of_moons(metrics=["roc_auc"], monitor="accuracy")
    with pytest.raises(InputError, match="training.metrics.0.metric = 'roc': unknown"):
        of_moons(metrics=["roc"])


def text_of(tokens: str, tmp_path, monitor: str) -> Trainer:
    (tmp_path / "a.txt").write_text("the cat sat on the mat. " * 60)
    tree = {
        "data": {"source": "text", "path": str(tmp_path / "a.txt"), "tokens": tokens, "context": 8},
        "model": [{"layer": "embedding", "units": 4}, {"layer": "unembed"}],
        "loss": {"name": "cross_entropy"},
        "training": {"steps": 2, "monitor": monitor},
    }
    experiment = experiment_from(tree)
    trainer = Trainer(experiment, prepare(experiment.data, 1))
    trainer.start()
    while not trainer.finished:
        trainer.advance()
    return trainer


@pytest.mark.parametrize(("tokens", "other"), [("byte", "character"), ("character", "byte")])
def test_bits_are_named_after_what_a_token_is_and_monitored_by_either_name(tokens, other, tmp_path):
    trainer = text_of(tokens, tmp_path, f"bits_per_{other}")
    assert f"bits_per_{tokens}" in trainer.progress.log
    assert f"bits_per_{other}" not in trainer.progress.log
    assert trainer.experiment.training.monitor == f"bits_per_{tokens}"
    assert trainer.best_so_far() is not None
