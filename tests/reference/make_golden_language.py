"""Golden values of language: what PyTorch computes for attention, norms, embeddings and two whole small GPTs.

Run with an interpreter that has PyTorch: `python tests/reference/make_golden_language.py`; it writes
golden_language.npz beside it. Parameters have the engine's names and its layout, (inputs, outputs).
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
GOLDEN: dict[str, np.ndarray] = {}
Parameters = dict[str, torch.Tensor]

N, T, D, V = 2, 5, 8, 7


def main() -> None:
    attentions()
    norms_and_tables()
    gpts()
    losses()
    np.savez_compressed(Path(__file__).with_name("golden_language.npz"), **GOLDEN)


def keep(name: str, x: torch.Tensor, y: torch.Tensor, p: Parameters) -> None:
    """Inputs, parameters, outputs, and all gradients for a random gradient of the output."""
    dy = torch.randn_like(y)
    y.backward(dy)
    arrays = {"x": x, "y": y, "dy": dy, **p} | {f"d {k}": v.grad for k, v in p.items()}
    if x.grad is not None:
        arrays["dx"] = x.grad
    GOLDEN.update({f"{name}/{k}": v.detach().numpy().copy() for k, v in arrays.items()})


def leaf(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return (scale * torch.randn(*shape)).requires_grad_()


def heads_of(x: torch.Tensor, width: int) -> torch.Tensor:
    """(N, T, H·K) → (N, H, T, K)"""
    return x.unflatten(2, (-1, width)).transpose(1, 2)


def rotated(x: torch.Tensor) -> torch.Tensor:
    """Su et al. 2021 with the two sides of a plane half a vector apart, as in GPT-NeoX; x (N, H, T, K)."""
    half = x.shape[3] // 2
    angle = torch.arange(x.shape[2])[:, None] / 10_000 ** (torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=3)


def attention(
    x: torch.Tensor,
    p: Parameters,
    name: str,
    heads: int,
    groups: int,
    *,
    causal: bool = True,
    modern: bool = False,
) -> torch.Tensor:
    width = x.shape[2] // heads
    qkv = x @ p[f"{name}.qkv.weight"] + p.get(f"{name}.qkv.bias", torch.zeros(()))
    q, k, v = (heads_of(a, width) for a in qkv.split([heads * width, groups * width, groups * width], dim=2))
    if modern:
        q, k = (F.rms_norm(rotated(a), (width,), eps=1e-6) for a in (q, k))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True).transpose(1, 2).flatten(2)
    return y @ p[f"{name}.out.weight"] + p.get(f"{name}.out.bias", torch.zeros(()))


def attentions() -> None:
    cases = {
        "causal": {"heads": 2, "groups": 2},
        "full": {"heads": 2, "groups": 2, "causal": False},
        "grouped": {"heads": 4, "groups": 2},
        "modern": {"heads": 2, "groups": 1, "modern": True},
    }
    for name, options in cases.items():
        x, name_of = leaf(N, T, D), "attention1"
        width = D // options["heads"]
        columns = (options["heads"] + 2 * options["groups"]) * width
        p = {f"{name_of}.qkv.weight": leaf(D, columns), f"{name_of}.out.weight": leaf(D, D)}
        if name == "full":
            p |= {f"{name_of}.qkv.bias": leaf(columns), f"{name_of}.out.bias": leaf(D)}
        keep(f"language/attention/{name}", x, attention(x, p, name_of, **options), p)


def norms_and_tables() -> None:
    x, p = leaf(N, T, D), {"rms_norm1.gain": leaf(D)}
    keep("language/rms_norm", x, F.rms_norm(x, (D,), p["rms_norm1.gain"], eps=1e-6), p)
    x = leaf(N, T, D)
    gate, value = x.chunk(2, dim=2)
    keep("language/swiglu", x, F.silu(gate) * value, {})
    tokens, p = torch.randint(0, V, (N, T)), {"embedding1.weight": leaf(V, D)}
    keep("language/embedding", tokens, F.embedding(tokens, p["embedding1.weight"]), p)


def gpts() -> None:
    """Two blocks each: as GPT-2 (Radford et al. 2019), and with the parts of newer models."""
    for name, modern in (("gpt", False), ("modern_gpt", True)):
        tokens = torch.randint(0, V, (N, T))
        hidden, groups = (12, 1) if modern else (4 * D, 2)
        body = "transformer2" if modern else "transformer3"
        p = {"embedding1.weight": leaf(V, D)}
        x = F.embedding(tokens, p["embedding1.weight"])
        if not modern:
            p["position2.weight"] = leaf(T, D)
            x = x + p["position2.weight"]
        for block in (f"{body}.block1", f"{body}.block2"):
            attend, think = f"{block}.attend", f"{block}.think"
            p |= {f"{attend}.attention2.qkv.weight": leaf(D, (2 + 2 * groups) * D // 2, scale=0.4)}
            p |= {f"{attend}.attention2.out.weight": leaf(D, D, scale=0.4)}
            h = normed(x, p, attend, modern)
            x = x + attention(h, p, f"{attend}.attention2", 2, groups, modern=modern)
            h = normed(x, p, think, modern)
            p[f"{think}.dense2.weight"] = leaf(D, 2 * hidden if modern else hidden, scale=0.4)
            h = h @ p[f"{think}.dense2.weight"]
            if modern:
                gate, value = h.chunk(2, dim=2)
                h = F.silu(gate) * value
            else:
                h = F.gelu(h, approximate="tanh")
            last = f"{think}.dense{4 if modern else 3}.weight"
            p[last] = leaf(hidden, D, scale=0.4)
            x = x + h @ p[last]
        x = normed(x, p, "", modern, 3 if modern else 4)
        keep(f"language/{name}", tokens, x @ p["embedding1.weight"].T, p)


def normed(x: torch.Tensor, p: Parameters, scope: str, modern: bool, place: int = 1) -> torch.Tensor:
    name = f"{scope}.{'rms' if modern else 'layer'}_norm{place}".removeprefix(".")
    p[f"{name}.gain"] = leaf(D)
    if modern:
        return F.rms_norm(x, (D,), p[f"{name}.gain"], eps=1e-6)
    p[f"{name}.bias"] = leaf(D)
    return F.layer_norm(x, (D,), p[f"{name}.gain"], p[f"{name}.bias"])


def losses() -> None:
    for name, smoothing in (("plain", 0.0), ("smoothed", 0.1)):
        z, t = leaf(11, V, scale=2), torch.randint(0, V, (11,))
        t[::3] = -1
        loss = F.cross_entropy(z, t, ignore_index=-1, label_smoothing=smoothing)
        loss.backward()
        arrays = {"z": z, "t": t[:, None], "loss": loss, "dz": z.grad}
        GOLDEN.update({f"language/loss/{name}/{k}": v.detach().numpy().copy() for k, v in arrays.items()})


if __name__ == "__main__":
    main()
