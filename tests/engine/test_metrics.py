"""Metrics against scikit-learn."""

import numpy as np
import pytest

from engine.component import build, members, tree_of
from engine.errors import InputError
from engine.metrics import FBeta, Metric, TopK, confusion, measured, metric, predicted, probabilities
from engine.tasks import Classification, Regression

sk = pytest.importorskip("sklearn.metrics")


def cases(classes, count=30):
    rng = np.random.default_rng(classes)
    for _ in range(count):
        n = int(rng.integers(5, 80))
        scores = rng.normal(size=(n, classes)).round(int(rng.integers(0, 3)))  # rounding makes ties
        yield scores, rng.integers(0, max(2, classes), (n, 1)).astype(float)


@pytest.mark.parametrize("classes", [1, 2, 3, 7])
def test_classification_metrics_are_those_of_scikit_learn(classes):
    for z, t in cases(classes):
        true, guess = t[:, 0].astype(int), predicted(z)
        assert metric("accuracy").measure(z, t) == pytest.approx(sk.accuracy_score(true, guess))
        ours = metric("macro_f1").measure(z, t)
        assert ours == pytest.approx(sk.f1_score(true, guess, average="macro"))
        recalls = sk.recall_score(true, guess, average=None, labels=np.unique(true), zero_division=0)
        assert metric("balanced_accuracy").measure(z, t) == pytest.approx(recalls.mean())
        labels = range(max(2, classes))
        assert (confusion(z, t) == sk.confusion_matrix(true, guess, labels=labels)).all()


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("classes", [1, 2, 5])
def test_f_beta_is_that_of_scikit_learn(classes, beta):
    for z, t in cases(classes):
        expected = sk.fbeta_score(
            t[:, 0].astype(int), predicted(z), beta=beta, average="macro", zero_division=0
        )
        assert FBeta(beta=beta).measure(z, t) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [1, 2, 4])
def test_the_area_under_the_curve_is_that_of_scikit_learn(classes):
    for z, t in cases(classes):
        true = t[:, 0].astype(int)
        if len(np.unique(true)) < max(2, classes):
            assert metric("roc_auc").measure(z, t) is None
            continue
        p = probabilities(z)
        if classes < 3:
            score = z[:, 0] if classes == 1 else z[:, 1] - z[:, 0]
            expected = sk.roc_auc_score(true, score)
        else:
            expected = sk.roc_auc_score(true, p, multi_class="ovr", average="macro")
        assert metric("roc_auc").measure(z, t) == pytest.approx(expected)


def test_top_k_is_that_of_scikit_learn_where_scores_do_not_tie():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(200, 10)), rng.integers(0, 10, (200, 1)).astype(float)
    for k in (3, 5):
        expected = sk.top_k_accuracy_score(t[:, 0], z, k=k, labels=range(10))
        assert metric(f"top_{k}").measure(z, t) == pytest.approx(expected)


def test_a_network_that_says_the_same_of_every_class_gets_no_credit_from_top_k():
    t = np.arange(10.0)[:, None]
    assert metric("top_3").measure(np.zeros((10, 10)), t) == pytest.approx(0.3)
    assert metric("top_5").measure(np.zeros((10, 4)), t % 4) == 1
    half = np.array([[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]])  # four of six tie for three places
    assert metric("top_3").measure(half, np.array([[2.0]])) == pytest.approx(0.75)
    assert metric("top_3").measure(half, np.array([[5.0]])) == 0


@pytest.mark.parametrize("targets", [1, 3])
def test_regression_metrics_are_those_of_scikit_learn(targets):
    rng = np.random.default_rng(1)
    t = rng.normal(size=(50, targets))
    z = t + rng.normal(size=t.shape) * 0.3
    assert metric("mse").measure(z, t) == pytest.approx(sk.mean_squared_error(t, z))
    assert metric("rmse").measure(z, t) == pytest.approx(sk.mean_squared_error(t, z) ** 0.5)
    assert metric("mae").measure(z, t) == pytest.approx(sk.mean_absolute_error(t, z))
    assert metric("r2").measure(z, t) == pytest.approx(sk.r2_score(t, z))


def test_metrics_of_language_are_over_the_tokens_that_count():
    rng = np.random.default_rng(1)
    z, t = rng.normal(size=(5, 4, 7)), rng.integers(0, 7, (5, 4))
    t[:, 0] = -1
    p = np.exp(z) / np.exp(z).sum(axis=2, keepdims=True)
    nats = sk.log_loss(t[:, 1:].ravel(), p[:, 1:].reshape(15, 7), labels=range(7))
    assert metric("perplexity").measure(z, t) == pytest.approx(np.exp(nats))
    assert metric("bits_per_character").measure(z, t) == pytest.approx(nats / np.log(2))
    right = sk.accuracy_score(t[:, 1:].ravel(), z[:, 1:].argmax(axis=2).ravel())
    assert metric("token_accuracy").measure(z, t) == pytest.approx(right)
    one = z[:, :1]  # of one prediction a row scores are (R, V)
    assert metric("perplexity").measure(one[:, 0], t[:, 1:2]) == metric("perplexity").measure(one, t[:, 1:2])


def test_what_is_undefined_is_none_and_never_a_warning(recwarn):
    one_class = np.zeros((4, 1))
    for m in (cls() for cls in members(Metric).values()):
        z = np.zeros((4, 12)) if m.name.startswith("top") else np.zeros((4, 1))
        value = m.measure(z, one_class)
        assert value is None or np.isfinite(value)
    assert metric("r2").measure(np.zeros((1, 1)), np.ones((1, 1))) is None
    assert metric("roc_auc").measure(np.zeros((4, 1)), one_class) is None
    assert not recwarn.list


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1, -7e-12])
def test_r2_of_a_target_that_varies_by_rounding_alone_is_undefined(value, dtype):
    t = np.full((1001, 1), value, dtype)
    z = t + np.random.default_rng(0).normal(size=t.shape)
    assert metric("r2").measure(z, t) is None
    assert metric("r2").measure(z, np.where(np.arange(1001)[:, None] % 2, t, t * (1 + 2e-16))) is None
    assert "r2" not in measured(Regression().metrics(()), z, t, {})


def test_r2_of_several_targets_is_the_mean_over_those_that_vary():
    rng = np.random.default_rng(2)
    t = rng.normal(size=(40, 3))
    z = t + 0.2 * rng.normal(size=t.shape)
    t[:, 1] = 0.1
    assert metric("r2").measure(z, t) == pytest.approx(sk.r2_score(t[:, [0, 2]], z[:, [0, 2]]))


def test_a_small_variance_around_a_large_mean_is_no_rounding():
    t = 1e6 + 1e-3 * np.random.default_rng(3).normal(size=(50, 1))
    assert metric("r2").measure(t, t) == 1.0


def test_text_in_which_nothing_is_predicted_has_no_metrics(recwarn):
    z, t = np.zeros((2, 3, 5)), np.full((2, 3), -1)
    assert metric("perplexity").measure(z, t) is metric("bits_per_byte").measure(z, t) is None
    assert metric("token_accuracy").measure(z, t) is None
    assert not recwarn.list


def test_what_is_not_a_finite_number_is_left_out():
    z, t = np.array([[np.nan], [1.0]]), np.array([[1.0], [2.0]])
    assert measured([metric("rmse"), metric("mae")], z, t, {}) == {}
    huge = np.array([[[2000.0, 0.0]]])
    assert set(measured([metric("perplexity"), metric("bits_per_token")], huge, np.array([[1]]), {})) == {
        "bits_per_token"
    }


@pytest.mark.parametrize("tag", members(Metric))
def test_a_metric_is_found_by_the_name_it_is_shown_by(tag):
    shown = members(Metric)[tag]()
    assert metric(shown.name) == shown
    assert build(Metric, shown.name, "metrics.0") == shown
    assert build(Metric, tree_of(shown), "metrics.0") == shown


def test_names_with_options_are_understood():
    assert metric("top_3") == TopK(k=3)
    assert metric("macro_f0.5") == FBeta(beta=0.5)
    assert metric("macro_f2").name == FBeta(beta=2).name == "macro_f2"
    for wrong in ("top_0", "macro_f0", "bits_per_pixel"):
        with pytest.raises(InputError, match="unknown"):
            metric(wrong)


def test_probabilities_add_up_to_one_even_for_huge_scores():
    p = probabilities(np.array([[1000.0, -1000.0], [0.0, 0.0]]))
    assert np.allclose(p.sum(axis=1), 1)
    assert p[1].tolist() == [0.5, 0.5]
    assert probabilities(np.array([[0.0], [50.0]]))[:, 1] == pytest.approx([0.5, 1.0])


def test_the_headline_comes_first_and_top_k_only_where_it_says_something():
    assert Regression().metrics(())[0].name == "r2"
    assert Classification().metrics(tuple("abc"))[0].name == "accuracy"
    assert "top_3" not in [m.name for m in Classification().metrics(tuple("abc"))]
    assert "top_5" in [m.name for m in Classification().metrics(tuple("abcdefghij"))]


def test_baselines_are_measured_like_the_network_and_stand_behind_the_headline_metric():
    t, z = np.array([[1.0], [3.0]]), np.array([[1.0], [2.0]])
    baselines = {"mean": np.array([[2.0], [2.0]]), "truth": t}
    values = measured(Regression().metrics((), tuple(baselines)), z, t, baselines)
    assert list(values) == ["rmse", "rmse_mean", "rmse_truth", "r2", "mse", "mae"]
    assert (values["rmse"], values["rmse_mean"], values["rmse_truth"]) == (np.sqrt(0.5), 1, 0)
    assert "rmse_mean" not in measured(Regression().metrics(()), z, t, {})


def test_an_unknown_metric_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'accuracy'"):
        metric("acuracy")
