"""Prompts and answers as rows of tokens of which only the answer counts: sums, words backwards, dates, tables."""

from datetime import date

import numpy as np
import pytest

from engine.component import build
from engine.data import Dataset, Source, prepare
from engine.errors import InputError
from engine.metrics import metric


def dataset_of(source: str, **fields: object) -> Dataset:
    return prepare(build(Source, {"source": source, **fields}, "data"), 1)


def pairs_of(dataset: Dataset) -> list[list[tuple[str, str]]]:
    """(prompt, answer) of the rows of each part, read back from inputs and targets."""
    parts = []
    for part in (dataset.train, dataset.val, dataset.test):
        pairs = []
        for x, y in zip(part.x.astype(int), part.y.astype(int), strict=True):
            scored = y >= 0
            first = int(scored.argmax()) + 1
            answer = "".join(dataset.classes[n] for n in y[scored])
            assert (np.diff(np.flatnonzero(scored)) == 1).all()
            assert answer.endswith("\n")
            assert [*x[first : first + len(answer) - 1]] == [*y[scored][:-1]]  # the right ones are read on
            pairs.append(("".join(dataset.classes[n] for n in x[:first]), answer[:-1]))
        parts.append(pairs)
    return parts


def test_sums_are_all_there_and_each_is_in_one_part():
    parts = pairs_of(dataset_of("addition"))
    pairs = [pair for part in parts for pair in part]
    assert len(pairs) == len(set(pairs)) == 10_000
    assert [len(part) for part in parts] == [7000, 1500, 1500]
    for prompt, answer in pairs:
        a, b = prompt.removesuffix("=").split("+")
        assert len(a) == len(b) == 2
        assert answer == f"{int(a) + int(b):03d}"[::-1]


def test_long_sums_are_drawn_and_may_be_written_as_usual():
    dataset = dataset_of("addition", digits=5, samples=500, reverse=False)
    pairs = [pair for part in pairs_of(dataset) for pair in part]
    assert len(pairs) == 500
    assert all(int(answer) == sum(map(int, prompt[:-1].split("+"))) for prompt, answer in pairs)
    assert all(len(answer) == 6 for _, answer in pairs)
    assert dataset.positions == dataset.input_shape[0] == 12 + 6
    assert dataset.scored == 7


def test_words_come_backwards():
    dataset = dataset_of("reversing", samples=300, letters=5, longest=6)
    pairs = [pair for part in pairs_of(dataset) for pair in part]
    assert all(prompt == f"{answer[::-1]}>" for prompt, answer in pairs)
    assert set("".join(answer for _, answer in pairs)) == set("abcde")
    assert {len(answer) for _, answer in pairs} == set(range(1, 7))
    assert len(set(pairs)) == len(pairs)


def test_dates_in_four_spellings_become_iso_dates():
    names = "January February March April May June July August September October November December"
    pairs = [pair for part in pairs_of(dataset_of("dates", samples=400)) for pair in part]
    kinds = set()
    for prompt, answer in pairs:
        day, spelt = date.fromisoformat(answer), prompt.removesuffix(";")
        name = names.split()[day.month - 1]
        spellings = [
            f"{day.day} {name} {day.year}",
            f"{name[:3]} {day.day}, {day.year}",
            day.strftime("%d/%m/%y"),
            f"{day.day}.{day.month}.{day.year}",
        ]
        kinds.add(spellings.index(spelt))
    assert kinds == {0, 1, 2, 3}


def test_a_table_of_the_users_with_columns_of_any_name(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(
        "word\tplural\n"
        + "".join(f"{w}\t{w}s\n" for w in ["cat", "dog", "hen", "owl", "rat", "fox", "bee", "ant"])
    )
    split = {"train": 0.5, "val": 0.25, "test": 0.25}
    parts = pairs_of(dataset_of("pairs", path=str(path), prompt="word", answer="plural", split=split))
    assert [len(part) for part in parts] == [4, 2, 2]
    assert {answer for part in parts for _, answer in part} >= {"cats", "ants"}
    assert all(answer == f"{prompt}s" for part in parts for prompt, answer in part)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prompt,reply\na,b\n", "a.csv: has no column 'answer'; "),
        ("prompt,answer\na,b\nc,\n", "a.csv: line 3: the answer is empty"),
        ("prompt,answer\n,b\nc,d\n", "a.csv: line 2: the prompt is empty"),
        ("prompt,answer\na,b\n", "a.csv: too few pairs for data.split.val = 0.15: 1"),
        ("prompt,answer\na,b,c\n", "a.csv: line 2 has 3 values, the lines before have 2"),
        ("", "a.csv: is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_answered_with_one_line(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        dataset_of("pairs", path=str(path))
    assert "\n" not in str(caught.value)


def test_the_same_seed_gives_the_same_pairs_in_the_same_parts():
    source = build(Source, {"source": "dates", "samples": 200})
    assert prepare(source, 3).digest == prepare(source, 3).digest != prepare(source, 4).digest


def test_exact_match_wants_the_whole_answer_and_only_the_answer():
    t = np.array([[-1, 2, 0], [-1, 1, 0]])
    z = np.zeros((2, 3, 3))
    z[:, 0, 1] = 9  # before the answer anything may come
    z[0, 1, 2] = z[0, 2, 0] = z[1, 1, 1] = z[1, 2, 2] = 1
    assert metric("exact_match").measure(z, t) == 0.5
