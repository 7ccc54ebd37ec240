"""predict: rows as people have them, and outputs that can be joined to them."""

import csv
import io
import json

import numpy as np
import pytest

from helpers.command_line import lab, only_run, refused
from helpers.tables import table


@pytest.fixture
def trained(tmp_path):
    (tmp_path / "t.csv").write_text(table(120))
    assert lab("train", tmp_path / "t.csv", "--name", "t", "--epochs", "3", "--quiet").code == 0
    return tmp_path


def predicted(*arguments: object) -> tuple[list[dict[str, str]], list[str]]:
    outcome = lab("predict", "t", *arguments)
    assert outcome.code == 0, outcome.err
    return list(csv.DictReader(io.StringIO(outcome.out))), outcome.err.splitlines()


def test_columns_that_the_run_does_not_know_are_carried_to_the_output(trained):
    new = trained / "new.csv"
    new.write_text("id,length,color,when,note\n7,0.1,red,3,x\n8,-2,blue,4,y\n")
    rows, notes = predicted("--input", new)
    assert [(row["id"], row["note"]) for row in rows] == [("7", "x"), ("8", "y")]
    assert list(rows[0]) == ["id", "note", "level", "p(high)", "p(low)"]
    assert notes == ["tui-lab: not known from training: 'id', 'note'; passed over"]


def test_keep_names_what_is_carried(trained):
    new = trained / "new.csv"
    new.write_text("id,length,color,when,note\n7,0.1,red,3,x\n")
    rows, _ = predicted("--input", new, "--keep", "id", "--keep", "color")
    assert list(rows[0])[:3] == ["id", "color", "level"]
    assert "did you mean 'id'" in refused("predict", "t", "--input", str(new), "--keep", "ids")


def test_an_unknown_category_and_an_empty_cell_cost_a_note_and_no_row(trained):
    new = trained / "new.csv"
    new.write_text("length,color,when\n0.1,violet,3\n,blue,4\n0.5,,4\n0.5,red,4\n")
    rows, notes = predicted("--input", new)
    assert len(rows) == 4
    text = "\n".join(notes)
    assert "color: 'violet' was not there in training (1 rows); predicted without it" in text
    assert "length: has no value in 1 of 4 rows (first in line 3)" in text
    plain = trained / "plain.csv"
    plain.write_text("length,color,when\n0.5,red,4\n")
    assert predicted("--input", plain)[0][0] == rows[3]  # other rows are as they would be alone


def test_rows_come_on_standard_input(trained, monkeypatch):
    new = trained / "new.csv"
    new.write_text("length,color,when\n0.1,red,3\n")
    expected, _ = predicted("--input", new)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(new.read_bytes())))
    assert predicted("--input", "-")[0] == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert refused("predict", "t", "--input", "-").startswith("tui-lab: standard input: columns are missing")


def test_json_lines_hold_one_object_a_row(trained):
    new, out = trained / "new.csv", trained / "out.jsonl"
    new.write_text("id,length,color,when\n7,0.1,red,3\n8,1,blue,3\n")
    assert lab("predict", "t", "--input", new, "--output", out).code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["7", "8"]
    assert rows[0]["p(high)"] + rows[0]["p(low)"] == pytest.approx(1, abs=1e-5)
    same = lab("predict", "t", "--input", new, "--format", "jsonl").out
    assert [json.loads(line) for line in same.splitlines()] == rows


def test_parquet_is_written_where_the_extra_is_there(trained):
    parquet = pytest.importorskip("pyarrow.parquet")
    new, out = trained / "new.csv", trained / "out.parquet"
    new.write_text("id,length,color,when\n7,0.1,red,3\n")
    assert lab("predict", "t", "--input", new, "--output", out).code == 0
    assert parquet.read_table(out).column_names == ["id", "level", "p(high)", "p(low)"]


def test_parquet_is_no_text(trained):
    pytest.importorskip("pyarrow")
    new = trained / "new.csv"
    new.write_text("length,color,when\n0.1,red,3\n")
    assert "name a file" in refused("predict", "t", "--input", str(new), "--format", "parquet")


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


def test_predict_refuses_other_columns(tmp_path):
    lab("train", "iris", "--quiet", "--steps", "5", "--name", "r")
    rows = tmp_path / "new.csv"
    rows.write_text("petal_width,petal_lenght,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n")
    assert "columns are missing: 'petal_length'; not known: 'petal_lenght'" in refused(
        "predict", "r", "--input", str(rows)
    )


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
