"""Writing: text that grows while the network learns, and the answers it gives to prompts."""

from collections.abc import Iterator

import msgspec
import numpy as np

from engine.data.preparation.vocabulary import Vocabulary
from engine.errors import InputError
from engine.evaluate import Evaluator
from engine.generate import Generator, Sampling
from engine.trainer import Trainer

PIECE = 6  # tokens that a text grows by: five times a second, about as fast as one reads
LENGTHS = {"running": 240, "lines": 90, "pairs": 90}  # tokens of a page
PAGES = 7  # that are kept; the older, the farther apart
ANSWERS = 40


class Page(msgspec.Struct, frozen=True, eq=False):
    """A text that the network of one step writes."""

    step: int
    prompt: str
    text: str
    temperature: float
    problem: str = ""  # why there is none


class Writing(msgspec.Struct, frozen=True, eq=False):
    """Pages in their order; the last one may still grow."""

    pages: tuple[Page, ...]
    by_line: bool  # whether each line is a sequence of its own


class Answers(msgspec.Struct, frozen=True, eq=False):
    """Answers to prompts of the validation rows, and to the person's own."""

    rows: list[tuple[str, str, str]]  # prompt, what the network says, what is right
    asked: tuple[str, str] | None  # the person's prompt, and what the network says
    problem: str = ""


class Writer:
    """Writes one page after the other, a few tokens at a time; each with the parameters of the step it began at."""

    def __init__(self, trainer: Trainer, generator: Generator) -> None:
        self.trainer, self.generator = trainer, generator
        self.pages: list[Page] = []
        self._pieces: Iterator[str] = iter(())
        self._begun: tuple[str, float, int] | None = None
        self._count = 0

    def go_on(self, prompt: str, temperature: float, index: int) -> Writing:
        """The pages after a few more tokens. Another prompt, temperature or index begins another page."""
        wanted = (prompt, temperature, index)
        grown = "".join(self._next(PIECE))
        if wanted != self._begun or (not grown and self._learned()):
            self._begin(prompt, temperature)
            self._begun = wanted
        elif grown:
            page = self.pages[-1]
            self.pages[-1] = msgspec.structs.replace(page, text=page.text + grown)
        return Writing(tuple(self.pages), self.generator.kind == "lines")

    def say(self, prompt: str) -> str:
        """The likeliest continuation of a prompt, to its line's end. Raises InputError for unknown characters."""
        self.generator.load(self.trainer.evaluated())
        self._begun = None
        return "".join(self.generator.write(prompt, self.generator.context, Sampling(0.0))).rstrip("\n")

    def _learned(self) -> bool:
        return not self.pages or self.pages[-1].step != self.trainer.step

    def _begin(self, prompt: str, temperature: float) -> None:
        self._count += 1
        self.generator.load(self.trainer.evaluated())
        length = LENGTHS[self.generator.kind]
        self._pieces = self.generator.write(prompt, length, Sampling(temperature), self._count)
        page = Page(self.trainer.step, prompt, "", temperature)
        try:
            page = msgspec.structs.replace(page, text="".join(self._next(PIECE)))
        except InputError as error:
            self._pieces = iter(())
            page = msgspec.structs.replace(page, problem=str(error))
        self.pages = [p for p in self.pages if not p.problem]
        self.pages.append(page)
        if len(self.pages) > PAGES:
            del self.pages[least_telling([p.step for p in self.pages])]

    def _next(self, count: int) -> list[str]:
        return [piece for _, piece in zip(range(count), self._pieces, strict=False)]


def least_telling(steps: list[int]) -> int:
    """Which of the pages to drop so that those left lie farther apart the older they are; never the first or last.

    That is the one whose neighbors are the least apart, measured by the age they have together.
    """
    now = steps[-1] + 1
    gaps = [(steps[i + 1] - steps[i - 1]) / (now - steps[i - 1]) for i in range(1, len(steps) - 1)]
    return 1 + int(np.argmin(gaps))


def answers(trainer: Trainer, network: Evaluator, writer: Writer, prompt: str = "") -> Answers:
    """The likeliest answers to some prompts of the validation rows, and to the person's prompt if there is one."""
    part = trainer.dataset.val if len(trainer.dataset.val) else trainer.dataset.train
    y = part.y[:ANSWERS].astype(int)
    said = greedy(network, part.x[:ANSWERS], y)
    vocabulary = vocabulary_of(trainer)
    rows = []
    for tokens, own, right in zip(part.x[:ANSWERS], said, y, strict=True):
        scored = right >= 0
        first = int(scored.argmax()) + 1
        parts = (
            vocabulary.decode(line).split("\n")[0] for line in (tokens[:first], own[scored], right[scored])
        )
        question, guess, truth = parts
        rows.append((question, guess, truth))
    if not prompt:
        return Answers(rows, None)
    try:
        return Answers(rows, (prompt, writer.say(prompt)))
    except InputError as error:
        return Answers(rows, None, str(error))


def greedy(network: Evaluator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The tokens (R, T) that the network says where y (R, T) is not −1, each after those that it said before."""
    x, said = x.copy(), np.full(y.shape, -1)
    places = np.flatnonzero((y >= 0).any(axis=0))
    for t in range(places[0], places[-1] + 1) if len(places) else ():
        said[:, t] = network.outputs(x).reshape(*y.shape, -1)[:, t].argmax(axis=1)
        if t + 1 < x.shape[1]:
            own = y[:, t] >= 0
            x[own, t + 1] = said[own, t]
    return said


def vocabulary_of(trainer: Trainer) -> Vocabulary:
    pipeline = trainer.dataset.pipeline
    return Vocabulary("byte" if pipeline.tokens == "byte" else "character", pipeline.classes)
