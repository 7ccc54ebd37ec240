"""Golden values of the recurrent layers: what PyTorch's RNN, GRU and LSTM compute.

Run with an interpreter that has PyTorch: `python tests/reference/make_golden_recurrent.py`; it writes
golden_recurrent.npz beside it. Weights are stored as the engine lays them out: (inputs, outputs). PyTorch adds two
biases to a gate; the engine has their sum, and for the part of a GRU behind the reset gate one of its own.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
N, T, I, U = 3, 5, 4, 3
KINDS = {
    "rnn": lambda **k: nn.RNN(I, U, batch_first=True, **k),
    "gru": lambda **k: nn.GRU(I, U, batch_first=True, **k),
    "lstm": lambda **k: nn.LSTM(I, U, batch_first=True, **k),
}
DEEP = {"num_layers": 2, "bidirectional": True}
CASES = {"plain_each": {}, "deep_each": DEEP, "deep_last": DEEP}


def main() -> None:
    golden: dict[str, np.ndarray] = {}
    for kind, make in KINDS.items():
        cases = CASES | ({"relu_plain_each": {"nonlinearity": "relu"}} if kind == "rnn" else {})
        for name, options in cases.items():
            for key, value in case(make(**options), kind, name.split("_")[-1]).items():
                golden[f"recurrent/{kind}_{name}/{key}"] = value
    np.savez_compressed(Path(__file__).with_name("golden_recurrent.npz"), **golden)


def case(module: nn.RNNBase, layer: str, output: str) -> dict[str, np.ndarray]:
    """Values and gradients of the output, the input and the parameters by the engine's names."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)
    x = torch.randn(N, T, I).requires_grad_()
    y, last = module(x)
    if output == "last":
        h = last[0] if isinstance(last, tuple) else last
        y = torch.cat([*h[-2:]], dim=1) if module.bidirectional else h[-1]
    dy = torch.randn(y.shape)
    y.backward(dy)
    found = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    for i in range(module.num_layers):
        for way, suffix in (("forward.", ""), ("backward.", "_reverse"))[: 1 + module.bidirectional]:
            name = f"{layer}1.layer{i + 1}.{way if module.bidirectional else ''}"
            for mark, part in (("", lambda p: p), ("d ", lambda p: p.grad)):
                of = {k: part(getattr(module, f"{k}_l{i}{suffix}")) for k in ("weight_ih", "weight_hh")}
                b, own = (part(getattr(module, f"bias_{k}_l{i}{suffix}")) for k in ("ih", "hh"))
                if layer == "gru":
                    found[f"{mark}{name}recurrent_bias"] = own[2 * U :]
                    own = torch.cat([own[: 2 * U], torch.zeros(U)])
                found[f"{mark}{name}weight"] = of["weight_ih"].T
                found[f"{mark}{name}recurrent_weight"] = of["weight_hh"].T
                found[f"{mark}{name}bias"] = b if mark else b + own
    return {key: value.detach().numpy().copy() for key, value in found.items()}


if __name__ == "__main__":
    main()
