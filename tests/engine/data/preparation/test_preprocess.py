import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from engine.component import build
from engine.data import Pipeline, Source, prepare
from engine.data.preparation.preprocess import (
    ClipOutliers,
    GaussianFilter,
    MedianFilter,
    MinMax,
    Missing,
    OneHot,
    RobustScale,
    Standardize,
)
from engine.data.sources.base import Split
from engine.data.sources.generated import Linear, Spiral
from engine.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(3, 5, (200, 4))


def applied(step, x, categories=None):
    return step.apply(x, json.loads(json.dumps(step.fit(x, categories or {}))))


def test_standardize_gives_mean_zero_and_deviation_one():
    y = applied(Standardize(), X)
    assert np.allclose(y.mean(axis=0), 0)
    assert np.allclose(y.std(axis=0), 1)
    whole = applied(Standardize(whole=True), X)
    assert np.isclose(whole.mean(), 0)
    assert not np.allclose(whole.mean(axis=0), 0)


def test_scaling_leaves_a_constant_column_finite():
    constant = np.full((10, 1), 7.0)
    for step in (Standardize(), MinMax(), RobustScale(), ClipOutliers()):
        assert np.isfinite(applied(step, constant)).all()


CONSTANTS = [0.1, 0.3, 14.62, 1 / 3, -1234.56, 1e-9, 3e15, 1e200, 7.0, 0.0]


@pytest.mark.parametrize("rows", [10, 84, 150, 1000])
@pytest.mark.parametrize("value", CONSTANTS)
def test_a_constant_is_one_even_where_binary_cannot_hold_it(value, rows):
    constant = np.full((rows, 1), value)
    new = constant[:1] + np.maximum(1.0, abs(value)) * 0.1
    for step in (Standardize(), Standardize(whole=True), MinMax(), RobustScale()):
        fitted = json.loads(json.dumps(step.fit(constant, {})))
        assert np.ravel(fitted["scale"]) == 1, step
        assert (step.apply(constant, fitted) == 0).all(), step
        assert np.allclose(step.apply(new, fitted), new - constant[:1]), step
    assert abs(value) > 1e100 or StandardScaler().fit(constant).scale_ == 1


@pytest.mark.parametrize("value", [0.1, 14.62, -1234.56, 3e7])
def test_a_constant_with_rounding_error_is_one_still(value):
    noisy = np.array([[value * 3 / 3], [value + 0.2 - 0.2], [value * 7 / 7]] * 30)
    for step in (Standardize(), MinMax(), RobustScale()):
        assert np.ravel(step.fit(noisy, {})["scale"]) == 1, step
    # ten times the spread of the noise is not cut away from new values either
    assert applied(ClipOutliers(), noisy).shape == noisy.shape
    assert ClipOutliers().apply(noisy + 1, ClipOutliers().fit(noisy, {}))[0, 0] == noisy[0, 0] + 1


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50),
    st.floats(1e-3, 1e3),
)
def test_standardize_scales_as_scikit_learn_does(values, factor):
    x = np.array(values)[:, None] * factor
    fitted, oracle = Standardize().fit(x, {}), StandardScaler().fit(x)
    assert np.allclose(fitted["scale"], oracle.scale_, rtol=1e-6)
    assert np.allclose(Standardize().apply(x, fitted), oracle.transform(x), atol=1e-6)


def test_a_small_spread_about_zero_is_no_constant():
    x = RNG.normal(0, 1e-20, (100, 2))
    for step in (Standardize(), MinMax(), RobustScale()):
        assert (np.array(step.fit(x, {})["scale"]) < 1e-18).all(), step


def test_min_max_reaches_both_ends():
    y = applied(MinMax(low=-1.0, high=1.0), X)
    assert np.allclose(y.min(axis=0), -1)
    assert np.allclose(y.max(axis=0), 1)


def test_robust_scale_does_not_heed_an_outlier():
    spoiled = X.copy()
    spoiled[0] = 1e6
    assert np.allclose(applied(RobustScale(), spoiled)[1:], applied(RobustScale(), X)[1:], atol=0.1)


def test_clip_outliers_bounds_what_is_far_from_the_median():
    spoiled = X.copy()
    spoiled[0, 0] = 1e6
    y = applied(ClipOutliers(deviations=4.0), spoiled)
    assert y[0, 0] < 3 + 5 * 5
    assert np.allclose(y[1:], spoiled[1:])
    flags = np.array([[0.0]] * 9 + [[1.0]])
    assert (applied(ClipOutliers(), flags) == flags).all(), "a rare value of a flag is not an outlier"


@pytest.mark.parametrize("step", [MedianFilter(size=3), GaussianFilter(sigma=1.0)])
def test_filters_take_specks_out_of_images_and_leave_rows_and_channels_apart(step):
    images = np.zeros((2, 9, 9, 2))
    images[0, 4, 4, 0] = 1
    y = step.apply(images, {})
    assert y[0, 4, 4, 0] < 0.5
    assert not y[1].any()
    assert not y[..., 1].any()


@pytest.mark.parametrize("step", [MedianFilter(size=3), GaussianFilter(sigma=1.0)])
def test_filters_leave_the_channels_of_a_series_apart(step):
    series = np.zeros((2, 20, 3))
    series[0, 7, 1] = 1
    y = step.apply(series, {})
    assert y[0, 7, 1] < 0.5
    assert not y[0, :, 0].any()
    assert not y[0, :, 2].any()
    assert (y[0, :, 1] == step.apply(series[:, :, 1], {})[0]).all()


def test_a_median_filter_takes_a_spike_out_of_a_series():
    series = np.ones((1, 20))
    series[0, 7] = 50
    assert (MedianFilter(size=3).apply(series, {}) == 1).all()


@pytest.mark.parametrize(("method", "value"), [("mean", 2.0), ("median", 1.0)])
def test_missing_values_become_the_middle_of_the_training_rows(method, value):
    x = np.array([[1.0], [1.0], [4.0], [np.nan]])
    assert applied(Missing(method=method), x)[3, 0] == value


def test_a_missing_category_becomes_the_most_frequent_one():
    x = np.array([[0.0], [2.0], [2.0], [np.nan]])
    assert applied(Missing(method="mean"), x, {0: 3})[3, 0] == 2


def test_one_hot_makes_a_column_for_each_category():
    x = np.array([[5.0, 0.0], [6.0, 2.0]])
    assert applied(OneHot(), x, {1: 3}).tolist() == [[5, 1, 0, 0], [6, 0, 0, 1]]


@pytest.mark.parametrize("method", ["mean", "median"])
@pytest.mark.parametrize("kind", ["standardize", "min_max", "robust_scale", "clip_outliers", "median_filter"])
def test_categories_are_no_quantities_for_the_steps_before_one_hot(tmp_path, kind, method):
    path = tmp_path / "a.csv"
    rows = "".join(f"{i}.5,{'blue' if i % 9 == 0 else 'red'},{i / 7:.3f}\n" for i in range(40))
    path.write_text("size,color,y\n" + rows)
    for steps in ([kind, "one_hot"], [kind, {"step": "missing", "method": method}], [kind]):
        raw = {"source": "csv", "path": str(path), "preprocess": steps}
        dataset = prepare(build(Source, raw), 1)
        assert dataset.pipeline.columns == ("size", "color=blue", "color=red")
        if steps != [kind]:
            assert set(np.unique(dataset.train.x[:, 1:])) == {0, 1}
            assert (dataset.train.x[:, 1:].sum(axis=1) == 1).all()
        again = Pipeline.from_json(json.loads(json.dumps(dataset.pipeline.to_json(), allow_nan=False)))
        assert (again.transform([[0.5, 1.0]]) == dataset.pipeline.transform([[0.5, 1.0]])).all()


def test_a_table_of_categories_alone_may_be_scaled(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "a,b,y\n" + "".join(f"{'pq'[i % 2]},{'uv'[i // 2 % 2]},{'st'[i % 2]}\n" for i in range(40))
    )
    for kind in ("standardize", "min_max", "robust_scale", "clip_outliers"):
        source = build(Source, {"source": "csv", "path": str(path), "preprocess": [kind, "one_hot"]})
        assert set(np.unique(prepare(source, 1).train.x)) == {0, 1}


def test_everything_is_measured_on_the_training_rows_only():
    source = Linear(preprocess=[Standardize()], split=Split(train=0.5, val=0.25, test=0.25))
    dataset = prepare(source, 1, "float64")
    assert np.isclose(dataset.train.x.mean(), 0)
    assert np.isclose(dataset.train.x.std(), 1)
    assert not np.isclose(dataset.test.x.std(), 1, atol=1e-6)


def test_scaled_targets_are_mapped_back():
    source = Linear(slope=3.0, intercept=50.0, scale_target=True)
    dataset = prepare(source, 1, "float64")
    assert np.isclose(dataset.train.y.mean(), 0)
    original = dataset.pipeline.target_to_original(dataset.train.y)
    assert np.allclose(original, 3 * dataset.train.x + 50)


def test_a_constant_target_of_a_tenth_is_not_scaled_by_rounding_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,y\n" + "".join(f"{i},0.1\n" for i in range(90)))
    raw = {"source": "csv", "path": str(path), "task": "regression", "scale_target": True}
    dataset = prepare(build(Source, raw), 1)
    assert dataset.pipeline.target_scale == ([0.1], [1.0])
    assert not dataset.train.y.any()


def test_a_pipeline_kept_as_json_does_the_same():
    for steps in ([{"step": "standardize"}], [{"step": "min_max", "low": -1.0}, {"step": "clip_outliers"}]):
        source = build(Source, {"source": "iris", "preprocess": steps}, "data")
        dataset = prepare(source, 1)
        again = Pipeline.from_json(json.loads(json.dumps(dataset.pipeline.to_json())))
        raw = source.load(np.random.default_rng(0)).x
        assert (again.transform(raw) == dataset.pipeline.transform(raw)).all()
        assert again == dataset.pipeline


def test_splits_have_their_share_share_no_row_and_keep_the_classes_in_proportion():
    dataset = prepare(Spiral(samples=1000, split=Split(train=0.5, val=0.3, test=0.2)), 4)
    sizes = [len(part) for part in (dataset.train, dataset.val, dataset.test)]
    assert sizes == [500, 300, 200]
    rows = np.concatenate([dataset.train.x, dataset.val.x, dataset.test.x])
    assert len(np.unique(rows, axis=0)) > 990
    for part in (dataset.train, dataset.val, dataset.test):
        assert abs(part.y.mean() - 0.5) < 0.01


def test_a_part_of_no_share_is_empty():
    dataset = prepare(Linear(split=Split(train=1.0, val=0.0, test=0.0)), 1)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (100, 0, 0)


def test_a_split_made_in_code_is_checked_as_well():
    with pytest.raises(ValueError, match="Split.val = -0.5: expected a number >= 0"):
        Split(val=-0.5)


def test_too_few_rows_for_a_split_are_refused():
    with pytest.raises(InputError, match="too few for data.split.test"):
        prepare(Linear(samples=10, split=Split(train=0.9, val=0.06, test=0.02)), 1)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"train": 0.9, "val": 0.2}, "is more than 1"),
        ({"train": 0}, "train must be above 0"),
        ({"train": -0.1}, "data.split.train = -0.1"),
        ({"trian": 0.5}, "did you mean 'train'"),
    ],
)
def test_a_split_that_cannot_be_is_refused(split, message):
    with pytest.raises(InputError, match=message):
        build(Source, {"source": "iris", "split": split}, "data")
