"""Microseconds a training step, beside PyTorch eager with fused AdamW, interleaved in one run.

    python tests/benchmarks/step_time.py --torch /path/to/python-with-torch [--rounds 7]

Both sides run in processes of their own on all cores, take turns, and report the median of their rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from itertools import pairwise

NETWORKS = {
    "MLP 2-8-8-1 tanh, batch 32": ([2, 8, 8, 1], "tanh", 32),
    "MLP 64-128-64-10 relu, batch 64": ([64, 128, 64, 10], "relu", 64),
    "MLP 784-512-512-10 relu, batch 128": ([784, 512, 512, 10], "relu", 128),
}
SECONDS = 0.5  # a round and network


def tui_lab_steps(sizes: list[int], activation: str, batch: int):
    """A function that trains for about SECONDS and gives the microseconds a step."""
    import numpy as np

    from engine.data import Dataset, Pipeline, Rows
    from engine.experiment import experiment_from
    from engine.trainer import Trainer

    rng = np.random.default_rng(0)
    classes = max(2, sizes[-1])
    x = rng.normal(size=(2000, sizes[0])).astype(np.float32)
    y = rng.integers(0, classes, (2000, 1)).astype(np.float32)
    rows = Rows(x, y)
    pipeline = Pipeline("classification", (), ("y",), tuple(map(str, range(classes))))
    dataset = Dataset("classification", rows, rows, rows, pipeline)
    hidden = [{"layer": "dense", "units": n, "activation": activation} for n in sizes[1:-1]]
    experiment = experiment_from(
        {
            "data": {"source": "moons"},
            "model": [*hidden, {"layer": "dense"}],
            "loss": {"name": "binary_cross_entropy" if sizes[-1] == 1 else "cross_entropy"},
            "optimizer": {"name": "adamw", "lr": 0.001},
            "training": {"batch_size": batch, "steps": 10**9, "evaluate_every": 10**9},
        }
    )
    trainer = Trainer(experiment, dataset)
    trainer.start()
    for _ in range(20):
        trainer.advance(0.02)

    def run() -> float:
        first, began = trainer.step, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            trainer.advance()
        return (time.perf_counter() - began) / (trainer.step - first) * 1e6

    return run


def torch_steps(sizes: list[int], activation: str, batch: int):
    """The same with PyTorch: forward, loss, backward, fused AdamW; the batch lies ready."""
    import torch

    layers: list[torch.nn.Module] = []
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers.append(torch.nn.Linear(inputs, outputs))
        if i < len(sizes) - 2:
            layers.append(torch.nn.Tanh() if activation == "tanh" else torch.nn.ReLU())
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001, fused=True)
    x = torch.randn(batch, sizes[0])
    if sizes[-1] == 1:
        loss, y = torch.nn.BCEWithLogitsLoss(), torch.randint(0, 2, (batch, 1)).float()
    else:
        loss, y = torch.nn.CrossEntropyLoss(), torch.randint(0, sizes[-1], (batch,))

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    for _ in range(200):
        step()

    def run() -> float:
        steps, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            for _ in range(20):
                step()
            steps += 20
        return (time.perf_counter() - began) / steps * 1e6

    return run


def serve(make) -> None:
    """Answer each line (a network's name) with the microseconds of one round."""
    runs = {name: make(*network) for name, network in NETWORKS.items()}
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(runs[line.strip()]()), flush=True)


def ask(process: subprocess.Popen, name: str) -> float:
    assert process.stdin
    assert process.stdout
    process.stdin.write(name + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python that has PyTorch; without it only tui-lab is measured")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", choices=["tui-lab", "torch"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(tui_lab_steps if options.serve == "tui-lab" else torch_steps)
        return
    sides = {"tui-lab": sys.executable} | ({"torch": options.torch} if options.torch else {})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = {
        side: subprocess.Popen([python, __file__, "--serve", side], **pipes) for side, python in sides.items()
    }
    for process in processes.values():
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for name in NETWORKS:
        rounds = [
            {side: ask(process, name) for side, process in processes.items()} for _ in range(options.rounds)
        ]
        medians = {side: statistics.median(r[side] for r in rounds) for side in processes}
        line = f"{name:38}" + "".join(f"  {side} {value:9.1f} µs" for side, value in medians.items())
        if "torch" in medians:
            ratio = statistics.median(r["torch"] / r["tui-lab"] for r in rounds)
            line += f"  {ratio:6.1f} times"
        print(line, flush=True)
    for process in processes.values():
        process.terminate()


if __name__ == "__main__":
    main()
