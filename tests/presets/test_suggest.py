"""What suits data of the user's: an experiment for each kind of file, and only what the file asks for."""

import numpy as np
import pytest

import presets
from engine.data import prepare
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from
from engine.network import trace
from engine.plan import io_spec


def suited(path) -> Experiment:
    """The experiment for a file; it can be trained on its data."""
    experiment = experiment_from(presets.find(str(path))[1])
    trace(experiment.model, io_spec(experiment, prepare(experiment.data, 1)))
    return experiment


def tags(components) -> list[str]:
    return [component.tag() for component in components]


def test_a_table_gets_the_steps_that_it_needs(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(40)))
    assert tags(suited(path).data.preprocess) == ["standardize"]
    path.write_text(path.read_text() + ",x\n")
    assert tags(suited(path).data.preprocess) == ["missing", "standardize"]
    path.write_text("a,b\n" + "".join(f"{i},{i / 7}\n" for i in range(40)))
    experiment = suited(path)
    assert experiment.data.scale_target
    assert experiment.loss.tag() == "mse"


def test_pictures_are_convolved_and_other_arrays_are_not(tmp_path):
    path = tmp_path / "a.npz"
    for shape, first in (((12, 12, 3), "conv2d"), ((7,), "dense")):
        np.savez(path, x=np.random.default_rng(1).normal(size=(40, *shape)), y=np.arange(40) % 2)
        assert tags(suited(path).model)[0] == first


def test_ratings_are_factorized_and_texts_are_written_on(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("user,item,rating\n" + "".join(f"{i % 5},{i % 7},{i % 3}\n" for i in range(60)))
    assert tags(suited(path).model) == ["factorization"]
    path = tmp_path / "a.txt"
    path.write_text("To be, or not to be, that is the question. " * 40)
    assert tags(suited(path).model)[-1] == "unembed"


def test_a_preset_comes_before_a_file_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spiral").mkdir()
    assert presets.find("spiral") == ("spiral", presets.load("spiral"))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("spirl", "no preset 'spirl'; did you mean 'spiral'"),
        ("absent.toml", "absent.toml: there is no such file"),
        ("absent.csv", "absent.csv: there is no such file"),
        ("a.doc", "a.doc: expected a .csv, .tsv"),
    ],
)
def test_what_is_neither_preset_nor_file_is_told(target, message):
    with pytest.raises(InputError, match=message):
        presets.find(target)
