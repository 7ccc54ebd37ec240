"""Arrays and frames in memory: judged as the same table in a CSV file is."""

import pickle

import numpy as np
import pytest

from engine.component import build, tree_of
from engine.data import Source, prepare
from engine.data.readers.memory import ArrayStore
from engine.data.sources.arrays import Arrays
from engine.data.sources.csv import Csv
from engine.errors import InputError
from engine.tasks import Classification, Regression

RNG = np.random.default_rng(4)
ROWS = 60
COLUMNS = {
    "length": RNG.normal(size=ROWS).round(3).tolist(),
    "count": RNG.integers(0, 50, ROWS).tolist(),
    "color": RNG.choice(["red", "blue", "Blue"], ROWS).tolist(),
    "open": RNG.choice([True, False], ROWS).tolist(),
    "gap": [None if i % 7 == 0 else float(i % 5) for i in range(ROWS)],
    "day": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(ROWS)],
    "kind": RNG.choice(["a", "b"], ROWS).tolist(),
}
STEPS = [{"step": "missing", "method": "median"}, {"step": "standardize"}]


@pytest.fixture
def file(tmp_path) -> str:
    path = tmp_path / "t.csv"
    cells = [["" if c is None else str(c).lower() if isinstance(c, bool) else str(c) for c in column]
             for column in COLUMNS.values()]  # fmt: skip
    rows = zip(*cells, strict=True)
    path.write_text("\n".join([",".join(COLUMNS), *map(",".join, rows)]) + "\n")
    return str(path)


def frames() -> dict[str, object]:
    found: dict[str, object] = {"dictionary": COLUMNS}
    try:
        import pandas

        frame = pandas.DataFrame(COLUMNS)
        found["pandas"] = frame
        found["pandas with its own types"] = frame.assign(
            color=frame.color.astype("category"),
            day=pandas.to_datetime(frame.day),
            count=frame["count"].astype("Int64"),
        )
    except ImportError:
        pass
    try:
        import polars

        found["polars"] = polars.DataFrame(COLUMNS)
        found["polars with dates"] = polars.DataFrame(COLUMNS).with_columns(polars.col("day").str.to_date())
    except ImportError:
        pass
    return found


@pytest.mark.parametrize("name", list(frames()))
@pytest.mark.parametrize("target", ["kind", "length"])
def test_a_frame_gives_the_data_set_of_the_same_csv(name, target, file):
    scale = {"scale_target": target == "length"}
    ours = prepare(Arrays(frames()[name], target, preprocess=STEPS, **scale), 1)
    theirs = prepare(Csv(path=file, target=target, preprocess=STEPS, **scale), 1)
    assert ours.task == theirs.task
    assert ours.features == theirs.features
    assert ours.classes == theirs.classes
    for part in ("train", "val", "test"):
        np.testing.assert_array_equal(getattr(ours, part).x, getattr(theirs, part).x)
        np.testing.assert_array_equal(getattr(ours, part).y, getattr(theirs, part).y)


def test_targets_beside_a_frame_are_named_or_become_the_target():
    frame = {name: COLUMNS[name] for name in ("length", "color")}
    assert prepare(Arrays(frame, COLUMNS["kind"]), 1).targets == ("target",)
    pandas = pytest.importorskip("pandas")
    named = prepare(Arrays(frame, pandas.Series(COLUMNS["kind"], name="kind")), 1)
    assert named.classes == ("a", "b")


def test_arrays_are_classes_or_numbers_as_their_targets_are():
    x = RNG.normal(size=(50, 3))
    assert prepare(Arrays(x, RNG.integers(0, 3, 50)), 1).task == Classification()
    assert prepare(Arrays(x, RNG.normal(size=50)), 1).task == Regression()
    assert prepare(Arrays(x, RNG.integers(0, 3, 50), task="regression"), 1).task == Regression()
    assert prepare(Arrays(x, RNG.normal(size=(50, 2))), 1).targets == ("y1", "y2")
    images = prepare(Arrays(RNG.integers(0, 255, (50, 8, 8, 1)).astype(np.uint8), RNG.integers(0, 2, 50)), 1)
    assert images.input_shape == (8, 8, 1)


def test_rows_for_validation_and_testing_may_be_given():
    x, y = RNG.normal(size=(50, 3)), RNG.integers(0, 2, 50)
    data = prepare(Arrays(x, y, val_x=x[:7] + 1, val_y=y[:7], test_x=x[:9] - 1, test_y=y[:9]), 1)
    assert (len(data.train), len(data.val), len(data.test)) == (50, 7, 9)
    np.testing.assert_allclose(data.val.x, x[:7] + 1, rtol=1e-6)
    only = prepare(Arrays(x, y, test_x=x[:9], test_y=y[:9]), 1)
    assert len(only.test) == 9
    assert len(only.train) + len(only.val) == 50
    frame = {name: COLUMNS[name] for name in ("length", "color", "kind")}
    part = {name: column[:9] for name, column in frame.items()}
    framed = prepare(Arrays(frame, "kind", test_x=part), 1)
    assert len(framed.test) == 9


def test_the_store_keeps_a_copy_and_is_compared_by_content():
    x, y = RNG.normal(size=(10, 2)), np.arange(10) % 2
    data = Arrays(x, y)
    same = Arrays(x.copy(), y.copy())
    assert data == same
    x[0, 0] = 99
    assert data == same != Arrays(x, y)
    assert pickle.loads(pickle.dumps(data)) == data


def test_what_toml_names_is_found_again_in_memory_and_in_the_directory(tmp_path):
    data = Arrays(RNG.normal(size=(40, 2)), np.arange(40) % 2)
    tree = tree_of(data)
    assert tree["x"].startswith("arrays/")
    again = build(Source, tree)
    assert again == data
    assert again.x is data.x
    data.store_in(tmp_path)
    stored = ArrayStore(None, data.x.digest, tmp_path / data.x.to_plain())
    np.testing.assert_array_equal(stored.array, data.x.array)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Arrays(5, [1]), "Arrays.x = 5: expected an array, or a frame with columns"),
        (lambda: Arrays([[1], [object()]], [1, 2]), "holds values of type"),
        (lambda: Arrays([[1, 2], [3]], [1, 2]), "is no array"),
        (lambda: Arrays({"a": [1, 2], "b": [1]}, "a"), "column 'b' has 1 rows, the columns before have 2"),
        (lambda: Arrays({"a": [1.0, float("inf")]}, "a"), "column 'a', row 2: inf is not finite"),
        (lambda: Arrays({"a": [[1], [2]]}, "a"), "expected one value a row"),
        (lambda: Arrays({"a": [{}, {}]}, "a"), "holds values of type dict"),
        (lambda: prepare(Arrays(np.ones((5, 2)), np.ones(4)), 1), "x has 5 rows, y has 4"),
        (lambda: prepare(Arrays(np.ones((5, 2))), 1), "y is missing"),
        (lambda: prepare(Arrays(COLUMNS, "knd"), 1), "has no column 'knd'; did you mean 'kind'"),
        (lambda: prepare(Arrays(np.ones((9, 2)), np.ones(9), val_x=np.ones((2, 2))), 1), "val_x needs val_y"),
        (
            lambda: prepare(Arrays(np.ones((9, 2)), np.ones(9), val_x=np.ones((2, 3)), val_y=np.ones(2)), 1),
            "rows have the shapes",
        ),
        (lambda: prepare(Arrays(np.full((9, 2), np.nan), np.arange(9) % 2), 1), "has no value"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
