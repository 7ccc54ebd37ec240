"""What a person chose about a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """The attention head that is looked at, and whether the keys go to the picture."""

    layer: int = 0
    head: int = 0
