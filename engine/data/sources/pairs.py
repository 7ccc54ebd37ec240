"""Pairs of a prompt and an answer: sequence to sequence as predicting the next token, scored on the answer only."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np

from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import PARTS
from engine.data.preparation.vocabulary import END, Vocabulary
from engine.data.readers.csv import read_table
from engine.data.sources.base import GENERATE_STREAM, SPLIT_STREAM, Source
from engine.errors import InputError, did_you_mean
from engine.hyper import hyper
from engine.tasks import Answering

Pair = tuple[str, str]
Count = Annotated[int, hyper("number of pairs", ge=10, le=10_000_000, log=True, unit="pairs")]


class Pairs(Source, kw_only=True):
    """Prompts with their answers, each pair once; a subclass makes them."""

    def pairs(self, rng: np.random.Generator) -> list[Pair]:
        """The pairs. Raises InputError where they cannot be had."""
        raise NotImplementedError

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        pairs = list(dict.fromkeys(self.pairs(np.random.default_rng([seed, GENERATE_STREAM]))))
        vocabulary = Vocabulary.of("".join(p + a for p, a in pairs), "character", self.where)
        order = np.random.default_rng([seed, SPLIT_STREAM]).permutation(len(pairs)).tolist()
        context = max(len(prompt) + len(answer) for prompt, answer in pairs)
        edges = self.split.edges(len(pairs))
        parts = []
        for (first, last), name in zip(pairwise(edges), PARTS, strict=True):
            share = self.split.share(name)
            if share > 0 and first == last:
                raise InputError(
                    f"{self.where}: too few pairs for data.split.{name} = {share:g}: {len(pairs)}"
                )
            parts.append(rows_of([pairs[i] for i in order[first:last]], vocabulary, context, dtype))
        pipeline = Pipeline(
            task=Answering(), features=(), targets=("answer",), classes=vocabulary.tokens,
            tokens="character", text="pairs",
        )  # fmt: skip
        train, val, test = parts
        return Dataset(Answering(), train, val, test, pipeline, (len(vocabulary.tokens),))


def rows_of(pairs: list[Pair], vocabulary: Vocabulary, context: int, dtype: np.dtype) -> Rows:
    """Inputs (R, T): prompt and answer; targets (R, T): what follows, −1 outside of the answer and its line end."""
    x = np.full((len(pairs), context), vocabulary.end, dtype)
    y = np.full((len(pairs), context), -1, dtype)
    for row, (prompt, answer) in enumerate(pairs):
        tokens = vocabulary.encode(prompt + answer + END)
        x[row, : len(tokens) - 1] = tokens[:-1]
        y[row, len(prompt) - 1 : len(tokens) - 1] = tokens[len(prompt) :]
    return Rows(x, y)


class Addition(Pairs, tag="addition", kw_only=True):
    """Sums: "12+34=" and "046". Reversed, the ones digit comes first, as in adding by hand."""

    digits: Annotated[int, hyper("digits per summand", ge=1, le=9)] = 2
    samples: Annotated[Count, hyper("maximum number of pairs; all of them if there are fewer")] = 10_000
    reverse: Annotated[bool, hyper("write the sum in reverse, ones digit first")] = True

    def pairs(self, rng: np.random.Generator) -> list[Pair]:
        numbers = 10**self.digits
        if numbers**2 <= self.samples:
            a, b = np.divmod(np.arange(numbers**2), numbers)
        else:
            a, b = rng.integers(0, numbers, (2, self.samples))
        return [self.pair(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]

    def pair(self, a: int, b: int) -> Pair:
        total = f"{a + b:0{self.digits + 1}d}"
        return f"{a:0{self.digits}d}+{b:0{self.digits}d}=", total[::-1] if self.reverse else total


class Reversing(Pairs, tag="reversing", kw_only=True):
    """Words of random letters and the same words backwards: "abc>" and "cba"."""

    samples: Count = 10_000
    letters: Annotated[int, hyper("size of the alphabet", ge=2, le=26)] = 10
    longest: Annotated[int, hyper("maximum length of a word", ge=1, le=100)] = 8

    def pairs(self, rng: np.random.Generator) -> list[Pair]:
        lengths = rng.integers(1, self.longest + 1, self.samples)
        letters = rng.integers(0, self.letters, (self.samples, self.longest))
        words = [
            "".join(chr(97 + c) for c in row[:n])
            for row, n in zip(letters.tolist(), lengths.tolist(), strict=True)
        ]
        return [(f"{word}>", word[::-1]) for word in words]


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class Dates(Pairs, tag="dates", kw_only=True):
    """Dates as people write them and as 2021-03-14: "14 March 2021;", "Mar 14, 2021;", "14/03/21;"."""

    samples: Count = 10_000
    first: Annotated[int, hyper("first year", ge=1, le=9999)] = 1970
    last: Annotated[int, hyper("last year", ge=1, le=9999)] = 2029

    FORMS: ClassVar[tuple[Callable[[date], str], ...]] = (
        lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year:04d}",
        lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year:04d}",
        lambda d: f"{d.day:02d}/{d.month:02d}/{d.year % 100:02d}",
        lambda d: f"{d.day}.{d.month}.{d.year:04d}",
    )

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"first = {self.first} must not be after last = {self.last}")
        if self.last - self.first >= 100:
            raise ValueError(
                "first and last must lie within 100 years: two digits of a year would not tell which"
            )

    def pairs(self, rng: np.random.Generator) -> list[Pair]:
        start = date(self.first, 1, 1)
        days = (date(self.last, 12, 31) - start).days + 1
        chosen = rng.integers(0, days, self.samples).tolist()
        forms = rng.integers(0, len(self.FORMS), self.samples).tolist()
        dates = [start + timedelta(day) for day in chosen]
        return [(f"{self.FORMS[form](d)};", d.isoformat()) for form, d in zip(forms, dates, strict=True)]


class PairsFile(Pairs, tag="pairs", kw_only=True):
    """A table with a column of prompts and one of answers (CSV or TSV with a header)."""

    path: Annotated[str, hyper("path of the file")]
    prompt: Annotated[str, hyper("column of the prompts")] = "prompt"
    answer: Annotated[str, hyper("column of the answers")] = "answer"

    @property
    def where(self) -> str:
        return self.path

    def pairs(self, rng: np.random.Generator) -> list[Pair]:
        table = read_table(self.path)
        for name in (self.prompt, self.answer):
            if name not in table.names:
                raise InputError(f"{self.path}: has no column {name!r}; {did_you_mean(name, table.names)}")
        pairs = list(zip(table.column(self.prompt), table.column(self.answer), strict=True))
        for line, (prompt, answer) in zip(table.lines.tolist(), pairs, strict=True):
            if not prompt or not answer:
                raise InputError(f"{self.path}: line {line}: the {'answer' if prompt else 'prompt'} is empty")
        return pairs
