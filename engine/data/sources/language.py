"""Language: texts as rows of tokens, where every row predicts what comes next."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import PARTS
from engine.data.preparation.vocabulary import Tokens, Vocabulary
from engine.data.readers.files import encoding_of, read_bytes
from engine.data.sources.base import SPLIT_STREAM, Source
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import NextToken

Context = Annotated[int, hyper("context length", ge=1, le=65_536, log=True, unit="tokens")]
Predict = Annotated[
    Literal["each", "last"],
    hyper("each: the next token at every position; last: only the token after the context"),
]
Measured = Annotated[
    int, hyper("maximum number of validation and of test tokens to evaluate", ge=1, log=True, unit="tokens")
]


class Language(Source, kw_only=True):
    """A text; a subclass says which one comes along."""

    path: Annotated[str, hyper("your own text file instead (UTF-8, plain or gzipped)")] = ""
    tokens: Annotated[Tokens, hyper("what a token is")] = "character"
    context: Context = 64
    predict: Predict = "each"
    measured: Measured = 32_768

    @property
    def by_line(self) -> bool:
        """Whether a line is a sequence of its own; otherwise the text is one long sequence."""
        return False

    def own_text(self) -> str:
        """The text that comes along. Raises InputError where it is missing."""
        raise NotImplementedError

    @property
    def where(self) -> str:
        return self.path or super().where

    def text(self) -> str:
        """The whole text, line ends as `\\n`. Raises InputError where it cannot be read or decoded."""
        if not self.path:
            return self.own_text()
        content = read_bytes(Path(self.path))
        encoding = encoding_of(content)
        if self.tokens == "byte" and encoding in ("utf-16-le", "utf-16-be"):
            encoding = "utf-8"  # zero bytes without a mark may be anything
        keeps_bytes = self.tokens == "byte" and encoding.startswith("utf-8")
        try:
            text = content.decode(encoding, "surrogateescape" if keeps_bytes else "strict")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise InputError(
                f'{self.path}: line {line} is not {encoding.upper()} text; use data.tokens = "byte"'
            ) from None
        return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        text = self.text()
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines:
            raise InputError(f"{self.where}: the text is empty")
        if self.by_line:
            lines = list(dict.fromkeys(lines))  # what is learnt must not be what is tested
            vocabulary = Vocabulary.of("".join(lines), self.tokens, self.where)
            parts = self.shuffled(lines, vocabulary, seed)
        else:
            vocabulary = Vocabulary.of(text, self.tokens, self.where)
            parts = self.segments(text, vocabulary)
        train, val, test = (
            self.rows(sequences, vocabulary.end, name, dtype)
            for name, sequences in zip(PARTS, parts, strict=True)
        )
        pipeline = Pipeline(
            task=NextToken(), features=(), targets=("next",), classes=vocabulary.tokens,
            tokens=self.tokens, text="lines" if self.by_line else "running",
        )  # fmt: skip
        return Dataset(NextToken(), train, val, test, pipeline, (len(vocabulary.tokens),))

    def segments(self, text: str, vocabulary: Vocabulary) -> list[list[np.ndarray]]:
        """A running text in three stretches, one after the other; each holds one sequence."""
        stream = vocabulary.encode(text)
        return [[stream[first:last]] for first, last in pairwise(self.split.edges(len(stream)))]

    def shuffled(self, lines: list[str], vocabulary: Vocabulary, seed: int) -> list[list[np.ndarray]]:
        """The lines, shuffled and shared out; each is a sequence between two line ends."""
        order = np.random.default_rng([seed, SPLIT_STREAM]).permutation(len(lines)).tolist()
        end = np.array([vocabulary.end], np.int32)
        sequences = [np.concatenate([end, vocabulary.encode(lines[i]), end]) for i in order]
        return [sequences[first:last] for first, last in pairwise(self.split.edges(len(sequences)))]

    def rows(self, sequences: list[np.ndarray], end: int, part: str, dtype: np.dtype) -> Rows:
        """The rows of one part: for training every window, for the other parts as many as are evaluated."""
        share = self.split.share(part)
        if share == 0:
            kept = self.context if self.predict == "each" else 1
            return Rows(np.empty((0, self.context), dtype), np.empty((0, kept), dtype))
        if self.by_line and not sequences:
            raise InputError(f"{self.where}: there are too few lines for data.split.{part} = {share:g}")
        most = None if part == "train" else self.measured
        if self.by_line:
            make = padded if self.predict == "each" else contexts
            x, y = make(sequences, self.context, end, dtype)
            if most is not None:
                step = -(-len(x) * y.shape[1] // most)
                x, y = x[::step].copy(), y[::step].copy()
            return Rows(x, y)
        stream = sequences[0]
        if len(stream) <= self.context:
            raise InputError(
                f"{self.where}: the {part} part of the text has {len(stream):,} tokens, fewer than data.context = "
                f"{self.context:,} and one more; make the context smaller or the text longer"
            )
        return windows(stream.astype(dtype), self.context, self.predict == "each", most)


def windows(stream: np.ndarray, context: int, each: bool, most: int | None) -> Rows:
    """Windows over a stream (L,): all of them, or spread evenly so that at most `most` tokens are predicted."""
    step = 1
    if most is not None:
        kept = context if each else 1
        step = max(kept, -(-len(stream) * kept // most))
    x = np.lib.stride_tricks.sliding_window_view(stream[:-1], context)[::step]
    if each:
        return Rows(x, np.lib.stride_tricks.sliding_window_view(stream[1:], context)[::step])
    y = np.ascontiguousarray(stream[context::step][:, None])
    return Rows(x, y)


def padded(
    sequences: list[np.ndarray], context: int, end: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """A row a sequence: inputs (R, T) and what follows each (R, T); after the sequence's end nothing counts.

    Of a sequence longer than the context its beginning is used.
    """
    x = np.full((len(sequences), context), end, dtype)
    y = np.full((len(sequences), context), -1, dtype)
    for row, sequence in enumerate(sequences):
        length = min(len(sequence) - 1, context)
        x[row, :length] = sequence[:length]
        y[row, :length] = sequence[1 : length + 1]
    return x, y


def contexts(
    sequences: list[np.ndarray], context: int, end: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """A row a token: the `context` tokens before it, filled up with line ends, and the token (R, 1)."""
    front = np.full(context - 1, end, dtype)
    x, y = [], []
    for sequence in sequences:
        stream = np.concatenate([front, sequence.astype(dtype)])
        x.append(np.lib.stride_tricks.sliding_window_view(stream[:-1], context))
        y.append(sequence[1:].astype(dtype))
    return np.ascontiguousarray(np.concatenate(x)), np.concatenate(y)[:, None]
