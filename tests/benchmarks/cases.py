"""What step_time.py measures: networks for tui-lab, and the same ones for PyTorch.

To add one, add a Case to CASES. Neither side's library is imported here: each side runs in an interpreter of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Case:
    """One network; both sides train it on the same kind of rows."""

    name: str
    batch: int
    shape: tuple[int, ...]  # of an input row
    outputs: int  # classes; 1: two classes with one score
    layers: list[dict]  # tui-lab's model
    module: Callable[[Any], Any]  # given the module `torch`, PyTorch's model, channels first
    text: bool = False  # rows are `shape` tokens out of `outputs`, and the next one is told at each


def mlp(sizes: list[int], activation: str, batch: int) -> Case:
    hidden = [{"layer": "dense", "units": n, "activation": activation} for n in sizes[1:-1]]

    def module(torch: Any) -> Any:
        nn, layers = torch.nn, []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.Tanh() if activation == "tanh" else nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    name = f"MLP {'-'.join(map(str, sizes))} {activation}, batch {batch}"
    return Case(name, batch, (sizes[0],), sizes[-1], [*hidden, {"layer": "dense"}], module)


def cnn(side: int, filters: list[int], units: int, batch: int) -> Case:
    """Convolutions 3 × 3, each with a pool behind it, and one hidden layer."""
    layers: list[dict] = []
    for n in filters:
        layers += [{"layer": "conv2d", "filters": n, "activation": "relu"}, {"layer": "max_pool"}]
    layers += [{"layer": "dense", "units": units, "activation": "relu"}, {"layer": "dense"}]

    def module(torch: Any) -> Any:
        nn, made = torch.nn, []
        for channels, n in pairwise([1, *filters]):
            made += [nn.Conv2d(channels, n, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        values = (side // 2 ** len(filters)) ** 2 * filters[-1]
        return nn.Sequential(*made, nn.Flatten(), nn.Linear(values, units), nn.ReLU(), nn.Linear(units, 10))

    name = f"CNN 1×{side}×{side} conv {'-'.join(map(str, filters))} dense {units}, batch {batch}"
    return Case(name, batch, (side, side, 1), 10, layers, module)


def lstm(units: int, embedding: int, length: int, batch: int) -> Case:
    """Over embedded tokens, with a score for each of 65 next ones at every position."""
    layers = [
        {"layer": "embedding", "units": embedding},
        {"layer": "lstm", "units": units},
        {"layer": "unembed", "tied": False},
    ]

    def module(torch: Any) -> Any:
        class Network(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.embedding = torch.nn.Embedding(65, embedding)
                self.lstm = torch.nn.LSTM(embedding, units, batch_first=True)
                self.scores = torch.nn.Linear(units, 65, bias=False)

            def forward(self, x: Any) -> Any:
                return self.scores(self.lstm(self.embedding(x))[0])

        return Network()

    name = f"LSTM {units}, embedding {embedding}, T {length}, batch {batch}"
    return Case(name, batch, (length,), 65, layers, module, text=True)


def gpt(blocks: int, width: int, positions: int, batch: int, tokens: int = 65, heads: int = 4) -> Case:
    """GPT-2's architecture over characters, without dropout and biases, as nanoGPT has it."""
    layers = [
        {"layer": "embedding", "units": width},
        {"layer": "position"},
        {"layer": "transformer", "blocks": blocks, "heads": heads},
        {"layer": "layer_norm"},
        {"layer": "unembed"},
    ]

    def module(torch: Any) -> Any:
        nn, F = torch.nn, torch.nn.functional

        class Block(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
                self.qkv = nn.Linear(width, 3 * width, bias=False)
                self.out = nn.Linear(width, width, bias=False)
                self.wide = nn.Linear(width, 4 * width, bias=False)
                self.narrow = nn.Linear(4 * width, width, bias=False)

            def forward(self, x: Any) -> Any:
                q, k, v = (
                    part.unflatten(2, (heads, -1)).transpose(1, 2)
                    for part in self.qkv(self.norms[0](x)).split(width, dim=2)
                )
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
                x = x + self.out(y.transpose(1, 2).flatten(2))
                return x + self.narrow(F.gelu(self.wide(self.norms[1](x)), approximate="tanh"))

        class Gpt(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.table, self.places = nn.Embedding(tokens, width), nn.Embedding(positions, width)
                self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(blocks))), nn.LayerNorm(width)
                self.head = nn.Linear(width, tokens, bias=False)
                self.head.weight = self.table.weight

            def forward(self, x: Any) -> Any:
                return self.head(self.norm(self.blocks(self.table(x) + self.places.weight)))

        return Gpt()

    name = f"GPT {blocks} layers, {width} wide, T {positions}, batch {batch}"
    return Case(name, batch, (positions,), tokens, layers, module, text=True)


CASES = {
    case.name: case
    for case in (
        mlp([2, 8, 8, 1], "tanh", 32),
        mlp([64, 128, 64, 10], "relu", 64),
        mlp([784, 512, 512, 10], "relu", 128),
        cnn(8, [16, 32], 64, 64),
        cnn(28, [16, 32], 64, 64),
        lstm(128, 64, 64, 32),
        gpt(4, 128, 64, 12),
        gpt(4, 64, 16, 32),
    )
}
