"""How files of separated values are written: the same table, whatever its separators, marks, line ends and extras."""

import csv
import gzip
import io

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data.readers import csv as reader
from engine.data.readers.csv import Table, read_table
from engine.errors import InputError

ROWS = [
    (f"{(i * 37 % 100) / 8:.3f}", f"{i % 7 - 3}", ("red", "light blue", "grün")[i % 3]) for i in range(40)
]
NAMES = ("len", "width", "kind")


def text_of(separator=",", rows=ROWS, names=NAMES, end="\n") -> str:
    return end.join([separator.join(names), *(separator.join(row) for row in rows)]) + end


def read(path, text: str | bytes, **options) -> Table:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(str(path), **options)


def same(table: Table) -> bool:
    return (
        table.names[-3:] == NAMES
        and np.array_equal(table.values("len"), [float(row[0]) for row in ROWS])
        and np.array_equal(table.values("width"), [float(row[1]) for row in ROWS])
        and table.column("kind") == [row[2] for row in ROWS]
    )


SAME = {
    "commas": text_of(),
    "semicolons": text_of(";"),
    "tabs": text_of("\t"),
    "bars": text_of("|"),
    "sep= first": "sep=;\n" + text_of(";"),
    "sep= in quotes": '"sep=|"\n' + text_of("|"),
    "CRLF": text_of(end="\r\n"),
    "CR": text_of(end="\r"),
    "a byte order mark": "\ufeff" + text_of(),
    "UTF-16": text_of().encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + text_of().encode("utf-16-be"),
    "UTF-16 without a mark": text_of().encode("utf-16-le"),
    "UTF-32": text_of().encode("utf-32"),
    "gzip": gzip.compress(text_of().encode()),
    "comments": "# made: 11 Oct\n# by, hand\n\n" + text_of(),
    "comments between rows": text_of().replace("\n0.000", "\n# half\n0.000", 1),
    "a header that begins with #": "#" + text_of(),
    "separators at all ends": "".join(line + ",\n" for line in text_of().splitlines()),
    "separators at the ends of rows": text_of().replace("\n", ",\n").replace("kind,\n", "kind\n", 1),
    "blank lines": "\n\n" + text_of().replace("\n", "\n\n"),
    "a title above": "Report of 2017\n\n" + text_of(),
    "quotes": "\n".join(",".join(f'"{cell}"' for cell in row) for row in (NAMES, *ROWS)),
    "blanks after commas": text_of(", "),
    "row names as R has them": "\n".join(
        [",".join(f'"{n}"' for n in NAMES), *(f'"{i + 1}",' + ",".join(row) for i, row in enumerate(ROWS))]
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_a_table_is_the_same_however_its_file_is_written(tmp_path, kind):
    assert same(read(tmp_path / "a.csv", SAME[kind]))


def test_runs_of_blanks_separate_where_nothing_else_does(tmp_path):
    rows = [(a, b, kind.split()[-1]) for a, b, kind in ROWS]
    lines = "".join("  ".join(cells) + " \n" for cells in (NAMES, *rows))
    assert read(tmp_path / "a.csv", lines).column("kind") == [row[2] for row in rows]
    aligned = "".join(f"{a:>10} {b:>8} {c:>10}\n" for a, b, c in (NAMES, *rows))
    assert read(tmp_path / "a.csv", aligned).column("kind") == [row[2] for row in rows]


def test_latin_1_is_offered_and_read_when_it_is_named(tmp_path):
    with pytest.raises(
        InputError, match='as Latin-1 it reads ".*grün.*": if that is right, data.encoding = "latin-1"'
    ):
        read(tmp_path / "a.csv", text_of().encode("latin-1"))
    assert same(read(tmp_path / "a.csv", text_of().encode("latin-1"), encoding="latin-1"))
    with pytest.raises(InputError, match="is no encoding that Python knows"):
        read(tmp_path / "a.csv", text_of(), encoding="latin-one")


def test_a_cell_may_hold_line_ends_separators_and_quotes(tmp_path):
    table = read(tmp_path / "a.csv", 'a,b\n"two\nlines",1\n"a, b",2\n"say ""yes""",3\nplain,4\n')
    assert table.column("a") == ["two lines", "a, b", 'say "yes"', "plain"]
    assert table.lines.tolist() == [2, 4, 5, 6]


def test_names_that_are_there_twice_get_a_number_as_in_pandas(tmp_path):
    text = "a,a,b,a.1,a\n1,2,3,4,5\n2,3,4,5,6\n"
    table = read(tmp_path / "a.csv", text)
    assert len(set(table.names)) == 5
    assert table.names[:2] == ("a", "a.2")
    assert any("two columns are named 'a'" in note for note in table.notes)
    simple = "a,a,a\n1,2,3\n2,3,4\n"
    assert read(tmp_path / "a.csv", simple).names == tuple(pandas.read_csv(io.StringIO(simple)).columns)


@pytest.mark.parametrize(
    ("first", "below", "headed"),
    [
        (["0", "1", "2", "3"], ["2.5", "-1.5", "0.5", "1"], True),
        (["1", "2", "3"], ["2.5", "-1.5", "0"], True),
        (["0", "1", "2", "3", "4"], ["0", "1", "0", "1", "1"], True),
        (["0", "1", "2"], ["5", "7", "yes"], True),
        (["0", "1"], ["1", "2"], False),
        (["1", "2", "4"], ["2.5", "-1.5", "0"], False),
        (["r", "z", "u"], ["r", "z", "u"], False),
        (["2021-01-01", "5.5"], ["2021-01-02", "6.5"], False),
        (["$5", "a"], ["$6", "a"], False),
        (["when", "price"], ["2021-01-02", "$6"], True),
        (["when", "who"], ["2021-01-02", "ann"], True),
        (["5.1", "setosa"], ["4.9", "setosa"], False),
    ],
)
def test_a_header_is_told_from_a_row(tmp_path, first, below, headed):
    text = "\n".join(",".join(row) for row in [first, *[below] * 9])
    table = read(tmp_path / "a.csv", text)
    assert (table.headed, len(table)) == (headed, 9 if headed else 10)
    assert read(tmp_path / "a.csv", text, headed=not headed).headed != headed, "it can be said otherwise"


def test_rows_of_text_alone_whose_cells_occur_again_have_no_header(tmp_path):
    rows = [("rgb"[i * 7 % 3], "xyz"[i * 5 % 3], "uv"[i % 2]) for i in range(60)]
    table = read(tmp_path / "a.csv", "\n".join(",".join(row) for row in rows))
    assert not table.headed
    assert len(table) == 60
    named = read(tmp_path / "a.csv", "\n".join(",".join(row) for row in [("color", "shape", "kind"), *rows]))
    assert named.headed
    assert len(named) == 60


def test_ragged_rows_are_told_with_their_line(tmp_path):
    with pytest.raises(InputError, match="line 42 has 2 values, the lines before have 3"):
        read(tmp_path / "a.csv", text_of() + "1,2\n")
    with pytest.raises(InputError, match="line 10 has 4 values, the lines before have 3"):
        read(tmp_path / "a.csv", text_of().replace("\n", "\n1,2,3,4\n", 9).replace("\n1,2,3,4\n", "\n", 8))


def test_numbers_and_text_of_one_column_in_different_blocks_are_one_column(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "CELLS", 400)
    numbers = [f"{i / 7:.4f}" for i in range(1000)]
    text = "a,b\n" + "".join(f"{v},{i}\n" for i, v in enumerate(numbers)) + "word,1\n" * 1000
    table = read(tmp_path / "a.csv", text)
    assert table.values("a") is None
    assert table.column("a") == [*numbers, *["word"] * 1000]
    assert table.values("b")[999] == 999
    gaps = "a,b\n" + "".join(f"{v},1\n" for v in numbers) + ",2\n" * 1000
    assert np.isnan(read(tmp_path / "a.csv", gaps).values("a")[1000:]).all()


def test_a_file_is_read_once_until_it_changes(tmp_path):
    path = tmp_path / "a.csv"
    first = read(path, text_of())
    assert read_table(str(path)) is first
    assert read_table(str(path), headed=False) is not first
    assert len(read(path, text_of(rows=ROWS[:30]))) == 30


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6).map(lambda w: f"x{w}")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(-999, 999), words, words), min_size=1, max_size=12),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_pythons_csv_writes_is_read_back(tmp_path, rows, separator, end):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end)
    writer.writerows([("number", "one name", "two"), *rows])
    table = read(tmp_path / "a.csv", out.getvalue(), separator=separator, headed=True)
    assert [float(cell) for cell in table.column("number")] == [row[0] for row in rows]
    assert table.column("one name") == [row[1] for row in rows]
    assert table.column("two") == [row[2] for row in rows]
