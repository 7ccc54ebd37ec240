"""Indices: inputs and targets that are numbers of tokens, classes or categories, held against how many there are."""

from collections.abc import Sequence

import numpy as np

from engine.errors import InputError

BLOCK = 2**20  # values that are looked at together


def check_indices(
    values: np.ndarray, vocabulary: Sequence[int], where: str, *, least: int = 0, names: Sequence[str] = ()
) -> None:
    """Raise InputError where `values` (R, …) hold a number that is no index: not whole, below `least`, or not below
    the count in `vocabulary`: one for all columns, or one a column of the last axis, 0 for a column of quantities.

    `where` stands in front of the error, `names` are those of the columns.
    """
    if not any(vocabulary) or not values.size:
        return
    bounds = np.array(vocabulary, np.float64)
    if len(bounds) > 1 and values.shape[-1] != len(bounds):
        raise InputError(f"{where}: rows have {values.shape[-1]} columns, expected {len(bounds)}")
    rows = max(1, BLOCK // max(1, values[0].size))
    for start in range(0, len(values), rows):
        block = values[start : start + rows]
        good = (block >= least) & (block < bounds) & (block == np.floor(block))  # NaN is none of these
        good |= bounds == 0
        if good.all():
            continue
        row, *place = np.argwhere(~good)[0].tolist()
        column = place[-1] if place and len(bounds) > 1 else 0
        name = f" in {names[column]!r}" if len(names) > column and len(bounds) > 1 else ""
        raise InputError(
            f"{where}: row {start + row + 1} holds {block[(row, *place)]:g}{name}; "
            f"expected a whole number from {least} to {vocabulary[column] - 1}"
        )
