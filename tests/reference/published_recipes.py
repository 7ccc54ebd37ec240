"""Two published recipes in PyTorch, to hold the presets shakespeare-gpt and names-mlp against on the same text.

    python tests/reference/published_recipes.py nanogpt FILE [SEED…]
    python tests/reference/published_recipes.py makemore FILE [SEED…]

nanogpt: nanoGPT's training for a CPU (4 layers, 4 heads, 128 wide, 64 characters, batch 12, 2,000 steps); the first
nine tenths of the text are trained on, and the loss is measured on all of the last tenth.
makemore: the MLP of the lectures (context 3, embedding 10, hidden 200, batch 32, 60,000 steps of SGD); names are
shuffled and split 8 : 1 : 1. The presets' side of it:

    tui-lab train shakespeare-gpt --set data.split='{train=0.9,val=0.1,test=0.0}' --set data.measured=1000000
    tui-lab train names-mlp
"""

import gzip
import lzma
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from cases import gpt

POSITIONS, BATCH, STEPS, WARMUP = 64, 12, 2000, 100


def read(path: str) -> str:
    unpack: Callable[[bytes], bytes] = {".xz": lzma.decompress, ".gz": gzip.decompress}.get(
        Path(path).suffix, bytes
    )
    return unpack(Path(path).read_bytes()).decode()


def nanogpt(text: str, seed: int) -> float:
    """The validation loss in nats a character after training."""
    torch.manual_seed(seed)
    characters = sorted(set(text))
    stream = torch.tensor([characters.index(c) for c in text])
    train, val = stream.split([int(0.9 * len(stream)), len(stream) - int(0.9 * len(stream))])
    model = gpt(4, 128, POSITIONS, BATCH, len(characters)).module(torch)
    for name, p in model.named_parameters():
        if p.dim() > 1:
            last = name.endswith(("out.weight", "narrow.weight"))
            torch.nn.init.normal_(p, std=0.02 / math.sqrt(2 * 4) if last else 0.02)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
    for step in range(STEPS):
        progress = (step - WARMUP) / (STEPS - WARMUP)
        cosine = 1e-4 + 0.5 * (1 + math.cos(math.pi * progress)) * 9e-4
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * (step + 1) / (WARMUP + 1) if step < WARMUP else cosine
        starts = torch.randint(len(train) - POSITIONS, (BATCH,))
        rows = torch.stack([train[s : s + POSITIONS + 1] for s in starts])
        optimizer.zero_grad()
        F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    count = (len(val) - 1) // POSITIONS
    x, y = (val[i : i + count * POSITIONS].view(count, POSITIONS) for i in (0, 1))
    with torch.no_grad():
        parts = zip(x.split(64), y.split(64), strict=True)
        total = sum(
            F.cross_entropy(model(a).flatten(0, 1), b.flatten(), reduction="sum").item() for a, b in parts
        )
    return total / y.numel()


def makemore(text: str, seed: int) -> float:
    """The validation loss in nats a letter after training."""
    names = text.split()
    random.Random(seed).shuffle(names)
    letters = {c: i for i, c in enumerate("." + "".join(sorted(set("".join(names)))))}

    def rows(names: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = [], []
        for name in names:
            context = [0, 0, 0]
            for letter in name + ".":
                x.append(context)
                y.append(letters[letter])
                context = [*context[1:], y[-1]]
        return torch.tensor(x), torch.tensor(y)

    first, second = int(0.8 * len(names)), int(0.9 * len(names))
    (x, y), (val_x, val_y) = rows(names[:first]), rows(names[first:second])
    g = torch.Generator().manual_seed(seed)
    table, w1 = (
        torch.randn(len(letters), 10, generator=g),
        torch.randn(30, 200, generator=g) * (5 / 3) / 30**0.5,
    )
    b1, b2 = torch.randn(200, generator=g) * 0.01, torch.zeros(len(letters))
    w2 = torch.randn(200, len(letters), generator=g) * 0.01
    parameters = [p.requires_grad_() for p in (table, w1, b1, w2, b2)]

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(torch.tanh(table[x].view(-1, 30) @ w1 + b1) @ w2 + b2, y)

    steps = 60_000
    for step in range(steps):
        drawn = torch.randint(0, len(x), (32,), generator=g)
        gradients = torch.autograd.grad(loss(x[drawn], y[drawn]), parameters)
        for p, gradient in zip(parameters, gradients, strict=True):
            p.data -= (0.1 if step < steps // 2 else 0.01) * gradient
    return loss(val_x, val_y).item()


if __name__ == "__main__":
    name, path, *seeds = sys.argv[1:]
    recipe = {"nanogpt": nanogpt, "makemore": makemore}[name]
    torch.set_num_threads(1)
    for seed in map(int, seeds or "123"):
        print(f"{name}, seed {seed}: {recipe(read(path), seed):.4f}", flush=True)
