"""The blocks of a network as a person reads them: layers within layers below their own, repeated ones once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

Block = tuple[str, str, tuple[int, ...], int]  # name, kind, shape, parameters


@dataclass(frozen=True)
class BlockRow:
    """A line of the table: how deep it stands, and how often it is there."""

    depth: int
    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int  # of all `times` together
    times: int = 1


@dataclass
class Node:
    """A block and what is within it; `kind` is empty for a part that has no layer of its own."""

    name: str
    kind: str = ""
    shape: tuple[int, ...] = ()
    parameters: int = 0
    within: dict[str, "Node"] = field(default_factory=dict)

    @property
    def signature(self) -> tuple:
        """What two parts that are alike have in common: all but their names."""
        return self.kind, self.shape, self.parameters, tuple(n.signature for n in self.within.values())


def grouped(blocks: Sequence[Block]) -> list[BlockRow]:
    """Rows of a table of blocks; parts in a row that are alike ("block1", "block2" …) are told once."""
    return rows_of(tree(blocks), 0)


def tree(blocks: Sequence[Block]) -> list[Node]:
    """The blocks by the dots of their names, in the order of the outermost ones."""
    root = Node("")
    for name, kind, shape, parameters in blocks:
        node = root
        for part in name.split("."):
            node = node.within.setdefault(part, Node(part))
        node.kind, node.shape, node.parameters = kind, shape, parameters
    for node in root.within.values():
        complete(node)
    return list(root.within.values())


def complete(node: Node) -> None:
    """Give parts without a layer of their own the shape of their last one and the parameters of all."""
    for inner in node.within.values():
        complete(inner)
    if not node.kind and node.within:
        node.shape = list(node.within.values())[-1].shape
        node.parameters = sum(inner.parameters for inner in node.within.values())


def rows_of(nodes: Sequence[Node], depth: int, times: int = 1) -> list[BlockRow]:
    rows: list[BlockRow] = []
    left = list(nodes)
    while left:
        first = left[0]
        alike = next((i for i, n in enumerate(left) if n.signature != first.signature), len(left))
        alike = alike if first.within and not first.kind else 1
        name = first.name.rstrip("0123456789") if alike > 1 else first.name
        rows.append(BlockRow(depth, name, first.kind, first.shape, first.parameters * alike * times, alike))
        rows += rows_of(list(first.within.values()), depth + 1, alike * times)
        left = left[alike:]
    return rows


def short_name(name: str) -> str:
    """A layer within layers by the number of its block and the names that follow: "transformer3.block1.think.dense2"
    is "1 think dense2"."""
    first, *inner = name.split(".")
    if not inner:
        return first
    number = "".join(c for c in inner[0] if c.isdigit()) or inner[0]
    return "  " + " ".join([number, *inner[1:]]) if len(inner) > 1 else f"  {inner[0]}"


def size_of(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def counted(shapes: dict[str, tuple[int, ...]], names: Sequence[str]) -> int:
    """How many numbers parameters of those names hold."""
    return sum(prod(shapes[name]) for name in names)
