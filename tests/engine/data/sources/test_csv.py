import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.component import build
from engine.data import Dataset, Pipeline, Source, prepare, source_for
from engine.data.preparation.columns import Choices, decimal_sign, judge
from engine.data.readers.csv import read_table
from engine.errors import InputError
from engine.tasks import Classification, Regression

GOOD = "size,color,price\n" + "".join(
    f"{i % 7}.5,{'red' if i % 3 else 'blue'},{'dear' if i % 2 else 'cheap'}\n" for i in range(40)
)


def csv(path: Path, text: str | bytes, **fields) -> Source:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return build(Source, {"source": "csv", "path": str(path), **fields}, "data")


def test_a_table_with_numbers_and_categories_becomes_inputs_and_classes(tmp_path):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD), 1)
    assert dataset.task == Classification()
    assert dataset.classes == ("cheap", "dear")
    assert dataset.pipeline.columns == ("size", "color=blue", "color=red")
    assert dataset.input_shape == (3,)
    assert set(np.unique(dataset.train.x[:, 1:])) == {0, 1}


def test_the_target_may_be_any_column_and_numbers_make_a_regression(tmp_path):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD, target="size", task="regression"), 1)
    assert dataset.task == Regression()
    assert dataset.targets == ("size",)
    assert prepare(csv(tmp_path / "b.csv", GOOD.replace(".5", ""), target="size"), 1).classes == tuple(
        "0123456"
    )
    decimals = "x,y\n" + "".join(f"{i},{i / 3:.3f}\n" for i in range(50))
    assert prepare(csv(tmp_path / "c.csv", decimals), 1).task == Regression()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_gzip_and_a_byte_order_mark_are_understood(tmp_path, delimiter):
    text = ("\ufeff" + GOOD).replace(",", delimiter).encode()
    plain = prepare(csv(tmp_path / "a.csv", GOOD), 1)
    zipped = prepare(csv(tmp_path / "a.csv.gz", gzip.compress(text)), 1)
    assert plain.digest == zipped.digest
    assert prepare(source_for(str(tmp_path / "a.csv.gz")), 1).digest == plain.digest


def test_a_table_without_a_header_gets_names(tmp_path):
    text = "".join(f"{i},{i % 2}\n" for i in range(30))
    assert prepare(csv(tmp_path / "a.csv", text), 1).features == ("c1",)


def test_missing_values_want_a_step_and_a_step_takes_them(tmp_path):
    text = GOOD.replace("2.5,", "NA,").replace("4.5,blue", "4.5,?", 1)
    with pytest.raises(InputError, match=r"a.csv: line 4 has no value in 'size'; add a step .*missing"):
        prepare(csv(tmp_path / "a.csv", text), 1)
    for method in ("mean", "median", "drop"):
        step = {"step": "missing", "method": method}
        dataset = prepare(csv(tmp_path / "a.csv", text, preprocess=[step, {"step": "standardize"}]), 1)
        assert np.isfinite(dataset.train.x).all()
    rows = sum(len(part) for part in (dataset.train, dataset.val, dataset.test))
    assert rows == 40 - sum("NA" in line or "?" in line for line in text.splitlines())


BAD = {
    "empty": ("", "is empty"),
    "blank": ("\n\n  \n", "is empty"),
    "header only": ("a,b\n", "has a header but no rows"),
    "ragged": ("a,b\n1,0\n2,1,5\n", "line 3 has 3 values, the lines before have 2"),
    "text among numbers": (
        "a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(30)) + "oops,1\n",
        "line 32, column 'a': 'oops' is not a number",
    ),
    "infinite": ("a,b\n" + "inf,0\n1,1\n" * 20, "line 2, column 'a': 'inf' is not finite"),
    "not UTF-8": (b"a,b\n1,0\n\xff\xfe,1\n", "line 3 is not UTF-8"),
    "a single class": ("a,b\n" + "1,yes\n" * 30, "single class 'yes'"),
    "hardly any rows": ("a,b\n1,x\n2,y\n3,x\n", "2 classes in 3 rows"),
    "one column": ("a\nx\ny\nz\n", "expected inputs and a target"),
    "missing target": (
        "a,b\n1,x\n2,\n" + "3,NaN\n" * 20,
        "line 3, column 'b': the target is missing there and in 20 more of 22 rows; 'NaN' counts as missing",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, kind):
    text, message = BAD[kind]
    with pytest.raises(InputError) as error:
        prepare(csv(tmp_path / "bad.csv", text), 1)
    assert "bad.csv" in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_absent_target_or_file_is_told_with_the_nearest_name(tmp_path):
    with pytest.raises(InputError, match="has no column 'pric'; did you mean 'price'"):
        prepare(csv(tmp_path / "a.csv", GOOD, target="pric"), 1)
    with pytest.raises(InputError, match="there is no such file"):
        prepare(source_for(str(tmp_path / "absent.csv")), 1)
    with pytest.raises(InputError, match="damaged gzip"):
        prepare(csv(tmp_path / "a.csv.gz", gzip.compress(GOOD.encode())[:-20]), 1)
    with pytest.raises(InputError, match="cannot be read"):
        prepare(folder(tmp_path), 1)


def folder(path: Path) -> Source:
    (path / "folder.csv").mkdir()
    return source_for(str(path / "folder.csv"))


def test_the_target_may_be_given_by_number_unless_a_column_is_named_so(tmp_path):
    assert prepare(csv(tmp_path / "a.csv", GOOD, target=2), 1).targets == ("color",)
    years = "id,2019,1\n" + "".join(f"{i},{i / 7:.3f},{i}\n" for i in range(40))
    assert prepare(csv(tmp_path / "b.csv", years, target=1, task="regression"), 1).targets == ("1",)
    with pytest.raises(InputError, match="has no column 4; expected 1 to 3"):
        prepare(csv(tmp_path / "a.csv", GOOD, target=4), 1)


def test_text_above_columns_of_numbers_is_a_header_even_with_numbers_in_it(tmp_path):
    text = "label,0,1\n" + "".join(f"{i % 2},{i},{i * 2}\n" for i in range(40))
    assert prepare(csv(tmp_path / "a.csv", text, target="label"), 1).features == ("0", "1")


@pytest.mark.parametrize(
    ("header", "below", "headed"),
    [
        ("id,2019", "ann,3.5", True),
        ("id,2019,2020", "ann,120,130", True),
        ("id,1", "ann,good", True),
        ("ann,2019", "bob,2020", False),
        ("ann,3", "bob,4", False),
        ("2019,2020", "3.5,4.5", True),
        ("1,2", "3,4", False),
    ],
)
def test_a_header_with_numbers_in_it_is_told_from_a_row(tmp_path, header, below, headed):
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *[below] * 9]))
    table = read_table(str(path))
    assert table.headed == headed
    assert len(table) == (9 if headed else 10)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a;b\n1,5;2\n-2,25;3\n", [1.5, 2]),
        ("1,5;2,3\n4,5;6,1\n", [1.5, 2.3]),
        ("1,500;2,250\n4,500;6,125\n", [1.5, 2.25]),
        ("1,5\t2,3\n4,5\t6,1\n", [1.5, 2.3]),
        ("a\tb\n1,500\tx\n4,500\ty\n", [1500, None]),
        ('a,b\n"1,5",x\n"4,5e-3",y\n', [1.5, None]),
        ("a;b\nx, y;1\nz;2\n", [None, 1]),
        ("1,2,7\n4,5,6\n", [1, 2, 7]),
        ("a;b\n1.234;0,5\n25.724;1,5\n", [1234, 0.5]),
        ("a;b\n1.234;0.5\n25.724;1.5\n", [1.234, 0.5]),
        ("a;b\n1.234;1,5\n2.5;2,5\n", [1.234, 1.5]),
    ],
)
def test_the_decimal_sign_is_seen_from_what_only_one_can_be(tmp_path, text, first):
    path = tmp_path / ("a.tsv" if "\t" in text else "a.csv")
    path.write_text(text)
    table = read_table(str(path))
    sign = decimal_sign(table, table.names)
    found = [judge(table, name, Choices(keep=table.names), sign) for name in table.names]
    assert [None if c.fit.kind == "category" else c.x[0, 0] for c in found] == first


def test_a_table_with_decimal_commas_is_the_same_data_as_with_points(tmp_path):
    points = prepare(csv(tmp_path / "a.csv", GOOD), 1)
    commas = prepare(csv(tmp_path / "b.csv", GOOD.replace(",", ";").replace(".", ",")), 1)
    assert points.digest == commas.digest


def test_decimal_commas_and_points_in_one_table_are_told_with_both_lines(tmp_path):
    with pytest.raises(
        InputError, match=r"line 2 has a number with a comma, '1,5', line 3 one with a point, '2\.5'"
    ):
        prepare(csv(tmp_path / "a.csv", "a;b\n1,5;x\n2.5;y\n1,5;x\n2.5;y\n"), 1)


def test_a_number_with_an_underscore_is_text(tmp_path):
    text = "a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(30)) + "1_000,1\n"
    with pytest.raises(InputError, match="line 32, column 'a': '1_000' is not a number"):
        prepare(csv(tmp_path / "a.csv", text), 1)


def test_one_class_written_in_two_ways_is_one_class(tmp_path):
    text = "a,y\n" + "".join(f"{i},{('0', '1', '1.0')[i % 3]}\n" for i in range(40))
    assert prepare(csv(tmp_path / "a.csv", text), 1).classes == ("0", "1")


def test_a_row_of_several_lines_is_named_by_its_first(tmp_path):
    path = csv(tmp_path / "a.csv", 'a,b,c\n1,2,k\n"x\ny",2,\n3,4,k\n').path
    assert read_table(path).lines.tolist() == [2, 3, 5]
    source = csv(tmp_path / "a.csv", 'a,b,c\n"1\n",2,k\n3,oops,l\n' + "3,4,k\n4,5,l\n" * 9)
    with pytest.raises(InputError, match="line 4, column 'b': 'oops' is not a number"):
        prepare(source, 1)


def test_a_name_of_several_lines_still_makes_an_error_of_one(tmp_path):
    text = '"first\nname",b\n' + "1,x\n2,y\n" * 10
    with pytest.raises(InputError, match="known: b, first name$"):
        prepare(csv(tmp_path / "a.csv", text, target="zzz"), 1)


def test_rows_left_out_do_not_shift_the_lines_of_errors(tmp_path):
    step = {"step": "missing", "method": "drop"}
    text = "a,b\n\nNA,0\n" + "1,0\n2,1\n" * 20
    dataset = prepare(csv(tmp_path / "a.csv", text, preprocess=[step]), 1)
    assert sum(map(len, (dataset.train, dataset.val, dataset.test))) == 40
    with pytest.raises(InputError, match="line 3 has no value in 'a'"):
        prepare(csv(tmp_path / "a.csv", text), 1)


def test_a_column_without_a_value_is_left_out_with_a_note(tmp_path):
    text = "a,b,y\n" + "".join(f",{i % 7},{'pq'[i % 2]}\n" for i in range(40))
    dataset = prepare(csv(tmp_path / "a.csv", text), 1)
    assert dataset.features == ("b",)
    assert any(note.column == "a" and note.done == "left out" for note in dataset.notes)


def test_fewer_rows_than_the_split_needs_are_told_with_file_and_share(tmp_path):
    source = csv(
        tmp_path / "a.csv", "a,b\n1,x\n2,y\n3,x\n4,y\n", split={"train": 0.8, "val": 0.1, "test": 0.1}
    )
    with pytest.raises(InputError, match=r"a.csv: 4 rows are too few for data.split.val = 0.1"):
        prepare(source, 1)


def test_values_too_large_for_the_precision_are_told_without_a_warning(tmp_path, recwarn):
    text = "a,y\n" + "".join(f"{i + 1}e39,{'pq'[i % 2]}\n" for i in range(40))
    with pytest.raises(InputError, match="too large for float32"):
        prepare(csv(tmp_path / "a.csv", text), 1)
    assert np.isfinite(prepare(csv(tmp_path / "a.csv", text), 1, "float64").train.x).all()
    assert not recwarn.list


cells = st.one_of(
    st.integers(-9, 9).map(str), st.sampled_from(["", "a", "b", "NaN", "inf", '"', "1e999", "é,"])
)
ragged = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=40)
columns = st.sampled_from(
    [
        st.sampled_from(["1", "2", "3.5", "-7", "NA"]),
        st.sampled_from(["red", "blue", ""]),
        st.sampled_from(["0", "1"]),
        cells,
    ]
)
regular = st.lists(columns, min_size=2, max_size=4).flatmap(
    lambda kinds: st.lists(st.tuples(*kinds), min_size=8, max_size=40).map(
        lambda rows: ["abcd"[: len(kinds)], *rows]
    )
)
tables = st.one_of(ragged, regular, regular).map(lambda rows: "\n".join(",".join(row) for row in rows))


kinds = ["standardize", "min_max", "robust_scale", "clip_outliers", "median_filter", "missing", "one_hot"]
fields = st.fixed_dictionaries(
    {
        "preprocess": st.lists(st.sampled_from(kinds), max_size=3),
        "target": st.sampled_from(["", "a", 1, 2]),
        "task": st.sampled_from(["auto", "classification", "regression"]),
        "scale_target": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(tables.map(str.encode), st.binary(max_size=200)), given_fields=fields)
def test_no_file_whatever_gives_anything_but_data_or_one_clear_line(tmp_path, content, given_fields):
    try:
        dataset = prepare(csv(tmp_path / "any.csv", content, **given_fields), 1)
    except InputError as error:
        assert "\n" not in str(error)
        assert "any.csv" in str(error)
    else:
        assert isinstance(dataset, Dataset)
        assert all(np.isfinite(rows.x).all() for rows in (dataset.train, dataset.val, dataset.test))
        json.dumps(dataset.pipeline.to_json(), allow_nan=False)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["1", "2.5", "-7", "NA"]), st.sampled_from(["red", "blue", ""])),
        min_size=12,
        max_size=40,
    ),
    steps=st.permutations(kinds).flatmap(lambda order: st.integers(0, 5).map(lambda n: order[:n])),
)
def test_a_sound_table_gives_data_whatever_the_steps_and_their_order(tmp_path, rows, steps):
    rows = [("0", "red"), *rows, ("0", "blue")] * 2
    text = "size,color,y\n" + "".join(f"{a},{b},{'st'[i % 2]}\n" for i, (a, b) in enumerate(rows))
    chosen = [*steps, "missing"] if "missing" not in steps else steps
    dataset = prepare(csv(tmp_path / "a.csv", text, preprocess=chosen), 1, "float64")
    assert np.isfinite(dataset.train.x).all()
    kinds = [
        name for name in ("color=blue", "color=red", "color=(missing)") if name in dataset.pipeline.columns
    ]
    assert dataset.pipeline.columns == ("size", *kinds)
    kept = json.loads(json.dumps(dataset.pipeline.to_json(), allow_nan=False))
    raw = np.array([[2.5, 1.0], [np.nan, 0.0]])
    assert (Pipeline.from_json(kept).transform(raw) == dataset.pipeline.transform(raw)).all()
