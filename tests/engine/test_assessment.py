"""What an evaluation tells beyond the metrics, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from engine.assessment import (
    averages,
    best_threshold,
    bootstrap,
    calibration,
    class_scores,
    expected_cost,
    group_metrics,
    positive_class,
    precision_recall,
    residuals,
)
from engine.errors import InputError
from engine.metrics import Accuracy, RocAuc, confusion, predicted, probabilities

RNG = np.random.default_rng(3)
T = RNG.integers(0, 3, (200, 1))
Z = RNG.normal(size=(200, 3)) + 1.5 * np.eye(3)[T[:, 0]]
BINARY = RNG.integers(0, 2, (300, 1))
LOGIT = (RNG.normal(size=(300, 1)) + 1.2 * BINARY).round(1)  # with ties


def test_scores_of_classes_are_those_of_scikit_learn():
    scores = class_scores(confusion(Z, T), ("a", "b", "c"))
    p, r, f, s = oracle.precision_recall_fscore_support(T[:, 0], predicted(Z))
    np.testing.assert_allclose([x.precision for x in scores], p)
    np.testing.assert_allclose([x.recall for x in scores], r)
    np.testing.assert_allclose([x.f1 for x in scores], f)
    assert [x.support for x in scores] == s.tolist()
    for kind, values in averages(scores).items():
        expected = oracle.precision_recall_fscore_support(T[:, 0], predicted(Z), average=kind)[:3]
        np.testing.assert_allclose(list(values.values()), expected)


def test_a_class_that_never_came_has_no_recall():
    counts = np.array([[5, 1, 0], [0, 4, 0], [0, 0, 0]])
    third = class_scores(counts, ("a", "b", "c"))[2]
    assert (third.precision, third.recall, third.f1, third.support) == (None, None, None, 0)
    assert averages(class_scores(counts, ("a", "b", "c")))["macro"]["recall"] == pytest.approx(
        (5 / 6 + 1) / 2
    )


def test_average_precision_and_the_curve_are_those_of_scikit_learn():
    p, positive = probabilities(LOGIT)[:, 1], BINARY[:, 0] == 1
    curve = precision_recall(p, positive)
    assert curve.average == pytest.approx(oracle.average_precision_score(positive, p))
    precision, recall, thresholds = oracle.precision_recall_curve(positive, p)
    np.testing.assert_allclose(curve.precision, precision[:-1])
    np.testing.assert_allclose(curve.recall, recall[:-1])
    np.testing.assert_allclose(curve.thresholds, thresholds)


def test_without_positive_rows_there_is_no_curve():
    assert precision_recall(np.array([0.1, 0.9]), np.array([False, False])) is None


def test_calibration_bins_are_those_of_scikit_learn():
    p = probabilities(Z)
    right = p.argmax(axis=1) == T[:, 0]
    accuracy, confidence = calibration_curve(right, p.max(axis=1), n_bins=10)
    found = calibration(Z, T)
    np.testing.assert_allclose([b.accuracy for b in found.bins], accuracy)
    np.testing.assert_allclose([b.confidence for b in found.bins], confidence)
    rows = np.array([b.rows for b in found.bins])
    assert rows.sum() == 200
    gaps = np.abs(accuracy - confidence)
    assert found.ece == pytest.approx(float((gaps * rows).sum() / 200))
    assert found.mce == pytest.approx(float(gaps.max()))


def test_the_brier_score_is_that_of_scikit_learn():
    # Over all classes: of two classes twice the usual one.
    p = probabilities(LOGIT)[:, 1]
    assert calibration(LOGIT, BINARY).brier == pytest.approx(2 * oracle.brier_score_loss(BINARY[:, 0], p))


def test_a_network_that_is_always_right_and_sure_is_calibrated():
    z = 50.0 * np.eye(3)[T[:, 0]]
    assert calibration(z, T).ece == pytest.approx(0, abs=1e-9)


def test_intervals_hold_the_truth_about_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr("engine.assessment.REPLICAS", 300)
    # Known share 0.8: the interval of accuracy over 100 rows should hold it in about 38 of 40 cases.
    rng = np.random.default_rng(1)
    held = 0
    for case in range(40):
        right = rng.random(100) < 0.8
        t = np.zeros((100, 1))
        z = np.where(right, -1.0, 1.0)[:, None]
        low, high = bootstrap([Accuracy()], z, t, seed=case)["accuracy"]
        held += low <= 0.8 <= high
    assert 34 <= held <= 40


def test_intervals_are_the_same_for_the_same_seed_and_hold_the_value(monkeypatch):
    monkeypatch.setattr("engine.assessment.REPLICAS", 200)
    metrics = [Accuracy(), RocAuc()]
    first, again = (bootstrap(metrics, Z, T, seed=7) for _ in range(2))
    assert first == again != bootstrap(metrics, Z, T, seed=8)
    for metric in metrics:
        low, high = first[metric.name]
        assert low < metric.measure(Z, T) < high


def test_a_metric_that_most_samples_leave_undefined_has_no_interval():
    t = np.zeros((20, 1))
    assert "roc_auc" not in bootstrap([RocAuc()], np.ones((20, 1)), t, seed=1)


@pytest.mark.parametrize(("alarm", "miss"), [(1, 1), (1, 10), (10, 1), (0, 1), (3, 2)])
def test_no_other_threshold_costs_less(alarm, miss):
    p, positive = probabilities(LOGIT)[:, 1], BINARY[:, 0] == 1
    best = best_threshold(p, positive, alarm, miss)
    every = [expected_cost(p, positive, t, alarm, miss) for t in np.linspace(0, 1.01, 3000)]
    assert best.cost == pytest.approx(min(every))
    assert expected_cost(p, positive, best.threshold, alarm, miss) == pytest.approx(best.cost)
    assert best.cost_at_half == expected_cost(p, positive, 0.5, alarm, miss)


def test_misses_that_cost_more_lower_the_threshold():
    p, positive = probabilities(LOGIT)[:, 1], BINARY[:, 0] == 1
    assert best_threshold(p, positive, 1, 10).threshold < best_threshold(p, positive, 10, 1).threshold


def test_groups_are_measured_apart_the_largest_first():
    groups = ["b" if i % 4 else "a" for i in range(200)]
    found = group_metrics([Accuracy()], Z, T, groups)
    assert list(found) == ["b", "a"]
    rows = np.arange(200) % 4 == 0
    assert found["a"]["rows"] == 50
    assert found["a"]["accuracy"] == pytest.approx(oracle.accuracy_score(T[rows, 0], predicted(Z[rows])))


def test_residuals_of_each_target():
    t = RNG.normal(size=(100, 2))
    z = t + np.array([1.0, 0.0])
    z[7, 1] += 9
    first, second = residuals(z, t, ("a", "b"))
    assert (first.target, first.mean, first.std) == ("a", pytest.approx(1.0), pytest.approx(0, abs=1e-12))
    assert second.largest[0] == 7
    assert second.quantiles[0.5] == pytest.approx(0, abs=1e-12)
    shrunk = residuals(0.5 * t, t, ("a", "b"))[0]
    assert shrunk.trend == pytest.approx(-1)


def test_the_positive_class_is_the_second_or_the_named_one():
    assert positive_class(("no", "yes"), None) == 1
    assert positive_class(("no", "yes"), "no") == 0
    with pytest.raises(InputError, match="did you mean 'yes'"):
        positive_class(("no", "yes"), "yess")
