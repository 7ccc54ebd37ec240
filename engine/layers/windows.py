"""Windows that slide over an axis: what convolution and pooling share."""

from dataclasses import dataclass
from typing import Annotated, Literal

from engine.hyper import hyper

Stride = Annotated[int, hyper("step between windows", ge=1, le=1024)]
Padding = Annotated[
    Literal["same", "valid"],
    hyper("same: pad the borders, ⌈length/stride⌉ outputs; valid: no padding"),
]


@dataclass(frozen=True)
class Windows:
    """Windows over one axis; the first begins `before` the axis does."""

    length: int  # of the axis
    size: int
    stride: int
    count: int
    before: int

    @classmethod
    def over(cls, length: int, size: int, stride: int, padding: str) -> "Windows":
        """Where the windows lie; with "same" the surplus is shared out, an odd one goes behind.

        Raises ValueError where not even one window fits.
        """
        if padding == "same":
            count = -(-length // stride)
            return cls(length, size, stride, count, max((count - 1) * stride + size - length, 0) // 2)
        if size > length:
            raise ValueError(
                f'a window of {size} does not fit into {length}; make it smaller or set padding = "same"'
            )
        return cls(length, size, stride, (length - size) // stride + 1, 0)

    @property
    def reach(self) -> int:
        """The length of the axis with so much added on both sides that every window lies within."""
        return self.before + max(self.length, (self.count - 1) * self.stride + self.size - self.before)


LINE = Windows(length=1, size=1, stride=1, count=1, before=0)  # a sequence is an image of one line
