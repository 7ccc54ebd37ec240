"""Dropout: what share is kept, and what the mask depends on."""

from itertools import pairwise

import numpy as np
import pytest

from engine.layers.dropout import Dropout
from engine.machine.registers import SAMPLES, SEED
from helpers.rigs import LayerRig

ROWS, FEATURES = 40, 50
ONES = np.ones((ROWS, FEATURES))


def rig_of(rows: int = ROWS, **options: object) -> LayerRig:
    return LayerRig([Dropout(rate=0.3)], (rows, FEATURES), **options)  # type: ignore[arg-type]


def test_the_kept_share_is_one_minus_rate_and_is_scaled_up():
    rig = rig_of()
    y = np.concatenate([rig_at(rig, step) for step in range(20)])
    mask = y != 0
    assert abs(mask.mean() - 0.7) < 0.01
    np.testing.assert_allclose(y[mask], 1 / 0.7)
    assert abs(mask.mean(axis=0) - 0.7).max() < 0.07, "every feature alike"
    assert abs(mask.mean(axis=1) - 0.7).max() < 0.3, "every row alike"


def rig_at(rig: LayerRig, step: int) -> np.ndarray:
    rig.clock.array[SAMPLES] = (step + 1) * ROWS
    return rig.outputs(ONES)


def test_a_mask_is_drawn_again_alike_for_the_same_seed_and_step():
    rig = rig_of()
    first, other = rig_at(rig, 3), rig_at(rig, 4)
    np.testing.assert_array_equal(rig_at(rig, 3), first)
    np.testing.assert_array_equal(rig_at(rig_of(), 3), first)
    assert 0.3 < (first != other).mean() < 0.55, "independent masks differ in 2·0.3·0.7 of the places"


def test_masks_of_other_seeds_and_of_other_layers_are_independent():
    rig = LayerRig([Dropout(rate=0.3), Dropout(rate=0.3)], ONES.shape)
    rig.forward()
    masks = [rig.memory[f"dropout{i}.mask"] for i in (1, 2)]
    assert 0.3 < (masks[0] != masks[1]).mean() < 0.55
    before = masks[0].copy()
    rig.clock.array[SEED] += 1
    rig.forward()
    assert 0.3 < (masks[0] != before).mean() < 0.55


@pytest.mark.parametrize("edges", [(0, 20, 40), (0, 7, 29, 40)])
def test_the_mask_does_not_depend_on_how_the_batch_is_cut_into_shards(edges):
    whole = rig_of().outputs(ONES)
    parts = [
        rig_of(last - first, first=first, batch=ROWS).outputs(ONES[first:last])
        for first, last in pairwise(edges)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_accumulated_batches_have_the_masks_of_one_large_batch():
    whole = rig_of().outputs(ONES)
    rig = rig_of(10)
    for micro in range(4):
        rig.clock.array[SAMPLES] = (micro + 1) * 10
        np.testing.assert_array_equal(rig.outputs(ONES[:10]), whole[10 * micro : 10 * micro + 10])


def test_the_gradient_passes_where_the_value_passed():
    rig = rig_of()
    y = rig.outputs(ONES)
    rig.backward(2 * ONES)
    np.testing.assert_allclose(rig.tensors()["input"][1], 2 * y)


def test_the_rate_can_change_between_two_steps():
    rig = rig_of()
    for rate in (0.0, 0.9):
        rig.memory["dropout1.rate"][0] = rate
        assert abs((rig.outputs(ONES) == 0).mean() - rate) < 0.05
        np.testing.assert_allclose(rig.outputs(ONES).max(), 1 / (1 - rate))


def test_evaluation_changes_nothing():
    rig = rig_of(training=False)
    np.testing.assert_array_equal(rig.outputs(ONES), ONES)
    assert not rig.net.forward
