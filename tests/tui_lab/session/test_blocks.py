"""Blocks as a person reads them."""

from helpers import fake
from tui_lab.session.blocks import grouped, short_name


def test_blocks_that_are_alike_are_told_once():
    rows = grouped(fake.gpt().latest.blocks)
    told = [(row.depth, row.times, row.name, row.parameters) for row in rows]
    assert told[:5] == [
        (0, 1, "embedding1", 1728), (0, 1, "position2", 1024), (0, 1, "transformer3", 98_816),
        (1, 2, "block", 98_816), (2, 1, "attend", 33_024),
    ]  # fmt: skip
    assert sum(row.parameters for row in rows if row.depth == 0) == 101_696
    assert [row.name for row in rows if row.depth == 3] == [
        "layer_norm1", "attention2", "layer_norm1", "dense2", "dense3",
    ]  # fmt: skip


def test_blocks_that_differ_are_told_apart():
    blocks = (("t.block1.a", "dense", (4,), 8), ("t.block2.a", "dense", (4,), 12), ("t", "x", (4,), 20))
    assert [row.name for row in grouped(blocks)] == ["t", "block1", "a", "block2", "a"]


def test_a_layer_within_layers_is_named_by_its_block():
    assert short_name("dense1") == "dense1"
    assert short_name("transformer3.block12.attend.attention2") == "  12 attend attention2"
    assert short_name("residual2.dense1") == "  dense1"
