"""Random experiments in float64 against PyTorch, where it is installed, and against themselves; run by hand.

    python tests/reference/fuzz.py torch [--first 1] [--count 100]
    python tests/reference/fuzz.py bits [--first 1] [--count 100]

torch: 20 steps with the whole training set as the batch, whose rows are then the same ones in any order; losses, all
parameters and the validation loss are compared with those of the twin in torch_twin.py.
bits: with dropout and augmentation too; one, two and three threads, chunks of any length, a stop and a resume, and an
edit before them must give the same bits.

The engine must be installed (pip install -e .). A line tells a seed that differs, with its experiment;
`--first SEED --count 1` repeats it.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from experiments import STEPS, Maker, Tree

from engine.builder import Role
from engine.data import Dataset, prepare
from engine.errors import InputError
from engine.experiment import Experiment, experiment_from
from engine.trainer import Trainer

CLOSE = 1e-8  # relative, after all steps
VALIDATION = "the validation loss"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("against", choices=["torch", "bits"])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
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
        dataset = prepare(experiment.data, experiment.training.seed, "float64")
        tree["training"]["batch_size"] = len(dataset.train)
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
    losses: list[float] = []
    while not trainer.finished:
        trainer.advance()
        losses += trainer.losses.tolist()
    results = {"the losses": np.array(losses)}
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
        leaves[name] = (value.T.contiguous() if name in turned else value).requires_grad_()

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
        loss = loss_of(experiment.loss, twin(x), y)
        losses.append(loss.item())
        loss.backward()
        for leaf in leaves.values():
            if leaf.grad is None:
                leaf.grad = torch.zeros_like(leaf)
        for leaf in decaying:
            leaf.grad += t.l2 * leaf.detach() + t.l1 * leaf.detach().sign()
        largest = max(float(leaf.grad.abs().max()) for leaf in leaves.values())
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
    raise NotImplementedError


if __name__ == "__main__":
    main()
