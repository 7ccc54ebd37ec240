import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.component import build
from engine.data import Dataset, Source, prepare, read_inputs, source_for
from engine.errors import InputError

GOOD = "size,colour,price\n" + "".join(
    f"{i % 7}.5,{'red' if i % 3 else 'blue'},{'dear' if i % 2 else 'cheap'}\n" for i in range(40)
)


def csv(path: Path, text: str | bytes, **fields) -> Source:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return build(Source, {"source": "csv", "path": str(path), **fields}, "data")


def test_a_table_with_numbers_and_categories_becomes_inputs_and_classes(tmp_path):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD), 1)
    assert dataset.task == "classification"
    assert dataset.classes == ("cheap", "dear")
    assert dataset.pipeline.columns == ("size", "colour=blue", "colour=red")
    assert dataset.input_shape == (3,)
    assert set(np.unique(dataset.train.x[:, 1:])) == {0, 1}


def test_the_target_may_be_any_column_and_numbers_make_a_regression(tmp_path):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD, target="size", task="regression"), 1)
    assert dataset.task == "regression"
    assert dataset.targets == ("size",)
    assert prepare(csv(tmp_path / "b.csv", GOOD.replace(".5", ""), target="size"), 1).classes == tuple(
        "0123456"
    )
    decimals = "x,y\n" + "".join(f"{i},{i / 3:.3f}\n" for i in range(50))
    assert prepare(csv(tmp_path / "c.csv", decimals), 1).task == "regression"


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
    with pytest.raises(InputError, match=r"a.csv: row 3 has no value in 'size'; add a step .*missing"):
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
    "same names": ("a,a,b\n1,2,3\n", "two columns are named 'a'"),
    "missing target": ("a,b\n1,x\n2,\n" + "3,y\n" * 20, "line 3, column 'b': the target is missing"),
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


def test_an_archive_of_arrays_is_read_with_its_shape(tmp_path):
    path = str(tmp_path / "a.npz")
    x = np.random.default_rng(0).random((60, 4, 4, 1))
    np.savez(path, x=x, y=np.arange(60) % 3)
    dataset = prepare(source_for(path), 1)
    assert dataset.classes == ("0", "1", "2")
    assert dataset.input_shape == (4, 4, 1)
    np.savez(path, X=x[:, 0, 0], target=x[:, 1, 1])
    assert prepare(source_for(path), 1).task == "regression"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "has no array x or X or data"),
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, "x has 3 rows, y has 4"),
        ({"x": np.array(["a", "b"]), "y": np.ones(2)}, "expected numbers"),
        ({"x": np.full((4, 1), np.inf), "y": np.arange(4)}, "not finite"),
        ({"x": np.empty((0, 2)), "y": np.empty(0)}, "is empty"),
    ],
)
def test_an_archive_that_cannot_be_used_is_told_in_one_line(tmp_path, arrays, message):
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=message):
        prepare(source_for(str(path)), 1)
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="not a readable"):
        prepare(source_for(str(path)), 1)


def test_new_rows_are_matched_by_name_whatever_their_order(tmp_path):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD, preprocess=[{"step": "standardize"}]), 1)
    new = tmp_path / "new.csv"
    new.write_text("colour,size\nred,2.5\nblue,0.5\n")
    x = read_inputs(str(new), dataset.pipeline, dataset.input_shape, "float32")
    assert x.shape == (2, 3)
    new.write_text("price,colour,size\ndear,red,2.5\ndear,blue,0.5\n")
    assert (read_inputs(str(new), dataset.pipeline, dataset.input_shape, "float32") == x).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour\nred\n", "columns are missing: 'size'"),
        ("colour,sizes\nred,1\n", "columns are missing: 'size'; not known: 'sizes'"),
        ("colour,size,weight\nred,1,2\n", "'weight' was not there in training"),
        ("colour,size\ngreen,1\n", "line 2, column 'colour': 'green' is unknown"),
        ("colour,size\nred,big\n", "'size' holds text"),
        ("colour,size\nred,\n", "has no value in 'size'"),
    ],
)
def test_new_rows_with_other_columns_are_told(tmp_path, text, message):
    dataset = prepare(csv(tmp_path / "a.csv", GOOD), 1)
    new = tmp_path / "new.csv"
    new.write_text(text)
    with pytest.raises(InputError, match=message):
        read_inputs(str(new), dataset.pipeline, dataset.input_shape, "float32")


cells = st.one_of(
    st.integers(-9, 9).map(str), st.sampled_from(["", "a", "b", "NaN", "inf", '"', "1e999", "é,"])
)
tables = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=40).map(
    lambda rows: "\n".join(",".join(row) for row in rows)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(tables.map(str.encode), st.binary(max_size=200)))
def test_no_file_whatever_gives_anything_but_data_or_one_clear_line(tmp_path, content):
    try:
        dataset = prepare(csv(tmp_path / "any.csv", content), 1)
    except InputError as error:
        assert "\n" not in str(error)
        assert "any.csv" in str(error)
    else:
        assert isinstance(dataset, Dataset)
        assert np.isfinite(dataset.train.x).all()
