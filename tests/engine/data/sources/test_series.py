"""Series: windows in time, parts without leaks, rules to be measured against, forecasts that go on from a file."""

import numpy as np
import pytest

from engine.component import build
from engine.data import Source, forecast_base, prepare, read_inputs
from engine.data.preparation.dataset import stream_of
from engine.data.preparation.pipeline import Pipeline
from engine.data.sources.series import Co2, Series, Sunspots
from engine.errors import InputError
from engine.experiment import experiment_from
from engine.trainer import Trainer

COUNT = np.arange(100.0)


def written(tmp_path, values, name="series.csv", header="day,height"):
    path = tmp_path / name
    path.write_text("\n".join([header, *(f"{i},{v:g}" for i, v in enumerate(values))]) + "\n")
    return str(path)


def counted(tmp_path, **fields):
    """The data set of a series 0, 1, 2, … and its values again, in their own units: x (R, T), y (R, H) a part."""
    dataset = prepare(Series(path=written(tmp_path, COUNT), **fields), 1, "float64")
    back = dataset.pipeline.target_to_original
    parts = [getattr(dataset, part) for part in ("train", "val", "test")]
    mean, deviation = (values[0] for values in dataset.pipeline.target_scale)
    return dataset, [(rows.x[:, :, 0] * deviation + mean, back(rows.y)) for rows in parts]


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_window_is_followed_by_its_target_and_each_part_predicts_its_own_stretch(tmp_path, horizon):
    dataset, parts = counted(tmp_path, context=8, horizon=horizon)
    assert dataset.input_shape == (8, 1)
    assert dataset.outputs == horizon
    for (x, y), (begin, end) in zip(parts, [(0, 70), (70, 85), (85, 100)], strict=True):
        np.testing.assert_allclose(np.diff(x, axis=1), 1)
        np.testing.assert_allclose(y, x[:, -1:] + 1 + np.arange(horizon), atol=1e-9)
        assert y.min() == pytest.approx(max(begin, 8))
        assert y.max() == pytest.approx(end - 1)


def test_what_is_measured_is_measured_on_the_training_stretch(tmp_path):
    dataset, _ = counted(tmp_path, context=8)
    mean, deviation = dataset.pipeline.target_scale
    assert mean == [pytest.approx(COUNT[:70].mean())]
    assert deviation == [pytest.approx(COUNT[:70].std())]


def test_rows_share_the_memory_of_one_stream(tmp_path):
    dataset, _ = counted(tmp_path, context=8, horizon=3)
    for rows in (dataset.train, dataset.val, dataset.test):
        assert stream_of(rows.x)[1] == stream_of(rows.y)[1] == 1
    assert np.shares_memory(dataset.train.x, dataset.train.y)


def test_the_rule_that_the_last_value_stays_is_measured_on_the_same_rows(tmp_path):
    dataset, parts = counted(tmp_path, context=8, horizon=3)
    for rows, (x, _) in zip((dataset.train, dataset.val, dataset.test), parts, strict=True):
        guess = dataset.pipeline.target_to_original(rows.baselines["last"])
        np.testing.assert_allclose(guess, np.repeat(x[:, -1:], 3, axis=1), atol=1e-9)


def test_changes_against_a_season_before_and_their_rules(tmp_path):
    values = np.random.default_rng(0).normal(size=60).cumsum()
    source = Series(path=written(tmp_path, values), context=6, horizon=4, difference=12)
    dataset = prepare(source, 1, "float64")
    back, rows = dataset.pipeline.target_to_original, dataset.test
    first = np.arange(51, 60 - 4 + 1)  # of the values that the rows predict
    times = first[:, None] + np.arange(4)
    stored = np.array([float(f"{v:g}") for v in values])
    np.testing.assert_allclose(back(rows.y), stored[times] - stored[times - 12])
    expected = stored[first - 1][:, None] - stored[times - 12]  # the last value stays
    np.testing.assert_allclose(back(rows.baselines["last"]), expected, atol=1e-9)
    np.testing.assert_allclose(back(rows.baselines["season"]), 0, atol=1e-9)


def test_evaluation_tells_the_rules_error_beside_the_networks(tmp_path):
    experiment = experiment_from(
        {
            "data": {"source": "series", "path": written(tmp_path, COUNT), "context": 4, "horizon": 2},
            "model": [{"layer": "dense"}],
            "loss": {"name": "mse"},
            "training": {"steps": 1},
        }
    )
    trainer = Trainer(experiment, prepare(experiment.data, 1))
    trainer.start()
    trainer.advance()
    found = trainer.test_scores()
    assert found["rmse_last"] == pytest.approx(np.sqrt((1 + 4) / 2), rel=1e-4)
    assert list(found)[1:3] == ["rmse", "rmse_last"]


def test_the_newest_window_of_a_file_goes_on(tmp_path):
    dataset, _ = counted(tmp_path, context=8, horizon=3)
    pipeline = Pipeline.from_json(dataset.pipeline.to_json())
    path = written(tmp_path, [5, *range(20, 30)], "new.csv")
    x = read_inputs(path, pipeline, (8, 1), "float64")
    mean, deviation = (values[0] for values in pipeline.target_scale)
    np.testing.assert_allclose(x[0, :, 0] * deviation + mean, np.arange(22, 30))
    np.testing.assert_array_equal(forecast_base(path, pipeline, (8, 1)), 0)


def test_a_forecast_of_changes_is_added_to_the_values_before(tmp_path):
    dataset, _ = counted(tmp_path, context=4, horizon=2, difference=5)
    path = written(tmp_path, np.arange(20.0) ** 2, "new.csv")
    x = read_inputs(path, dataset.pipeline, (4, 1), "float64")
    assert x.shape == (1, 4, 1)
    np.testing.assert_array_equal(forecast_base(path, dataset.pipeline, (4, 1)), [[15**2, 16**2]])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"context": 90},
            r"the train part of the series has 70 values, too few for context = 90 and horizon",
        ),
        (
            {"horizon": 16},
            r"the val part of the series has 15 values, too few for context = 24 and horizon = 16",
        ),
        ({"column": "widht"}, r"has no column 'widht'"),
        ({"difference": 2, "horizon": 3}, r"difference = 2 is less than horizon = 3"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(tmp_path, fields, message):
    path = written(tmp_path, COUNT)
    with pytest.raises(InputError, match=message):
        prepare(build(Source, {"source": "series", "path": path, **fields}, "data"), 1)


def test_a_gap_in_a_series_is_told_by_its_line(tmp_path):
    path = tmp_path / "gap.csv"
    path.write_text("height\n" + "1\n2\n" * 20 + "NA\n3\n" + "1\n" * 40)
    with pytest.raises(InputError, match=r"gap\.csv: line 42 has no value in 'height'; a series needs all"):
        prepare(Series(path=str(path)), 1)
    path.write_text("word\n" + "a\nb\n" * 20)
    with pytest.raises(InputError, match=r"gap\.csv: line 2, column 'word': 'a' is not a number"):
        prepare(Series(path=str(path)), 1)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("short.csv", [1, 2, 3], r"has 3 values, the run looks at context = 8, difference = 12"),
        ("other.csv", [1] * 30, r"has no column 'height'"),
    ],
)
def test_a_file_that_cannot_be_gone_on_from_is_one_clear_line(tmp_path, name, values, message):
    dataset, _ = counted(tmp_path, context=8, difference=12)
    header = "day,width" if name == "other.csv" else "day,height"
    with pytest.raises(InputError, match=message):
        read_inputs(written(tmp_path, values, name, header), dataset.pipeline, (8, 1), "float32")


def test_bundled_series_are_whole():
    name, values = Sunspots().series()
    assert name == "sunspots"
    assert len(values) == 260 * 12  # 1749 to 2008
    assert (values[0], values[-1], values.max()) == (58.0, 0.8, 253.8)  # the highest: October 1957
    assert int(values.argmax()) == (1957 - 1749) * 12 + 9
    name, values = Co2().series()
    assert (name, len(values)) == ("co2", 44 * 12 - 2)  # March 1958 to December 2001
    assert 316 < values[0] < 317
    assert 371 < values[-1] < 372


@pytest.mark.parametrize("kind", [Sunspots, Co2])
def test_bundled_series_come_with_sensible_windows(kind):
    dataset = prepare(kind(), 1)
    assert dataset.baselines[0] == "last"
    assert min(len(rows) for rows in (dataset.train, dataset.val, dataset.test)) > 50
