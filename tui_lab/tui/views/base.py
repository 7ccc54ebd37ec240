"""What every view is: something that a panel can show of a network, from its title to how it is drawn."""

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from engine.probes import Probe
from engine.probes.probe import tag_of
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import ChartStyle

EXAMPLE = "n next example"


@dataclass(frozen=True)
class Choices:
    """What may be chosen about a view; each takes what it has a use for."""

    prompt: str = ""
    temperature: float = 0.8
    index: int = 0  # which example, target or text
    layer: int = 0
    head: int = 0


class View:
    """A view of one probe. Defining the class in a module of this package is all it takes to be found."""

    title: ClassVar[str]
    about: ClassVar[str]  # a sentence for the help
    keys: ClassVar[tuple[str, ...]] = ()  # what may be chosen about it, as its title says it
    kind: ClassVar[type[Probe]]  # what it needs
    rank: ClassVar[int]  # of what suits a run, the lowest is shown first

    def __init__(self, probe: Probe, name: str) -> None:
        self.probe, self.name = probe, name

    @classmethod
    def tag(cls) -> str:
        """ "PatchAttentionView" → "patch_attention"."""
        return tag_of(cls.__name__.removesuffix("View"))

    @classmethod
    def suits(cls, probe: Probe) -> bool:
        return type(probe) is cls.kind

    def request(self, choices: Choices, rows: int, columns: int) -> Probe:
        """The probe to be taken for what was chosen; `rows` and `columns` are how fine a grid can be drawn."""
        known = {"prompt": choices.prompt, "temperature": choices.temperature, "index": choices.index}
        known |= {"rows": rows, "columns": columns}
        fields = self.probe.__struct_fields__
        return msgspec.structs.replace(self.probe, **{k: v for k, v in known.items() if k in fields})

    def paint(self, result: Any, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        """What the probe gave, in height × width cells."""
        raise NotImplementedError

    # -- where there is something to choose within the result ------------------------------------------------

    def moved(self, result: Any, choices: Choices, down: int, right: int) -> Choices | None:
        """What an arrow key chooses; None where arrows have no use."""
        return None

    def following(self, result: Any, choices: Choices) -> Choices | None:
        """What `n` chooses within the result; by default the next example, which is another request."""
        return None

    def clicked(
        self, result: Any, choices: Choices, height: int, width: int, y: int, x: int
    ) -> Choices | None:
        """What a click on a cell chooses."""
        return None

    @classmethod
    def moves(cls) -> bool:
        """Whether arrow keys choose something."""
        return cls.moved is not View.moved
