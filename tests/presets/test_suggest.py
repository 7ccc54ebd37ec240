"""What suits data of the user's: an experiment for each kind of file, and only what the file asks for."""

import json

import numpy as np
import pytest

import presets
from engine.data import Pipeline, new_rows, prepare
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from
from engine.network import trace
from engine.plan import io_spec
from engine.trainer import Trainer


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


def towns(path, kinds: int, rows: int = 3000, other: str = "size", seed: int = 1):
    """A table whose target depends on the town alone, of which there are many."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=kinds)
    town, size = rng.integers(0, kinds, rows), rng.normal(size=rows)
    lines = [f"t{t:04},{s:.3f},{worth[t]:.4f}" for t, s in zip(town, size, strict=True)]
    path.write_text("\n".join([f"town,{other},price", *lines]))


def test_a_column_of_many_categories_gets_an_embedding_and_not_an_input_for_each(tmp_path):
    path = tmp_path / "a.csv"
    towns(path, 600)
    experiment = suited(path)
    dataset = prepare(experiment.data, 1)
    assert dataset.input_shape == (2,)
    assert dataset.pipeline.columns == ("town", "size")
    assert dataset.vocabulary == (len(dataset.pipeline.categories[0]) + 1, 0)
    assert tags(experiment.model) == ["concat", "dense", "dense"]
    assert tags(experiment.model[0].branches[0]) == ["select", "embedding", "flatten"]
    trainer = Trainer(experiment, dataset)
    trainer.start()
    while trainer.step < 600:
        trainer.advance(seconds=10, limit=600)
    assert trainer.evaluate().metrics["r2"] > 0.7, "what a town is worth is learned"


def test_new_rows_with_an_unknown_category_of_many_are_predicted_without_it(tmp_path):
    path = tmp_path / "a.csv"
    towns(path, 200)
    dataset = prepare(suited(path).data, 1)
    (tmp_path / "new.csv").write_text("town,size\nt0003,1.5\nnowhere,1.5\n")
    rows = new_rows(
        str(tmp_path / "new.csv"), dataset.pipeline, dataset.input_shape, "float32", dataset.vocabulary
    )
    known = dataset.pipeline.categories[0].index("t0003")
    assert rows.x[:, 0].tolist() == [known + 1, 0]
    kept = Pipeline.from_json(json.loads(json.dumps(dataset.pipeline.to_json())))
    assert kept == dataset.pipeline


def test_a_table_of_such_columns_alone_is_embedded_too(tmp_path):
    path = tmp_path / "a.csv"
    rng = np.random.default_rng(1)
    path.write_text("town,price\n" + "".join(f"t{t},{t / 7:.3f}\n" for t in rng.integers(0, 90, 900)))
    assert tags(suited(path).model) == ["select", "embedding", "flatten", "dense", "dense"]


def test_what_is_said_about_the_data_is_heeded_before_the_file_is_judged(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("price,a,name\n" + "".join(f"{i / 3:.2f},{i % 7},n{i}\n" for i in range(60)))
    with pytest.raises(
        InputError, match="the target 'name' has 60 classes in 60 rows.*data.target names another"
    ):
        presets.find(str(path))
    _, tree = presets.find(str(path), ["data.target=price", "training.epochs=3"])
    assert tree["data"]["scale_target"]
    assert (tree["loss"]["name"], tree["training"]["epochs"]) == ("mse", 3)
    assert tags(experiment_from(tree).model) == ["dense", "dense"]


def test_paths_of_data_are_absolute_and_may_lie_beside_their_toml_file(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.csv").write_text("a,b\n" + "".join(f"{i % 9},{'xy'[i % 2]}\n" for i in range(40)))
    monkeypatch.chdir(tmp_path / "sub")
    assert presets.find("a.csv")[1]["data"]["path"] == str(tmp_path / "sub" / "a.csv")
    (tmp_path / "sub" / "b.toml").write_text('[data]\nsource = "csv"\npath = "a.csv"\n')
    monkeypatch.chdir(tmp_path)
    assert presets.find("sub/b.toml")[1]["data"]["path"] == str(tmp_path / "sub" / "a.csv")
    assert presets.find("sub/b.toml", ["data.path=c.csv"])[1]["data"]["path"] == str(tmp_path / "c.csv")


def test_files_that_can_be_opened_are_those_that_a_source_opens(tmp_path):
    for name in ("a.csv", "b.tsv.gz", "c.npz", "d.md", "e.db", "f.toml", "pyproject.toml", "g.doc", "h.py"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in presets.data_files(tmp_path)] == [
        "a.csv",
        "b.tsv.gz",
        "c.npz",
        "d.md",
        "e.db",
        "f.toml",
    ]
