"""Golden values of the factorization layer: what PyTorch computes with embeddings for vectors and biases.

Run with an interpreter that has PyTorch: `python tests/reference/make_golden_ratings.py`; it writes
golden_ratings.npz beside it.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

USERS, ITEMS, UNITS, ROWS = 5, 7, 3, 12


class Factorization(nn.Module):
    """mean + b_u + c_i + p_u·q_i"""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.randn(1))
        self.user_bias, self.item_bias = nn.Embedding(USERS, 1), nn.Embedding(ITEMS, 1)
        self.users, self.items = nn.Embedding(USERS, UNITS), nn.Embedding(ITEMS, UNITS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        u, i = x.T
        product = (self.users(u) * self.items(i)).sum(dim=1, keepdim=True)
        return self.mean + self.user_bias(u) + self.item_bias(i) + product


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    layer = Factorization()
    x = torch.stack([torch.randint(0, USERS, (ROWS,)), torch.randint(0, ITEMS, (ROWS,))], dim=1)
    y, dy = layer(x), torch.randn(ROWS, 1)
    y.backward(dy)
    golden = {"x": x, "y": y, "dy": dy}
    for name, parameter in layer.named_parameters():
        name = name.removesuffix(".weight")
        shape = -1 if name in ("user_bias", "item_bias") else parameter.shape
        golden[f"factorization1.{name}"] = parameter.reshape(shape)
        golden[f"d factorization1.{name}"] = parameter.grad.reshape(shape)
    arrays = {f"layers/factorization/{name}": a.detach().numpy() for name, a in golden.items()}
    np.savez_compressed(Path(__file__).with_name("golden_ratings.npz"), **arrays)


if __name__ == "__main__":
    main()
