"""eval and predict: what a run's best parameters are worth, and what they say of new rows."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from helpers.command_line import lab, only_run, refused


def test_eval_measures_any_split():
    lab("train", "iris", "--quiet", "--steps", "300", "--name", "r")
    outcome = lab("eval", "r", "--json")
    values = json.loads(outcome.out)
    assert values["accuracy"] == only_run().summary()["test"]["accuracy"]
    assert values["rows"] == 60
    text = lab("eval", "last", "--split", "train").out
    assert "68 train rows" in text
    assert "versicolor" in text
    assert lab("eval", "r", "--split", "tset").code == 2


def test_predict_names_classes_and_probabilities(tmp_path):
    lab("train", "iris", "--quiet", "--steps", "300", "--name", "r")
    rows = tmp_path / "new.csv"
    rows.write_text("petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n2.3,5.9,3.0,7.1\n")
    answer = list(csv.DictReader(lab("predict", "r", "--input", rows).out.splitlines()))
    assert [row["species"] for row in answer] == ["setosa", "virginica"]
    for row in answer:
        assert sum(
            float(row[f"p({name})"]) for name in ("setosa", "versicolor", "virginica")
        ) == pytest.approx(1, abs=3e-6)  # six decimals each
    out = tmp_path / "out.csv"
    assert lab("predict", "r", "--input", rows, "--output", out).out == ""
    assert out.read_text().startswith("species,p(setosa)")


def test_predict_gives_numbers_in_the_targets_own_units(tmp_path):
    lab("train", "diabetes", "--quiet", "--name", "r")
    from engine.data.readers.csv import read_table
    from engine.data.sources.bundled import FOLDER

    table = read_table(str(FOLDER / "diabetes.csv.gz"))
    path = tmp_path / "new.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([table.names, *zip(*map(table.column, table.names), strict=True)])
    answer = lab("predict", "r", "--input", path).out.splitlines()
    values = np.array(answer[1:], float)
    truth = np.array(table.column("progression"), float)
    assert answer[0] == "progression"
    assert np.corrcoef(values, truth)[0, 1] > 0.6
    assert 100 < values.mean() < 200


def test_predict_goes_on_with_a_series(tmp_path):
    """Every value lies 36 above that of a year before it, and so must what follows."""
    path = tmp_path / "grown.csv"
    path.write_text("month,height\n" + "".join(f"{i},{3 * i + i % 2}\n" for i in range(200)))
    data = f"data={{source='series',path='{path}',context=12,horizon=2,difference=12}}"
    lab("train", "sunspots-lstm", "--set", data, "--steps", "2", "--quiet", "--name", "r")
    new = tmp_path / "new.csv"
    new.write_text("height\n" + "".join(f"{3 * i + i % 2}\n" for i in range(100, 130)))
    header, answer = lab("predict", "r", "--input", new).out.splitlines()
    assert header == "height+1,height+2"
    np.testing.assert_allclose(np.array(answer.split(","), float), [3 * 130, 3 * 131 + 1], atol=3)
    new.write_text("height\n1\n2\n")
    assert "has 2 values, the run looks at context = 12" in refused("predict", "r", "--input", str(new))


def test_predict_takes_a_picture_or_a_folder_of_pictures_and_names_them(tmp_path):
    from PIL import Image
    from sklearn.datasets import load_digits

    lab("train", "digits-mlp", "--quiet", "--epochs", "20", "--name", "r")
    truth = load_digits().target[:20]
    for i, image in enumerate(load_digits().images[:20]):
        Image.fromarray((image * 255 / 16).round().astype(np.uint8)).save(tmp_path / f"{i:02}.png")
    answer = list(csv.DictReader(lab("predict", "r", "--input", tmp_path).out.splitlines()))
    assert [row["file"] for row in answer] == [f"{i:02}.png" for i in range(20)]
    assert np.mean([int(row["digit"]) == t for row, t in zip(answer, truth, strict=True)]) > 0.8
    assert lab("predict", "r", "--input", tmp_path / "03.png").out.splitlines()[1].startswith("03.png,")
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "04.png")
    assert "is 9 × 8 pixels" in refused("predict", "r", "--input", str(tmp_path / "04.png"))


def test_predict_takes_images_from_an_archive(tmp_path):
    from sklearn.datasets import load_digits

    lab("train", "digits-mlp", "--quiet", "--epochs", "20", "--name", "r")
    images = load_digits().images[:50]
    np.savez(tmp_path / "new.npz", x=images)
    answer = list(csv.DictReader(lab("predict", "r", "--input", tmp_path / "new.npz").out.splitlines()))
    assert (
        np.mean([int(row["digit"]) == t for row, t in zip(answer, load_digits().target, strict=False)]) > 0.9
    )
    np.savez(tmp_path / "other.npz", x=images[:, :7])
    assert "the run was trained on (8, 8, 1)" in refused(
        "predict", "r", "--input", str(tmp_path / "other.npz")
    )


def test_ratings_are_measured_beside_simple_rules_and_predicted_for_whoever_comes(tmp_path):
    lab("train", "ratings", "--quiet", "--name", "r")
    text = " ".join(lab("eval", "r").out.split())
    for word in ("rmse 0.3", "rmse_global_mean 0.9", "rmse_biases 0.7", "rmse_floor 0.2"):
        assert word in text
    values = json.loads(lab("eval", "r", "--json").out)
    assert values["rmse_floor"] < values["rmse"] < values["rmse_biases"] < values["rmse_global_mean"]
    assert only_run().summary()["test"]["rmse_biases"] == values["rmse_biases"]
    new = tmp_path / "new.csv"
    new.write_text("item,user\n7,3\n7,999\nnew,999\n")
    outcome = lab("predict", "r", "--input", new)
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        "tui-lab: user: in 2 of 3 rows one that training never saw; it is taken for an average one",
        "tui-lab: item: in 1 of 3 rows one that training never saw; it is taken for an average one",
    ]
    name, *ratings = outcome.out.splitlines()
    assert name == "rating"
    assert float(ratings[2]) == pytest.approx(3.5, abs=0.1)
    assert len(set(ratings)) == 3


def test_predict_refuses_other_columns(tmp_path):
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    rows = tmp_path / "new.csv"
    rows.write_text("petal_width,petal_lenght,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n")
    assert "columns are missing: 'petal_length'; not known: 'petal_lenght'" in refused(
        "predict", "r", "--input", str(rows)
    )


def test_a_run_is_not_measured_on_data_that_has_changed(tmp_path):
    table = tmp_path / "mine.csv"
    rows = [f"{i % 7},{i % 5},{'yes' if i % 7 > 3 else 'no'}" for i in range(60)]
    table.write_text("\n".join(["a,b,answer", *rows]) + "\n")
    changes = ["data.source=csv", f"data.path={table}", "data.target=answer"]
    lab(
        "train",
        "moons",
        "--quiet",
        "--steps",
        "5",
        "--name",
        "r",
        *(x for c in changes for x in ("--set", c)),
    )
    assert lab("eval", "r").code == 0
    with open(table, "a") as file:
        file.write("1,1,no\n")
    assert "the data has changed since the run began" in refused("eval", "r")
    assert "the data has changed since the run began" in lab("resume", "r", "--steps", "9").err
    table.unlink()
    (tmp_path / "new.csv").write_text("a,b\n6,1\n")
    assert lab("predict", "r", "--input", tmp_path / "new.csv").code == 0


def test_damaged_and_foreign_checkpoints_are_refused():
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    lab("train", "wine", "--quiet", "--steps", "5", "--name", "other")
    root = Path(os.environ["TUI_LAB_RUNS"])
    good = (root / "r" / "checkpoints" / "best.safetensors").read_bytes()
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(good[:-50])
    assert "the checkpoint is damaged" in refused("eval", "r")
    foreign = (root / "other" / "checkpoints" / "best.safetensors").read_bytes()
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(foreign)
    assert "belongs to another experiment" in refused("eval", "r")
    assert "belongs to another experiment" in refused("predict", "r", "--input", "new.csv")
    for path in (root / "r" / "checkpoints").glob("step-*"):
        path.write_bytes((root / "other" / "checkpoints" / path.name).read_bytes())
    (root / "r" / "checkpoints" / "best.safetensors").write_bytes(good)
    assert "belongs to another experiment" in refused("resume", "r", "--steps", "9")


@pytest.mark.parametrize("wrong", [99_999, -1, 2.5, 1e30])
def test_new_rows_with_a_number_that_is_no_token_are_refused_with_their_row(tmp_path, wrong):
    lab("train", "names-bigram", "--quiet", "--steps", "5", "--name", "r")
    context = only_run().experiment().data.context
    rows = np.zeros((3, context))
    rows[1, 0] = wrong
    path = tmp_path / "new.npz"
    np.savez(path, x=rows)
    line = refused("predict", "r", "--input", path)
    assert line == f"tui-lab: {path}: row 2 holds {wrong:g}; expected a whole number from 0 to 26"
