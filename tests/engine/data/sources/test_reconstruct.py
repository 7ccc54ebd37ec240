"""Sources whose target is their own input, as an autoencoder learns it."""

import numpy as np
import pytest

from engine.component import build
from engine.data import Pipeline, Source, prepare
from engine.tasks import Regression


def source(name: str, **fields: object) -> Source:
    return build(Source, {"source": name, "reconstruct": True, **fields}, "data")


def test_the_target_is_the_input_after_its_preprocessing():
    dataset = prepare(source("digits", preprocess=[{"step": "standardize", "whole": True}]), 1)
    assert dataset.task == Regression()
    assert dataset.outputs == 64
    assert not dataset.classes
    for rows in (dataset.train, dataset.val, dataset.test):
        assert rows.x.shape[1:] == (8, 8, 1)
        np.testing.assert_array_equal(rows.y, rows.x.reshape(len(rows), 64))


def test_the_rows_are_those_of_the_classes_which_stay_as_labels():
    plain = prepare(build(Source, {"source": "iris"}, "data"), 3)
    dataset = prepare(source("iris"), 3)
    assert dataset.labels == plain.classes
    for part in ("train", "val", "test"):
        before, after = getattr(plain, part), getattr(dataset, part)
        np.testing.assert_array_equal(after.x, before.x)
        np.testing.assert_array_equal(after.labels, before.y[:, 0])


def test_targets_of_a_table_are_named_for_its_columns_and_keep_their_scale():
    dataset = prepare(source("diabetes", scale_target=True), 1)
    assert dataset.targets[0] == f"{dataset.features[0]} again"
    assert dataset.train.labels is None
    values = dataset.train.y[:5]
    np.testing.assert_array_equal(dataset.pipeline.target_to_original(values), values)


@pytest.mark.parametrize("name", ["digits", "iris"])
def test_the_pipeline_is_kept_with_a_run(name):
    pipeline = prepare(source(name), 1).pipeline
    assert Pipeline.from_json(pipeline.to_json()).targets == pipeline.targets
