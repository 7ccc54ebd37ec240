"""Small tables of several kinds of columns."""

import numpy as np

HEADER = "length,color,when,level\n"


def table(rows: int, seed: int = 1) -> str:
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(rows):
        length, color = rng.normal(), rng.choice(["red", "blue"])
        level = "high" if length + (color == "red") > 0.4 else "low"
        lines.append(f"{length:.3f},{color},{rng.integers(0, 9)},{level}")
    return HEADER + "\n".join(lines) + "\n"
