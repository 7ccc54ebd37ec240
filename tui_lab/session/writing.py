"""Text that grows while the network learns: a page after the other, a few tokens at a time."""

from collections.abc import Iterator

import msgspec
import numpy as np

from engine.errors import InputError
from engine.generate import Generator, Sampling
from engine.probes import Probe, Subject
from engine.tasks import Answering

PIECE = 6  # tokens that a text grows by
WRITING_SECONDS = 0.2  # between two pieces: about as fast as one reads
LENGTHS = {"running": 240, "lines": 90, "pairs": 90}  # tokens of a page
PAGES = 7  # that are kept; the older, the farther apart


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


class TextProbe(Probe, frozen=True):
    """What the network writes after a prompt. Another prompt, temperature or index begins another page."""

    prompt: str = ""
    temperature: float = 0.8
    index: int = 0

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        task = subject.dataset.task
        return task.predicts_tokens and not isinstance(task, Answering)

    def take(self, subject: Subject) -> Writing:
        """The first piece of a page; a Writer goes on with it."""
        return Writer(subject).go_on(self)


class Writer:
    """Writes one page after the other; each with the parameters of the step it began at."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.generator: Generator = subject.new_generator()
        self._model = subject.trainer.experiment.model
        self.pages: list[Page] = []
        self._pieces: Iterator[str] = iter(())
        self._begun: TextProbe | None = None
        self._count = 0

    def go_on(self, wanted: TextProbe) -> Writing:
        """The pages after a few more tokens."""
        grown = "".join(self._next(PIECE))
        if wanted != self._begun or (not grown and self._learned()):
            self._begin(wanted)
        elif grown:
            page = self.pages[-1]
            self.pages[-1] = msgspec.structs.replace(page, text=page.text + grown)
        return Writing(tuple(self.pages), self.generator.kind == "lines")

    def _learned(self) -> bool:
        return not self.pages or self.pages[-1].step != self.subject.trainer.step

    def _begin(self, wanted: TextProbe) -> None:
        self._begun = wanted
        self._count += 1
        trainer = self.subject.trainer
        if trainer.experiment.model != self._model:  # an edit of a layer's field
            self.generator, self._model = self.subject.new_generator(), trainer.experiment.model
        self.generator.load(trainer.evaluated())
        length = LENGTHS[self.generator.kind]
        self._pieces = self.generator.write(wanted.prompt, length, Sampling(wanted.temperature), self._count)
        page = Page(trainer.step, wanted.prompt, "", wanted.temperature)
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
