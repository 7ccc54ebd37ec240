import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.component import build
from engine.data import Dataset, NewRows, Source, new_rows, prepare, read_inputs
from engine.errors import InputError

TABLE = "size,color,price\n" + "".join(
    f"{i % 7}.5,{'red' if i % 3 else 'blue'},{'dear' if i % 2 else 'cheap'}\n" for i in range(40)
)


@pytest.fixture
def trained(tmp_path) -> Dataset:
    path = tmp_path / "trained.csv"
    path.write_text(TABLE)
    return prepare(build(Source, {"source": "csv", "path": str(path), "preprocess": ["standardize"]}), 1)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(build(Source, {"source": "digits", "preprocess": ["standardize"]}), 1)


@pytest.fixture(scope="module")
def iris() -> Dataset:
    return prepare(build(Source, {"source": "iris", "preprocess": ["standardize"]}), 1)


def read(path, dataset: Dataset, content: str | bytes | dict) -> np.ndarray:
    if isinstance(content, dict):
        np.savez(path, **content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_inputs(str(path), dataset.pipeline, dataset.input_shape, "float32")


def test_new_rows_are_matched_by_name_whatever_their_order(tmp_path, trained):
    x = read(tmp_path / "new.csv", trained, "color,size\nred,2.5\nblue,0.5\n")
    assert x.shape == (2, 3)
    same = read(tmp_path / "new.csv", trained, "price,color,size\ndear,red,2.5\ndear,blue,0.5\n")
    assert (same == x).all()


def test_new_rows_are_treated_like_the_rows_of_training(tmp_path, trained):
    x = read(tmp_path / "new.csv", trained, TABLE)
    of_training = np.concatenate([trained.train.x, trained.val.x, trained.test.x])
    assert (np.sort(x, axis=0) == np.sort(of_training, axis=0)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("color\nred\n", "columns are missing: 'size'"),
        ("color,sizes\nred,1\n", "columns are missing: 'size'; not known: 'sizes'"),
        ("color,size\nred,1\nred,big\n", "line 3, column 'size': 'big' is not a number"),
        ("color,size\nred,inf\n", "line 2, column 'size': 'inf' is not finite"),
        ("color,size\nred,1e300\n", "values are too large for float32"),
    ],
)
def test_new_rows_with_other_columns_or_values_are_told(tmp_path, trained, text, message, recwarn):
    with pytest.raises(InputError, match=message):
        read(tmp_path / "new.csv", trained, text)
    assert not recwarn.list


def noted(path, dataset: Dataset, content: str) -> NewRows:
    path.write_text(content)
    return new_rows(str(path), dataset.pipeline, dataset.input_shape, "float32")


def test_columns_that_training_did_not_have_are_passed_over_and_told(tmp_path, trained):
    rows = noted(tmp_path / "new.csv", trained, "id,color,size,weight\n7,red,1.5,2\n8,blue,2.5,3\n")
    assert (rows.x == read(tmp_path / "b.csv", trained, "color,size\nred,1.5\nblue,2.5\n")).all()
    assert rows.extra == ("id", "weight")
    assert rows.table.column("id") == ["7", "8"]
    assert [str(note) for note in rows.notes] == ["not known from training: 'id', 'weight'; passed over"]


def test_an_unknown_category_costs_its_row_a_note_and_no_other_row_anything(tmp_path, trained):
    rows = noted(tmp_path / "new.csv", trained, "color,size\ngreen,1.5\nred,1.5\nGREEN,0.5\nRED,1.5\n")
    assert (rows.x[0] == trained.pipeline.transform(np.array([[1.5, -1.0]]), "float32")).all()
    assert (rows.x[0, 1:] == rows.x[2, 1:]).all()
    assert (rows.x[1] == read(tmp_path / "b.csv", trained, "color,size\nred,1.5\n")[0]).all()
    assert (rows.x[3] == rows.x[1]).all(), "the case of a label is no other label"
    (note,) = rows.notes
    assert (note.column, note.what) == ("color", "'green', 'GREEN' was not there in training (2 rows)")


def test_an_empty_cell_costs_its_row_a_note(tmp_path, trained):
    rows = noted(tmp_path / "new.csv", trained, "color,size\nred,1.5\n,2.5\nred,\n")
    middle = np.median(np.arange(7) + 0.5)
    assert abs(rows.x[2, 0] - read(tmp_path / "b.csv", trained, f"color,size\nred,{middle}\n")[0, 0]) < 0.5
    assert (rows.x[1] == trained.pipeline.transform(np.array([[2.5, -1.0]]), "float32")).all()
    color, size = rows.notes
    assert color.what == "has no value in 1 rows, which training never saw"
    assert size.what == "has no value in 1 of 3 rows (first in line 4)"
    assert "the median of the training rows" in size.done


def test_rows_without_a_header_are_read_by_their_places(tmp_path, trained):
    assert (
        read(tmp_path / "a.csv", trained, "1.5,red\n2.5,blue\n1.5,red\n2.5,blue\n3.5,red\n")[:2]
        == read(tmp_path / "b.csv", trained, "size,color\n1.5,red\n2.5,blue\n")
    ).all()


def test_a_run_that_fills_in_missing_values_fills_in_those_of_new_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TABLE.replace("2.5,", "NA,"))
    dataset = prepare(build(Source, {"source": "csv", "path": str(path), "preprocess": ["missing"]}), 1)
    assert np.isfinite(read(tmp_path / "new.csv", dataset, "size,color\n,\n1,red\n")).all()


@pytest.mark.parametrize("shape", [(5,), (1,), (4, 4), (4, 2)])
def test_rows_of_another_width_are_told_and_never_stretched(tmp_path, iris, shape):
    with pytest.raises(InputError, match=r"the run was trained on \(4,\)"):
        read(tmp_path / "new.npz", iris, {"x": np.ones((3, *shape))})


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8), (64,)])
def test_images_may_come_flat_or_without_their_channel(tmp_path, digits, shape):
    images = np.arange(128.0).reshape(2, 8, 8, 1) % 17
    expected = digits.pipeline.transform(images).astype("float32")
    assert (read(tmp_path / "new.npz", digits, {"x": images.reshape(2, *shape)}) == expected).all()


def test_images_may_come_as_a_table_of_pixels(tmp_path, digits):
    names = ",".join(["digit", *(f"p{i}" for i in range(64))])
    x = read(tmp_path / "new.csv", digits, f"{names}\n{','.join(['7'] + ['3'] * 64)}\n")
    assert (x == digits.pipeline.transform(np.full((1, 8, 8, 1), 3.0)).astype("float32")).all()
    with pytest.raises(InputError, match="rows have the shape \\(2,\\)"):
        read(tmp_path / "new.csv", digits, "a,b\n1,2\n")


def test_an_archive_for_a_run_on_columns_of_text_is_told(tmp_path, trained):
    with pytest.raises(InputError, match="trained on columns of text; expected a CSV or TSV file"):
        read(tmp_path / "new.npz", trained, {"x": np.ones((3, 2))})


cells = st.one_of(
    st.integers(-9, 9).map(str), st.sampled_from(["", "red", "blue", "green", "NaN", "1e300", '"'])
)
tables = st.lists(st.tuples(cells, cells), max_size=8).map(
    lambda rows: "size,color\n" + "\n".join(",".join(row) for row in rows)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(tables.map(str.encode), st.binary(max_size=100)))
def test_no_file_whatever_gives_anything_but_inputs_or_one_clear_line(tmp_path, trained, content):
    for name in ("any.csv", "any.npz"):
        try:
            x = read(tmp_path / name, trained, content)
        except InputError as error:
            assert "\n" not in str(error)
            assert name in str(error)
        else:
            assert x.shape[1:] == trained.input_shape
            assert np.isfinite(x).all()
