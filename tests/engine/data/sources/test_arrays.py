import numpy as np
import pytest

from engine.component import build
from engine.data import Source, prepare, source_for
from engine.errors import InputError
from engine.tasks import Regression


def test_an_archive_of_arrays_is_read_with_its_shape(tmp_path):
    path = str(tmp_path / "a.npz")
    x = np.random.default_rng(0).random((60, 4, 4, 1))
    np.savez(path, x=x, y=np.arange(60) % 3)
    dataset = prepare(source_for(path), 1)
    assert dataset.classes == ("0", "1", "2")
    assert dataset.input_shape == (4, 4, 1)
    np.savez(path, X=x[:, 0, 0], target=x[:, 1, 1])
    assert prepare(source_for(path), 1).task == Regression()


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


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ((np.arange(40) % 2).astype(float), ("0", "1")),
        (np.array([b"a", b"b"] * 20), ("a", "b")),
        (np.array([True, False] * 20), ("False", "True")),
    ],
)
def test_classes_in_an_archive_are_named_plainly(tmp_path, y, classes):
    np.savez(tmp_path / "a.npz", x=np.arange(40.0), y=y)
    assert prepare(source_for(str(tmp_path / "a.npz")), 1).classes == classes


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            np.where(np.arange(40) == 3, np.nan, np.arange(40.0)),
            "row 4 of the array 'y': .*nan.* is not finite",
        ),
        (np.eye(2)[np.arange(40) % 2], "y has 2 columns; expected one, the class"),
        (np.ones(40, complex), "expected numbers or text"),
    ],
)
def test_targets_in_an_archive_that_cannot_be_classes_are_told(tmp_path, y, message):
    np.savez(tmp_path / "a.npz", x=np.arange(40.0), y=y)
    source = build(
        Source, {"source": "npz", "path": str(tmp_path / "a.npz"), "task": "classification"}, "data"
    )
    with pytest.raises(InputError, match=message):
        prepare(source, 1)


def test_an_archive_of_python_objects_or_a_single_array_is_told(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([None] * 4), y=np.arange(4))
    with pytest.raises(InputError, match="it holds Python objects, expected arrays of numbers"):
        prepare(source_for(str(path)), 1)
    with open(path, "wb") as file:
        np.save(file, np.ones(4))
    with pytest.raises(InputError, match="is a single array; expected an .npz file with x and y"):
        prepare(source_for(str(path)), 1)
    with pytest.raises(InputError, match="there is no such file"):
        prepare(source_for(str(tmp_path / "absent.npz")), 1)
