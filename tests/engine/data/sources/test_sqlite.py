"""Tables of SQLite databases: the same data as the same table in a CSV file, read only."""

import sqlite3
from contextlib import closing

import pytest

import presets
from engine.component import build
from engine.data import Source, new_rows, prepare, source_for
from engine.errors import InputError

ROWS = [
    (i % 7 + 0.5, "red" if i % 3 else "blue", None if i == 9 else i % 5, "dear" if i % 2 else "cheap")
    for i in range(60)
]


def database(path, rows=ROWS, table="wares", columns="size, color, stock, price"):
    with closing(sqlite3.connect(path)) as base, base:
        marks = ", ".join("?" * len(rows[0]))
        base.execute(f'CREATE TABLE "{table}" ({columns})')
        base.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
    return str(path)


def of(path, **fields):
    return build(Source, {"source": "sqlite", "path": path, "preprocess": ["missing"], **fields}, "data")


def test_a_table_of_a_database_is_the_same_data_as_in_a_csv_file(tmp_path):
    path = database(tmp_path / "a.db")
    text = "size,color,stock,price\n" + "".join(
        ",".join("" if c is None else str(c) for c in row) + "\n" for row in ROWS
    )
    (tmp_path / "a.csv").write_text(text)
    of_csv = build(
        Source, {"source": "csv", "path": str(tmp_path / "a.csv"), "preprocess": ["missing"]}, "data"
    )
    ours, other = prepare(of(path), 1), prepare(of_csv, 1)
    assert ours.digest == other.digest
    assert ours.pipeline.columns == other.pipeline.columns
    assert ours.pipeline.table == other.pipeline.table


def test_a_database_is_known_by_its_name_or_by_its_first_bytes(tmp_path):
    assert source_for(database(tmp_path / "a.sqlite3")).tag() == "sqlite"
    assert source_for(database(tmp_path / "places.data")).tag() == "sqlite"
    name, tree = presets.find(database(tmp_path / "b.db"), ["data.target=stock"])
    assert (name, tree["data"]["source"], tree["loss"]["name"]) == ("b", "sqlite", "cross_entropy")


def test_of_several_tables_one_is_named(tmp_path):
    path = database(tmp_path / "a.db")
    database(tmp_path / "a.db", [(1, 2)], "odd one", "a, b")
    with pytest.raises(InputError, match=r'has 2 tables \(odd one, wares\); data.table = "…" says which'):
        prepare(of(path), 1)
    with pytest.raises(InputError, match="has no table 'ware'; did you mean 'wares'"):
        prepare(of(path, table="ware"), 1)
    dataset = prepare(of(path, table="wares"), 1)
    rows = new_rows(path, dataset.pipeline, dataset.input_shape, "float32")
    assert len(rows.x) == len(ROWS), "new rows are those of the table with the run's columns"


def test_a_run_on_a_database_predicts_rows_of_a_csv_file_and_the_other_way_round(tmp_path):
    dataset = prepare(of(database(tmp_path / "a.db")), 1)
    (tmp_path / "new.csv").write_text("stock,color,size\n3,red,1.5\n,blue,2.5\n")
    new = database(tmp_path / "new.db", [("red", 1.5, 3), ("blue", 2.5, None)], columns="color, size, stock")
    a, b = (
        new_rows(str(p), dataset.pipeline, dataset.input_shape, "float32")
        for p in (tmp_path / "new.csv", new)
    )
    assert (a.x == b.x).all()


def test_what_is_no_database_or_holds_nothing_of_use_is_told(tmp_path):
    (tmp_path / "text.db").write_text("size,color\n1,red\n")
    with pytest.raises(InputError, match=r"text.db: is not a SQLite database that can be read"):
        prepare(of(str(tmp_path / "text.db")), 1)
    with pytest.raises(InputError, match="there is no such file"):
        prepare(of(str(tmp_path / "absent.db")), 1)
    assert not (tmp_path / "absent.db").exists(), "reading creates nothing"
    path = database(tmp_path / "bytes.db", [(b"\0", 1), (b"\1", 2)], columns="a, b")
    with pytest.raises(InputError, match="column 'a' holds bytes"):
        prepare(of(path), 1)
