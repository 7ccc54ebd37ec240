"""Random experiments in float64 against PyTorch, where it is installed, and against themselves; run by hand.

    python tests/reference/fuzz.py torch [--first 1] [--count 100]
    python tests/reference/fuzz.py bits [--first 1] [--count 100]

torch: 20 steps with the whole training set as the batch, whose rows are then the same ones in any order; losses, all
parameters and the validation loss are compared with those of the twin in torch_twin.py.
bits: with dropout and augmentation too; a run with two edits that is stopped, killed twice and resumed, on two or
three threads in chunks of any length, must have the bits and the measurements of the unbroken one on one thread.

The engine must be installed (pip install -e .). A line tells a seed that differs, with its experiment;
`--first SEED --count 1` repeats it.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from experiments import STEPS, Maker, Tree

import engine.trainer
from engine.builder import Role
from engine.data import Dataset, prepare
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from
from engine.launch import with_changes
from engine.loop import Launch, Status, TrainingLoop
from engine.runs import RunDirectory
from engine.trainer import Trainer

CLOSE = 1e-8  # relative, after all steps
VALIDATION = "the validation loss"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("against", choices=["torch", "bits"])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    engine.trainer.SERIAL_WORK = 0  # threads also for networks so small that they do not pay
    os.environ.setdefault("NUMBA_NUM_THREADS", "3")
    check: Callable[[int, Path], float | None] = {"torch": against_torch, "bits": against_itself}[
        options.against
    ]
    differing, refused, worst = [], 0, 0.0
    for seed in range(options.first, options.first + options.count):
        with tempfile.TemporaryDirectory() as folder:
            error = check(seed, Path(folder))
        if error is None:
            refused += 1
        elif not error <= CLOSE:
            differing.append(seed)
        else:
            worst = max(worst, error)
    tried = options.count - refused
    print(f"{tried - len(differing)} of {tried} agree, the worst to {worst:.1e}; {refused} refused")
    if differing:
        print("seeds that differ:", *differing)
        raise SystemExit(1)


def made(seed: int, folder: Path, random_parts: bool) -> tuple[Tree, Experiment, Dataset] | None:
    """The experiment of a seed and its data; None where the engine refuses it."""
    tree = Maker(seed, folder, random_parts).experiment()
    try:
        experiment = experiment_from(tree)
        dataset = prepare(experiment.data, experiment.training.seed, experiment.training.precision)
        tree["training"]["batch_size"] = (
            len(dataset.train) if not random_parts else min(14, len(dataset.train))
        )
        experiment = experiment_from(tree)
        Trainer(experiment, dataset)
    except InputError as error:
        print(f"seed {seed}: refused: {error}")
        return None
    return tree, experiment, dataset


def tell(seed: int, tree: Tree, error: float, where: str) -> None:
    if not error <= CLOSE:
        print(f"seed {seed}: {where} differs by {error:.1e}\n    {json.dumps(tree)}", flush=True)


def relative(a: np.ndarray, b: np.ndarray) -> float:
    scale = max(float(np.abs(b).max(initial=0)), 1e-3)
    return float(np.abs(np.asarray(a) - b).max(initial=0)) / scale


# -- against PyTorch ------------------------------------------------------------------------------------------


def against_torch(seed: int, folder: Path) -> float | None:
    """The largest relative difference of a loss, a parameter or the validation loss; None where refused.

    Where PyTorch differs as much from itself after a change of the last digits, of parameters and of gradients,
    nothing can be said: 0.
    """
    found = made(seed, folder, random_parts=False)
    if found is None:
        return None
    tree, experiment, dataset = found
    trainer = Trainer(experiment, dataset, threads=1)
    trainer.start()
    if experiment.optimizer.tag() == "adafactor" and any(
        len(p.shape) > 2 for p in trainer.network.parameters
    ):
        return None  # PyTorch factors the last two axes of such weights
    expected = trained_twin(trainer, dataset)
    shaken = trained_twin(trainer, dataset, shake=1e-15)
    results = {"the losses": np.concatenate([chunk.losses for chunk in trainer])}
    results |= {name: trainer.memory[name] for name in expected if name not in ("the losses", VALIDATION)}
    if VALIDATION in expected:
        trainer.evaluator.load(trainer.evaluated())
        results[VALIDATION] = np.array(trainer.measure("val")[0])
    errors = {name: relative(results[name], value) for name, value in expected.items()}
    where = max(errors, key=lambda name: np.nan_to_num(errors[name], nan=np.inf))
    if errors[where] < 1000 * relative(shaken[where], expected[where]):
        return 0.0
    tell(seed, tree, errors[where], where)
    return errors[where]


def trained_twin(trainer: Trainer, dataset: Dataset, shake: float = 0.0) -> dict[str, np.ndarray]:
    """What PyTorch makes of the same beginning: losses, parameters, running statistics, the validation loss."""
    import torch
    from torch_twin import Twin, loss_of, optimizers_of

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    experiment = trainer.experiment
    parameters = {p.name: p for p in trainer.network.parameters}
    muon = experiment.optimizer.tag() == "muon"
    turned = {n for n, p in parameters.items() if muon and p.role is Role.HIDDEN and len(p.shape) == 2}
    leaves = {}
    for name in parameters:
        value = torch.tensor(trainer.memory[name])
        value *= 1 + shake * torch.randn_like(value)
        leaves[name] = (value.T.clone() if name in turned else value).requires_grad_()

    def named(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor.T if name in turned else tensor for name, tensor in tensors.items()}

    statistics = trainer.memory.areas.get("statistics")
    running = {n: torch.tensor(t.array) for n, t in statistics.tensors.items()} if statistics else {}
    twin = Twin(list(experiment.model), named(leaves), running)
    decaying = [leaf for name, leaf in leaves.items() if parameters[name].decay]
    others = [leaf for name, leaf in leaves.items() if not parameters[name].decay]
    optimizers = optimizers_of(experiment.optimizer, decaying, others, [leaves[name] for name in turned])
    x, y = (torch.tensor(np.array(rows)) for rows in (dataset.train.x, dataset.train.y))
    t = experiment.training
    means = {name: leaf.detach().clone() for name, leaf in leaves.items()}
    losses = []
    for rate in trainer.rates(0, STEPS):
        for optimizer, factor in optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        twin.p = named(leaves)
        loss = loss_of(experiment.loss, twin(x), y)
        losses.append(loss.item())
        loss.backward()
        for leaf in leaves.values():
            if leaf.grad is None:
                leaf.grad = torch.zeros_like(leaf)
        for leaf in decaying:
            leaf.grad += t.l2 * leaf.detach() + t.l1 * leaf.detach().sign()
        largest = max(float(leaf.grad.abs().max()) for leaf in leaves.values() if leaf.numel())
        for leaf in leaves.values():
            leaf.grad += shake * largest * torch.randn_like(leaf.grad)
        norm = torch.sqrt(sum((leaf.grad**2).sum() for leaf in leaves.values()))
        for leaf in leaves.values():
            if 0 < t.clip_norm < norm:
                leaf.grad *= t.clip_norm / norm
            if t.clip_value:
                leaf.grad.clamp_(-t.clip_value, t.clip_value)
        for optimizer, _ in optimizers:
            optimizer.step()
        for name, leaf in leaves.items():
            means[name] += (1 - t.average) * (leaf.detach() - means[name])
    results = {"the losses": np.array(losses)}
    results |= {name: value.detach().numpy() for name, value in named(leaves).items()}
    results |= {name: value.numpy() for name, value in running.items()}
    if len(dataset.val.x):
        twin.training, twin.p = False, named(means if t.average else leaves)
        inputs, targets = (torch.tensor(np.array(rows)) for rows in (dataset.val.x, dataset.val.y))
        with torch.no_grad():
            results[VALIDATION] = np.array(loss_of(experiment.loss, twin(inputs), targets).item())
    return results


def against_itself(seed: int, folder: Path) -> float | None:
    """0 where a run that is stopped, killed and resumed with other threads and chunks gives the bits of the unbroken
    one, edits included; 1 where not; None where refused."""
    found = made(seed, folder, random_parts=True)
    if found is None:
        return None
    tree, experiment, dataset = found
    rng = np.random.default_rng([seed, 1])
    kinds = edits_of(experiment, rng)
    edits: list[Action] = [(int(rng.integers(1, STEPS)), kinds[i]) for i in range(2)]
    breaks: list[Action] = [(int(rng.integers(1, STEPS)), kind) for kind in ("stop", "kill", "kill")]
    whole = lived(experiment, dataset, folder / "whole", edits, 1, None)
    broken = lived(experiment, dataset, folder / "broken", [*edits, *breaks], int(rng.integers(2, 4)), rng)
    differing = [name for name in whole if name not in broken or whole[name] != broken[name]]
    if differing or whole.keys() != broken.keys():
        print(
            f"seed {seed}: {', '.join(differing)} differ\n    {edits} {breaks}\n    {json.dumps(tree)}",
            flush=True,
        )
        return 1.0
    return 0.0


Action = tuple[int, Any]  # at which step; "stop", "kill", or the field and value of an edit


def lived(
    experiment: Experiment,
    dataset: Dataset,
    root: Path,
    actions: list[Action],
    threads: int,
    rng: np.random.Generator | None,
) -> dict[str, bytes]:
    """All bits of a run at its end, and what it measured; chunks of random lengths where there is an `rng`."""
    loop = opened(experiment, dataset, root, threads)
    for step, action in sorted(actions, key=lambda a: (a[0], str(a[1]))):
        train_to(loop, step, rng)
        if loop.status is not Status.RUNNING:
            break
        if action == "stop":
            loop.end()
        elif action == "kill":
            loop.close()
        else:
            with suppress(InputError):  # not while it learns: of the other run neither
                loop.edit(with_changes(loop.experiment, (action,)), author="fuzz")
        if action in ("stop", "kill"):
            loop = opened(experiment, dataset, root, threads)
    train_to(loop, 10**9, rng)
    arrays = {name: array.tobytes() for name, array in loop.trainer.arrays().items()}
    arrays |= {f"best {name}": array.tobytes() for name, array in loop.trainer.best.items()}
    assert loop.run is not None
    measured = [{k: v for k, v in line.items() if k != "time"} for line in loop.run.metrics()]
    return arrays | {"what was measured": json.dumps(measured).encode()}


def opened(experiment: Experiment, dataset: Dataset, root: Path, threads: int) -> TrainingLoop:
    """A loop that begins a run, or takes it up from its files."""
    run = RunDirectory(root / "run") if (root / "run").exists() else None
    loop = TrainingLoop(Launch("fuzz", experiment, root, "run", run=run, threads=threads), dataset)
    loop.open()
    if run is None or loop.status is not Status.ENDED:
        loop.play()
    return loop


def train_to(loop: TrainingLoop, step: int, rng: np.random.Generator | None) -> None:
    while loop.status is Status.RUNNING and loop.step < step:
        loop.advance(step if rng is None else min(step, loop.step + int(rng.integers(1, 6))))


def edits_of(experiment: Experiment, rng: np.random.Generator) -> list[tuple[str, Any]]:
    """Edits of every kind in random order."""
    edits: list[tuple[str, Any]] = [
        ("optimizer.lr", experiment.optimizer.lr / 2), ("optimizer.weight_decay", 0.05),
        ("optimizer", {"name": "adam", "lr": 0.002}), ("optimizer", {"name": "muon", "lr": 0.01}),
        ("schedule", {"name": "constant"}), ("schedule", {"name": "plateau", "patience": 1}),
        ("training.batch_size", 5), ("training.clip_norm", 0.3), ("training.clip_value", 0.01),
        ("training.l1", 0.01), ("training.l2", 0.02), ("training.average", 0.8), ("training.steps", STEPS - 3),
        ("augment", [{"step": "noise", "std": 0.3}]), ("training.patience", 1),
    ]  # fmt: skip
    for i, layer in enumerate(experiment.model):
        edits += [
            (f"model.{i}.{name}", 0.3) for name in ("rate", "momentum", "dropout") if hasattr(layer, name)
        ]
    return [edits[i] for i in rng.permutation(len(edits))]


if __name__ == "__main__":
    main()
