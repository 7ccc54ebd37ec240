"""Tasks: what each says about its targets, losses and metrics."""

import numpy as np
import pytest

from engine.component import members
from engine.errors import InputError
from engine.losses import CrossEntropy, Hinge, MeanSquaredError
from engine.tasks import Answering, Classification, NextToken, Regression, Task, task_named


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
