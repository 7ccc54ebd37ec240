"""Golden values for convolution, pooling, up-sampling and patches: what PyTorch computes.

Run with an interpreter that has PyTorch: `python tests/reference/make_golden_vision.py`; it writes
golden_vision.npz beside it. Images are stored as the engine lays them out, (N, H, W, C), weights as (K, L, C, O).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from make_golden import GOLDEN, gradients, keep, leaf, shaken
from torch import nn


def main() -> None:
    convolutions()
    pools()
    batch_norm()
    network()
    np.savez_compressed(Path(__file__).with_name("golden_vision.npz"), **GOLDEN)


def first(x: torch.Tensor) -> torch.Tensor:
    """Channels last → channels first."""
    return x.movedim(-1, 1)


def last(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(1, -1)


def engine_weight(weight: torch.Tensor) -> torch.Tensor:
    """(O, C, K, L) → (K, L, C, O); (O, C, K) → (K, C, O); (O, I) → (I, O)."""
    return weight.movedim((0, 1), (-1, -2))


def weights(case: str, name: str, module: nn.Module) -> None:
    keep(case, **{f"{name}.weight": engine_weight(module.weight), f"{name}.bias": module.bias})
    keep(case, **{f"d {name}.weight": engine_weight(module.weight.grad), f"d {name}.bias": module.bias.grad})


def case(name: str, x: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Input, output and gradients of a function over channels first."""
    y = last(function(first(x)))
    gradients(f"vision/{name}", x, y, torch.randn_like(y))


def convolutions() -> None:
    """Padding "same" shares out what is missing, an odd one goes behind."""
    cases = {
        "conv2d": (nn.Conv2d(2, 5, 3, padding=1), (0, 0, 0, 0), (3, 6, 5, 2)),
        "conv2d_valid": (nn.Conv2d(3, 4, 2, stride=2), (0, 0, 0, 0), (3, 7, 6, 3)),
        "conv2d_even_same": (nn.Conv2d(2, 3, 4, stride=2), (1, 1, 1, 2), (3, 7, 6, 2)),
        "conv2d_one_channel": (nn.Conv2d(1, 6, 5, padding=2), (0, 0, 0, 0), (4, 8, 8, 1)),
        "patch": (nn.Conv2d(2, 7, 2, stride=2), (0, 0, 0, 0), (3, 4, 6, 2)),
        "conv1d": (nn.Conv1d(2, 5, 5, stride=2), (1, 2), (3, 10, 2)),
    }
    for name, (module, padding, shape) in cases.items():
        module = shaken(module)
        case(name, leaf(*shape), lambda x, m=module, p=padding: m(F.pad(x, p)))
        layer = name.split("_")[0]
        weights(f"vision/{name}", f"{layer}1", module)
        if layer == "patch":
            for key in ("y", "dy"):
                GOLDEN[f"vision/patch/{key}"] = GOLDEN[f"vision/patch/{key}"].reshape(3, 6, 7)


def pools() -> None:
    image, line = (3, 7, 6, 2), (3, 9, 4)
    case("max_pool", leaf(*image), lambda x: F.max_pool2d(x, 2))
    case(
        "max_pool_same", leaf(*image), lambda x: F.max_pool2d(F.pad(x, (0, 1, 1, 1), value=-torch.inf), 3, 2)
    )
    case("max_pool_line", leaf(*line), lambda x: F.max_pool1d(x, 3, 2))
    case("average_pool", leaf(*image), lambda x: F.avg_pool2d(x, 2))
    case(
        "average_pool_same", leaf(3, 7, 7, 2),
        lambda x: F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False),
    )  # fmt: skip
    case("average_pool_line", leaf(*line), lambda x: F.avg_pool1d(x, 2))
    case("global_average", leaf(*image), lambda x: x.mean(dim=(2, 3)))
    case("global_max", leaf(*image), lambda x: x.amax(dim=(2, 3)))
    case("upsample", leaf(2, 3, 4, 2), lambda x: F.interpolate(x, scale_factor=2))
    case("upsample_line", leaf(2, 5, 3), lambda x: F.interpolate(x, scale_factor=3))


def batch_norm() -> None:
    """Over rows, lines and columns, with the running statistics before and after."""
    norm = shaken(nn.BatchNorm2d(5, momentum=0.2))
    norm(torch.randn(4, 5, 3, 2))
    keep("vision/batch_norm", mean=norm.running_mean.clone(), variance=norm.running_var.clone())
    x = leaf(4, 3, 2, 5)
    case("batch_norm", x, norm)
    keep("vision/batch_norm", **{"batch_norm1.gain": norm.weight, "batch_norm1.bias": norm.bias})
    keep(
        "vision/batch_norm", **{"d batch_norm1.gain": norm.weight.grad, "d batch_norm1.bias": norm.bias.grad}
    )
    keep("vision/batch_norm", mean_after=norm.running_mean, variance_after=norm.running_var)
    norm.eval()
    keep("vision/batch_norm", evaluated=last(norm(first(x))))


def network() -> None:
    """Two convolutions, a pool each, then dense: the values of an image are flattened channels last."""
    one, two, dense = (
        shaken(nn.Conv2d(1, 4, 3, padding=1)), shaken(nn.Conv2d(4, 6, 3, padding=1)), shaken(nn.Linear(24, 3))
    )  # fmt: skip

    def function(x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(one(x)), 2)
        x = F.max_pool2d(torch.tanh(two(x)), 2)
        return dense(last(x).flatten(1))

    case("network", leaf(5, 8, 8, 1), function)
    for name, module in (("conv2d1", one), ("conv2d3", two), ("dense5", dense)):
        weights("vision/network", name, module)


if __name__ == "__main__":
    main()
