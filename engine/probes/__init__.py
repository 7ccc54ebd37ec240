"""Probes: pictures of what a network has learned, computed from the evaluator's copy of its parameters.

A sight is one such picture; which ones there are depends on data and network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.generate import Generator
from engine.plan import ends_of
from engine.probes import codes, images, pictures, text
from engine.probes.layers import layer_histograms, weights
from engine.probes.pictures import Classes, Fit, Plane
from engine.trainer import Trainer

__all__ = ["Classes", "Fit", "Plane", "Sights", "Wish", "layer_histograms", "weights"]


@dataclass(frozen=True)
class Wish:
    """What a person may choose about a picture."""

    rows: int = 24
    columns: int = 48
    prompt: str = ""
    temperature: float = 0.8
    index: int = 0  # of the image that is looked at


@dataclass
class Sights:
    """The pictures of one training, by name, the one that suits it best first."""

    trainer: Trainer

    def __post_init__(self) -> None:
        self._generator: Generator | None = None
        self._seed = 0
        self.named = self._named()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.named)

    def take(self, name: str, wish: Wish) -> Any:
        """A picture; the evaluator must hold the parameters to look at."""
        return self.named[name](wish)

    def _named(self) -> dict[str, Callable[[Wish], Any]]:
        trainer, dataset = self.trainer, self.trainer.dataset
        found: dict[str, Callable[[Wish], Any]] = {}
        image = images.is_image(dataset.input_shape)
        if dataset.task == "language":
            found["text"] = self._writing
        elif dataset.task == "answering":
            found["answers"] = lambda wish: text.answers(trainer)
        elif dataset.task == "classification":
            if dataset.input_shape == (2,) and len(dataset.classes) == 2:
                found["plane"] = lambda wish: pictures.plane(trainer, wish.rows, wish.columns)
                found["neurons"] = lambda wish: pictures.plane(
                    trainer, wish.rows // 2, wish.columns // 2, True
                )
            else:
                found["confusion"] = lambda wish: pictures.classes(trainer)
                found["mistakes"] = found["confusion"]
            if image:
                found["images"] = lambda wish: images.named(trainer)
        elif image and dataset.outputs == np.prod(dataset.input_shape):
            found["reconstructions"] = lambda wish: images.reconstructions(trainer)
        else:
            found["fit"] = lambda wish: pictures.fit(trainer)
        if image and images.convolutions(trainer):
            found["filters"] = lambda wish: images.filters(trainer)
        if image and any(images.is_image(b.shape) for b in trainer.outline.blocks):
            found["features"] = lambda wish: images.features(trainer, wish.index)
        if text.attention_layers(trainer) and dataset.classes and len(dataset.input_shape) == 1:
            found["attention"] = lambda wish: text.attentions(trainer, wish.prompt)
        if codes.embeddings(trainer):
            found["embedding"] = lambda wish: codes.embedding(trainer)
        return found

    def _writing(self, wish: Wish) -> text.Writing:
        generator = self.generator()
        generator.load(self.trainer.evaluated())
        self._seed += 1
        return text.writing(self.trainer, generator, wish.prompt, wish.temperature, self._seed)

    def generator(self) -> Generator:
        """What writes text, made when it is first asked for."""
        if self._generator is None:
            trainer = self.trainer
            ends = ends_of(trainer.experiment, trainer.dataset)
            self._generator = Generator(trainer.experiment, trainer.outline, ends, trainer.dataset.pipeline)
        return self._generator
