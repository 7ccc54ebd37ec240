"""predict: rows as people have them, and outputs that can be joined to them."""

import csv
import io
import json

import pytest

from helpers.command_line import lab, refused
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
