"""Diagnostics: what an expert would look at in a training network, and when to worry."""

from typing import Any

import msgspec
import numpy as np

from engine.builder import Block
from engine.trainer import Trainer

# Each threshold with its source and reason; "ours" where sources give none, or a narrower one that cried wolf.
UPDATE_LOW, UPDATE_HIGH = -4.0, -2.0  # log10 of update : data. Karpathy, cs231n: about -3
UPDATE_BAD = -1.0  # ours: a tenth of the weights in one step
STD_LOW, STD_HIGH = 0.1, 5.0  # of activations. Karpathy: about 1; ours, wider than 0.5 to 2
SATURATED_WATCH, SATURATED_BAD = 0.5, 0.9  # of outputs. SageMaker: half; ours: nearly all
DEAD_WATCH, DEAD_BAD = 0.1, 0.5  # of units. cs231n: 40 % die where lr is too high; ours
VANISHED = 1e-7  # deviation of a gradient. SageMaker: 1e-7, the rounding of float32 at 1
OVERFIT_GAP = 0.3  # (val - train) / train. SageMaker: 0.1; ours: dropout alone gives that
OVERFIT_RISE = 1.05  # val : best val. Ours: less is the noise of an evaluation
PATIENCE = 10  # evaluations since the best, as in early stopping (Prechelt 1998)
SPIKE = 8.0  # deviations above the mean loss. Ours, wider than 5: small batches have long tails
SPIKE_WINDOW = 128  # steps that the mean is of. Ours: fewer give no deviation to trust
CLIPPED = 0.5  # of steps. Ours: what is clipped every other step is a lower learning rate

GOOD, WATCH, BAD = "good", "watch", "bad"


class LayerState(msgspec.Struct, frozen=True):
    """A layer at one step. Numbers are None where a layer has no such thing."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    activation_mean: float | None
    activation_std: float | None
    saturated: float | None  # share of outputs where the activation is flat
    dead: float | None  # share of units that are 0 for every row of the batch
    gradient_std: float | None
    weight_std: float | None
    update_ratio: float | None  # log10(std(Δw) / std(w)), Δw the optimizer's true change
    levels: dict[str, str]  # field → "good", "watch" or "bad"


class Finding(msgspec.Struct, frozen=True):
    """Something to worry about: how much, what it is, what to do."""

    level: str
    message: str
    advice: str


@np.errstate(over="ignore", invalid="ignore")  # of a network that diverged
def layer_states(trainer: Trainer, before: np.ndarray | None = None) -> list[LayerState]:
    """The layers that compute something, after the last step.

    `before` is the flat parameters one step earlier, for the update ratio.
    """
    parameters = trainer.memory.areas["parameters"]
    states = []
    for block in (b for b in trainer.plan.replicas[0].blocks if b.layer.computes):
        weight = next((p for p in block.parameters if p.endswith("weight")), None)
        weight_std = update = None
        if weight is not None:
            tensor = parameters.tensors[weight]
            now = tensor.array
            weight_std = float(now.std())
            if before is not None and weight_std > 0:
                earlier = before[tensor.offset : tensor.offset + tensor.size].reshape(now.shape)
                change = float((now.astype(np.float64) - earlier).std())
                update = float(np.log10(change / weight_std)) if change > 0 else None
        gradient = block.output.gradient.array if block.output.gradient else None
        states.append(describe(block, trainer, gradient, weight_std, update))
    return states


def describe(
    block: Block,
    trainer: Trainer,
    gradient: np.ndarray | None,
    weight_std: float | None,
    update: float | None,
) -> LayerState:
    values = block.output.array
    activation = block.layer.activates
    sizes = trainer.network.shapes
    state: dict[str, Any] = {
        "activation_mean": float(values.mean()),
        "activation_std": float(values.std()),
        "saturated": activation.saturated(values) if activation else None,
        "dead": activation.dead(values) if activation else None,
        "gradient_std": float(gradient.std()) if gradient is not None else None,
        "weight_std": weight_std,
        "update_ratio": update,
    }
    return LayerState(
        name=block.name,
        kind=block.layer.tag(),
        shape=block.shape,
        parameters=sum(int(np.prod(sizes[name])) for name in block.parameters),
        levels={name: level(name, value) for name, value in state.items() if value is not None},
        **state,
    )


def level(name: str, value: float) -> str:
    """How a measurement of a layer stands."""
    match name:
        case "update_ratio":
            return GOOD if UPDATE_LOW <= value <= UPDATE_HIGH else BAD if value > UPDATE_BAD else WATCH
        case "activation_std":
            return GOOD if STD_LOW <= value <= STD_HIGH else WATCH
        case "saturated":
            return BAD if value > SATURATED_BAD else WATCH if value > SATURATED_WATCH else GOOD
        case "dead":
            return BAD if value > DEAD_BAD else WATCH if value >= DEAD_WATCH else GOOD
        case "gradient_std":
            return BAD if value < VANISHED else GOOD
    return GOOD


def findings(
    states: list[LayerState],
    logs: list[dict[str, Any]],
    losses: np.ndarray,
    clipped: float,
    patience: int = PATIENCE,
) -> list[Finding]:
    """What deserves a person's attention, the worst first.

    logs: the measurements so far (as in metrics.jsonl); losses: those of the last steps; clipped: the share of
    recent steps whose gradient was clipped.
    """
    found = [finding for state in states for finding in layer_findings(state)]
    if len(losses) >= SPIKE_WINDOW:
        before = losses[-SPIKE_WINDOW:-1]
        mean, deviation = before.mean(), before.std()
        if deviation > 0 and (losses[-1] - mean) / deviation > SPIKE:
            found.append(Finding(WATCH, "the loss spiked", "clip the gradient (clip_norm 1) or lower lr"))
    if clipped > CLIPPED:
        message = f"{clipped:.0%} of the steps are clipped"
        found.append(Finding(WATCH, message, "raise clip_norm or lower lr"))
    found += course(logs, patience)
    return sorted(found, key=lambda f: f.level != BAD)


def layer_findings(state: LayerState) -> list[Finding]:
    found = []
    if state.levels.get("dead", GOOD) != GOOD:
        message = f"{state.name}: {state.dead:.0%} of the units are dead"
        found.append(Finding(state.levels["dead"], message, "lower lr, or use leaky_relu"))
    if state.levels.get("saturated") == BAD:
        message = f"{state.name}: {state.saturated:.0%} of the outputs are saturated"
        found.append(Finding(BAD, message, "smaller initial weights, standardized inputs, or lower lr"))
    if state.levels.get("gradient_std") == BAD:
        found.append(
            Finding(BAD, f"{state.name}: the gradient has vanished", "layer norm, residual, or relu")
        )
    if state.levels.get("update_ratio") == BAD:
        found.append(Finding(BAD, f"{state.name}: updates are large for its weights", "lower lr"))
    return found


def course(logs: list[dict[str, Any]], patience: int) -> list[Finding]:
    """Overfitting, seen from the course of the validation loss."""
    points = [(log["train_loss"], log["val_loss"]) for log in logs if log.get("val_loss") is not None]
    if len(points) <= patience:
        return []
    train, val = points[-1]
    values = [v for _, v in points]
    best = int(np.argmin(values))
    since = len(values) - 1 - best
    if (
        since >= patience
        and train > 0
        and (val - train) / train > OVERFIT_GAP
        and val > values[best] * OVERFIT_RISE
    ):
        message = f"overfitting: validation was best {since} evaluations ago"
        return [Finding(WATCH, message, "weight decay, dropout, more data, or stop here")]
    return []
