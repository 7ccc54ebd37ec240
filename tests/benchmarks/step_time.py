"""Microseconds a training step, beside PyTorch eager with fused AdamW, interleaved in one run.

    python tests/benchmarks/step_time.py --torch /path/to/python-with-torch [--rounds 7] [--only CNN]

Both sides run in processes of their own on all cores, take turns, and report the median of their rounds. What is
measured stands in cases.py.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from cases import CASES, Case

SECONDS = 0.5  # a round and network
ROWS = 2000


def tui_lab_steps(case: Case):
    """A function that trains for about SECONDS and gives the microseconds a step."""
    import numpy as np

    from engine.data import Dataset, Pipeline, Rows
    from engine.experiment import experiment_from
    from engine.tasks import Classification, NextToken
    from engine.trainer import Trainer

    rng = np.random.default_rng(0)
    classes = max(2, case.outputs)
    names = tuple(map(str, range(classes)))
    task, shape = (NextToken(), case.shape) if case.text else (Classification(), (1,))
    x = rng.integers(0, classes, (ROWS, *shape)) if case.text else rng.normal(size=(ROWS, *case.shape))
    rows = Rows(x.astype(np.float32), rng.integers(0, classes, (ROWS, *shape)).astype(np.float32))
    dataset = Dataset(
        task, rows, rows, rows, Pipeline(task, (), ("y",), names), (classes,) if case.text else ()
    )
    experiment = experiment_from(
        {
            "data": {"source": "moons"},
            "model": case.layers,
            "loss": {"name": "binary_cross_entropy" if case.outputs == 1 else "cross_entropy"},
            "optimizer": {"name": "adamw", "lr": 0.001},
            "training": {"batch_size": case.batch, "steps": 10**9, "evaluate_every": 10**9},
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


def torch_steps(case: Case):
    """The same with PyTorch: forward, loss, backward, fused AdamW; the batch lies ready."""
    import torch

    model = case.module(torch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001, fused=True)
    loss: torch.nn.Module = torch.nn.CrossEntropyLoss()
    if case.text:
        x, y = (torch.randint(0, case.outputs, (case.batch, *case.shape)) for _ in "xy")
    else:
        *places, channels = case.shape
        x = torch.randn(case.batch, channels, *places)
        y = torch.randint(0, max(2, case.outputs), (case.batch,))
    if case.outputs == 1:
        loss, y = torch.nn.BCEWithLogitsLoss(), y[:, None].float()

    def step() -> None:
        optimizer.zero_grad()
        z = model(x)
        (loss(z.flatten(0, 1), y.flatten()) if case.text else loss(z, y)).backward()
        optimizer.step()

    def steps(seconds: float) -> float:
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            step()
            done += 1
        return (time.perf_counter() - began) / done * 1e6

    steps(SECONDS)
    return lambda: steps(SECONDS)


def serve(make) -> None:
    """Answer each line (a name) with the microseconds of one round; a network is made when it is first asked for."""
    runs = {}
    print("ready", flush=True)
    for line in sys.stdin:
        name = line.strip()
        if name not in runs:
            runs[name] = make(CASES[name])
        print(json.dumps(runs[name]()), flush=True)


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
    parser.add_argument("--only", default="", help="networks with this in their name")
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
    for name in [name for name in CASES if options.only in name]:
        for process in processes.values():
            ask(process, name)  # compiles, warms up
        rounds = [
            {side: ask(process, name) for side, process in processes.items()} for _ in range(options.rounds)
        ]
        medians = {side: statistics.median(r[side] for r in rounds) for side in processes}
        line = f"{name:52}" + "".join(f"  {side} {value:9.1f} µs" for side, value in medians.items())
        if "torch" in medians:
            ratio = statistics.median(r["torch"] / r["tui-lab"] for r in rounds)
            line += f"  {ratio:6.1f} times"
        print(line, flush=True)
    for process in processes.values():
        process.terminate()


if __name__ == "__main__":
    main()
