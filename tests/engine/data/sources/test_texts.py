"""Texts as rows of tokens: windows over running text, lines, what is predicted, and what is wrong with a file."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.component import build
from engine.data import Dataset, Source, prepare
from engine.data.preparation.dataset import stream_of
from engine.data.preparation.vocabulary import Vocabulary
from engine.errors import InputError
from engine.tasks import NextToken

ENGLISH = "It was the best of times, it was the worst of times. " * 40
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def text(path: Path, content: str | bytes, **fields: object) -> Source:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tree = {"source": "text", "path": str(path), "context": 8, "split": SHARES}
    return build(Source, tree | fields, "data")


def said(dataset: Dataset, rows: np.ndarray) -> list[str]:
    """Rows of tokens as text, · where nothing counts."""
    tokens = dataset.classes
    return ["".join(tokens[n] if n >= 0 else "·" for n in row) for row in rows.astype(int).tolist()]


def test_a_row_of_running_text_is_a_window_and_the_window_one_further(tmp_path):
    dataset = prepare(text(tmp_path / "a.txt", ENGLISH), 1)
    x, y = said(dataset, dataset.train.x), said(dataset, dataset.train.y)
    assert x[0] == ENGLISH[:8]
    assert y[0] == ENGLISH[1:9]
    assert x[5] == ENGLISH[5:13]
    assert len(x) == round(0.8 * len(ENGLISH)) - 8
    assert dataset.positions == dataset.scored == 8
    assert dataset.task == NextToken()


def test_windows_share_the_memory_of_one_text(tmp_path):
    dataset = prepare(text(tmp_path / "a.txt", ENGLISH), 1)
    x, y = dataset.train.x, dataset.train.y
    assert np.shares_memory(x, y)
    stream, step = stream_of(x)
    assert step == 1
    assert len(stream) == len(x) + 7
    assert np.shares_memory(stream, x)


def test_the_parts_of_a_running_text_follow_each_other_and_share_nothing(tmp_path):
    dataset = prepare(text(tmp_path / "a.txt", ENGLISH), 1)
    first, second = round(0.8 * len(ENGLISH)), round(0.9 * len(ENGLISH))
    val, test = said(dataset, dataset.val.x), said(dataset, dataset.test.x)
    assert said(dataset, dataset.train.y)[-1] == ENGLISH[first - 8 : first]
    assert "".join(val) == ENGLISH[first:second][: len(val) * 8]
    assert "".join(test) == ENGLISH[second:][: len(test) * 8]


def test_of_validation_as_many_tokens_are_measured_as_asked_for(tmp_path):
    few = prepare(text(tmp_path / "a.txt", ENGLISH, measured=40), 1)
    assert few.val.y.size <= 40
    starts = [ENGLISH.index(row) for row in said(few, few.val.x)]
    assert len(set(starts)) == len(starts)
    of_training = few.measured("train")
    assert len(few.val) <= len(of_training) <= len(few.val) + 1
    assert len(few.measured("val")) == len(few.val)


def test_only_what_follows_the_context_may_be_predicted(tmp_path):
    dataset = prepare(text(tmp_path / "a.txt", ENGLISH, predict="last", context=3), 1)
    assert said(dataset, dataset.train.x)[:2] == [ENGLISH[:3], ENGLISH[1:4]]
    assert said(dataset, dataset.train.y)[:2] == [ENGLISH[3], ENGLISH[4]]
    assert dataset.positions == 1


NAMES = "\n".join(
    ["ada", "grace", "  alan ", "", "ada", "barbara", "edsger", "kurt", "alonzo", "emmy", "haskell"]
)


def test_lines_are_sequences_between_line_ends_each_once(tmp_path):
    dataset = prepare(text(tmp_path / "a.txt", NAMES, lines=True, context=7), 1)
    rows = [
        (x.replace("\n", ""), y)
        for part in (dataset.train, dataset.val, dataset.test)
        for x, y in zip(said(dataset, part.x), said(dataset, part.y), strict=True)
    ]
    assert sorted(name for name, _ in rows) == sorted(
        ["ada", "alan", "alonzo", "barbara"[:6], "edsger", "emmy", "grace", "haskel", "kurt"]
    )
    targets = dict(rows)
    assert targets["ada"] == "ada\n···"
    assert targets["haskel"] == "haskell"
    assert dataset.scored == pytest.approx((dataset.train.y >= 0).sum() / len(dataset.train))


def test_no_line_of_one_part_is_in_another():
    dataset = prepare(build(Source, {"source": "names", "split": SHARES}), 1)
    parts = [set(said(dataset, part.x)) for part in (dataset.train, dataset.val, dataset.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 5163


def test_every_letter_of_a_line_is_predicted_from_those_before_it(tmp_path):
    whole = {"train": 1.0, "val": 0, "test": 0}
    fields = {"lines": True, "predict": "last", "context": 3, "split": whole}
    dataset = prepare(text(tmp_path / "a.txt", "ab\nc", **fields), 1)
    pairs = set(zip(said(dataset, dataset.train.x), said(dataset, dataset.train.y), strict=True))
    assert pairs == {("\n\n\n", "a"), ("\n\na", "b"), ("\nab", "\n"), ("\n\n\n", "c"), ("\n\nc", "\n")}
    assert len(dataset.val) == len(dataset.test) == 0


def test_the_digest_tells_texts_apart_and_nothing_else(tmp_path):
    digest = prepare(text(tmp_path / "a.txt", ENGLISH), 1).digest
    assert prepare(text(tmp_path / "b.txt", ENGLISH.replace("\n", "\r\n")), 2).digest == digest
    assert prepare(text(tmp_path / "c.gz", gzip.compress(ENGLISH.encode())), 1).digest == digest
    assert prepare(text(tmp_path / "d.txt", ENGLISH.replace("best", "bets", 1)), 1).digest != digest
    assert prepare(text(tmp_path / "e.txt", ENGLISH, context=9), 1).digest != digest
    lines = text(tmp_path / "f.txt", NAMES, lines=True)
    assert prepare(lines, 1).digest == prepare(lines, 1).digest != prepare(lines, 2).digest


def test_bytes_take_any_file(tmp_path):
    content = bytes(range(256)) * 20
    dataset = prepare(text(tmp_path / "a.bin", content, tokens="byte"), 1)
    assert len(dataset.classes) == 256
    assert bytes(dataset.train.x[3].astype(np.uint8).tolist()) == content[3:11]
    accents = prepare(text(tmp_path / "b.txt", "naïve café " * 50, tokens="byte"), 1)
    assert bytes(accents.train.x[0].astype(np.uint8).tolist()) == "naïve c".encode()


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("", {}, "a.txt: the text is empty"),
        (" \n\n ", {"lines": True}, "a.txt: the text is empty"),
        ("short", {}, r"a.txt: the train part of the text has 4 tokens, fewer than data.context = 8 and one more; "
         "make the context smaller or the text longer"),
        ("quite a short text, in which the test part is smallest", {}, "the val part of the text has 6 tokens"),
        ("one\ntwo", {"lines": True}, "a.txt: there are too few lines for data.split.val = 0.1"),
        (b"good\nb\xe4d", {}, 'a.txt: line 2 is not UTF-8 text; use data.tokens = "byte"'),
        (b"\x1f\x8bnot gzip", {}, "a.txt: is a damaged gzip file"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 5000))), {}, "has 5,001 different characters, at most 4,096"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_used_is_answered_with_one_line(tmp_path, content, fields, message):
    with pytest.raises(InputError, match=message) as caught:
        prepare(text(tmp_path / "a.txt", content, **fields), 1)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path):
    for path, message in (
        (tmp_path / "no.txt", "there is no such file"),
        (tmp_path, "cannot be read: Is a dir"),
    ):
        with pytest.raises(InputError, match=message):
            prepare(build(Source, {"source": "text", "path": str(path)}), 1)


@pytest.mark.parametrize(
    ("source", "least"),
    [("shakespeare", 700_000), ("names", 3000), ("pydoc", 250_000), ("python", 1_000_000)],
)
def test_the_texts_that_are_there_are_there(source, least):
    dataset = prepare(build(Source, {"source": source}), 1)
    assert len(dataset.train) > least
    assert set("abc\n") <= set(dataset.classes)


def test_the_standard_library_is_read_in_order_up_to_a_size(tmp_path, monkeypatch):
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.py").write_text(f"# {name}\n\tx = 'é'\n" * 40)
    (tmp_path / "a.pyc").write_bytes(b"\0")
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"stdlib": str(tmp_path)})
    text = build(Source, {"source": "python", "size": 1000}).own_text()
    assert len(text) == 1000
    assert text.startswith("# a\n    x = ''\n")
    assert 0 < text.index("# b") < 1000
    assert "# c" not in text


def test_a_text_of_the_users_may_take_the_place_of_one_that_comes_along(tmp_path):
    own = text(tmp_path / "a.txt", ENGLISH)
    for source in ("shakespeare", "python"):
        tree = {"source": source, "path": own.path, "context": 8, "split": SHARES}
        assert prepare(build(Source, tree), 1).digest == prepare(own, 1).digest
    lines = text(tmp_path / "b.txt", NAMES, lines=True)
    names = build(Source, {"source": "names", "path": lines.path, "context": 8, "split": SHARES})
    assert prepare(names, 1).digest == prepare(lines, 1).digest
    with pytest.raises(InputError, match="data.path is empty; expected a file"):
        prepare(build(Source, {"source": "text", "path": ""}), 1)


def test_without_sources_or_help_topics_another_text_is_proposed(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"stdlib": str(tmp_path / "python312.zip")})
    with pytest.raises(InputError, match='came without its source; use data.source = "text"'):
        prepare(build(Source, {"source": "python"}), 1)
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(InputError, match='came without its help topics; use data.source = "text"'):
        prepare(build(Source, {"source": "pydoc"}), 1)


def test_a_vocabulary_reads_back_what_it_wrote():
    vocabulary = Vocabulary.of("héllo wörld", "character", "here")
    assert vocabulary.tokens[vocabulary.end] == "\n"
    assert vocabulary.decode(vocabulary.encode("hello\nöhé".replace("e", "é"))) == "héllo\nöhé"
    assert vocabulary.encode("").shape == (0,)
    of_bytes = Vocabulary.of("", "byte", "here")
    assert of_bytes.decode(of_bytes.encode("€ 李")) == "€ 李"
    assert of_bytes.decode(np.array([0xE2, 0x82])) == "\ufffd"


def test_unknown_characters_are_listed_but_not_endlessly():
    vocabulary = Vocabulary.of("abc", "character", "here")
    with pytest.raises(InputError, match="the prompt has characters that the model never saw: 'd' 'é' '🙂'$"):
        vocabulary.encode("d🙂aé", "the prompt")
    with pytest.raises(InputError, match="'k' …$"):
        vocabulary.encode("defghijklmnop")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_text_is_the_same_in_any_encoding_that_can_be_told_and_with_any_line_ends(tmp_path, encoding, ends):
    content = "Grüße aus Köln,\nit was the best of times.\n" * 20
    source = text(tmp_path / "text.txt", content.replace("\n", ends).encode(encoding))
    assert source.text() == content


def test_zero_bytes_without_a_mark_stay_bytes_where_tokens_are_bytes(tmp_path):
    content = bytes([1, 0] * 100)
    assert text(tmp_path / "data.bin", content, tokens="byte").text() == content.decode()
