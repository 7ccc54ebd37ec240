"""Sights: the pictures that suit a training, each taken at a pace that leaves the time to the training."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.evaluate import Evaluator
from engine.generate import Generator
from engine.plan import io_spec
from engine.probes import attention, codes, images, pictures, series, signals, writing
from engine.tasks import Answering
from engine.trainer import Trainer

SHARE = 0.03  # of the time, at most, goes into pictures
LONGEST = 30.0  # seconds between two of a picture, however long it takes
WRITING, WRITING_SECONDS = "text", 0.2  # grows by itself, though nothing was learned


@dataclass(frozen=True)
class Wish:
    """What a person may choose about a picture."""

    rows: int = 24
    columns: int = 48
    prompt: str = ""
    temperature: float = 0.8
    index: int = 0  # which example is looked at


@dataclass
class Taken:
    """A picture, of which step and for which wish, and when it may be taken again."""

    picture: Any
    step: int
    wish: Wish
    due: float


Probe = Callable[[Wish], Any]


class Sights:
    """The pictures of one training, by name, the one that suits it best first.

    Probes compute with parameters of their own, copied when a picture is taken: the run's bits do not depend on
    whether anybody looks.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._writer: writing.Writer | None = None
        self._networks: dict[int, Evaluator] = {}
        self._taken: dict[str, Taken] = {}
        self.probes = {name: probe for found in self._suiting() for name, probe in found.items()}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.probes)

    def see(self, names: Iterable[str], wish: Wish, seconds: float = 0.0) -> dict[str, Any]:
        """The pictures of those names that there are, by name.

        Each is taken anew when something was learned or wished since and `seconds` have passed, or longer for one
        that takes long; until then it is the one from before.
        """
        shown = [name for name in dict.fromkeys(names) if name in self.probes]
        now, step, loaded = time.monotonic(), self.trainer.step, False
        made: dict[Probe, Any] = {}
        for name in shown:
            taken, probe = self._taken.get(name), self.probes[name]
            if taken is not None and taken.wish == wish:
                stale = taken.step != step or name == WRITING
                if not stale or now < taken.due:
                    continue
            began = time.monotonic()
            if not loaded:
                self.trainer.evaluator.load(self.trainer.evaluated())
                loaded = True
            if probe not in made:
                made[probe] = probe(wish)
            # The first time something may have been compiled: that says nothing about the next.
            spent = time.monotonic() - began if taken is not None else 0.0
            pace = min(seconds, WRITING_SECONDS) if name == WRITING else seconds
            pause = max(pace, min(spent * len(shown) / SHARE, LONGEST))
            self._taken[name] = Taken(made[probe], step, wish, time.monotonic() + pause)
        return {name: self._taken[name].picture for name in shown}

    def take(self, name: str, wish: Wish) -> Any:
        """A picture, taken now."""
        self._taken.pop(name, None)
        return self.see([name], wish)[name]

    # -- what suits -----------------------------------------------------------------------------------------

    def _suiting(self) -> list[dict[str, Probe]]:
        return [self._of_the_task(), self._of_the_network()]

    def _of_the_task(self) -> dict[str, Probe]:
        """What the network says, and whether it is right."""
        trainer, dataset = self.trainer, self.trainer.dataset
        if isinstance(dataset.task, Answering):
            return {"answers": self._answer}
        if dataset.task.predicts_tokens:
            return {WRITING: self._write}
        if dataset.task.predicts_class:
            return self._of_classes()
        if codes.is_autoencoder(trainer):
            found: dict[str, Probe] = {"codes": lambda wish: codes.hidden_codes(trainer)}
            if images.is_image(dataset.input_shape):
                found = {"reconstructions": lambda wish: images.reconstructions(trainer, wish.index)} | found
            return found
        fit: dict[str, Probe] = {"fit": lambda wish: pictures.fit(trainer, wish.index)}
        if series.is_series(dataset):
            return {"forecast": lambda wish: series.forecast(trainer, wish.index)} | fit
        return fit

    def _of_classes(self) -> dict[str, Probe]:
        trainer, dataset = self.trainer, self.trainer.dataset
        if dataset.input_shape == (2,) and len(dataset.classes) == 2:
            return {
                "plane": lambda wish: pictures.plane(trainer, wish.rows, wish.columns),
                "neurons": lambda wish: pictures.plane(trainer, wish.rows // 2, wish.columns // 2, True),
            }

        def classes(wish: Wish) -> pictures.Classes | None:
            return pictures.classes(trainer)

        found: dict[str, Probe] = {"confusion": classes, "mistakes": classes}
        if images.is_image(dataset.input_shape):
            found["images"] = lambda wish: images.named(trainer, wish.index)
        if signals.is_signal(dataset):
            found["signals"] = lambda wish: signals.named(trainer, wish.index)
        return found

    def _of_the_network(self) -> dict[str, Probe]:
        """What is inside: filters, maps, attention, embeddings."""
        trainer = self.trainer
        found: dict[str, Probe] = {}
        image = images.is_image(trainer.dataset.input_shape)
        if image and images.first_filters(trainer):
            found["filters"] = lambda wish: images.filters(trainer)
        if image and images.mapped(trainer):
            found["features"] = lambda wish: images.features(trainer, self._network(), wish.index)
        if attention.over_tokens(trainer):
            found["attention"] = lambda wish: attention.over_text(trainer, self._network(), wish.prompt)
        elif image and attention.over_patches(trainer):
            found["looks"] = lambda wish: attention.over_image(trainer, self._network(), wish.index)
        for name in codes.tables(trainer):
            key = "embedding" if "embedding" not in found else f"embedding {name}"
            found[key] = partial(self._table, name)
        return found

    # -- what is needed for it --------------------------------------------------------------------------------

    def _network(self, rows: int = 1) -> Evaluator:
        """A network for so many rows at a time, with the parameters of now."""
        trainer = self.trainer
        if rows not in self._networks:
            io = io_spec(trainer.experiment, trainer.dataset)
            self._networks[rows] = Evaluator(trainer.experiment, trainer.network, io, rows)
        self._networks[rows].load(trainer.evaluated())
        return self._networks[rows]

    def _table(self, name: str, wish: Wish) -> codes.Codes:
        return codes.table(self.trainer, name)

    def _write(self, wish: Wish) -> writing.Writing:
        return self.writer().go_on(wish.prompt, wish.temperature, wish.index)

    def _answer(self, wish: Wish) -> writing.Answers:
        return writing.answers(self.trainer, self._network(writing.ANSWERS), self.writer(), wish.prompt)

    def writer(self) -> writing.Writer:
        """What writes text, made when it is first asked for."""
        if self._writer is None:
            trainer = self.trainer
            io = io_spec(trainer.experiment, trainer.dataset)
            generator = Generator(trainer.experiment, trainer.network, io, trainer.dataset.pipeline)
            self._writer = writing.Writer(trainer, generator)
        return self._writer
