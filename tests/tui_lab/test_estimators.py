"""Classifier and Regressor are estimators of scikit-learn, and work without it."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import tui_lab as tl

# Checks that cannot be passed, each with the reason: none. One is skipped by scikit-learn itself, unless
# SCIPY_ARRAY_API is set: arrays of other libraries, which the engine does not compute with.
EXPECTED_FAILED_CHECKS: dict[str, str] = {}
SKIPPED = {"check_array_api_input"}


@pytest.mark.parametrize(
    "estimator", [tl.Classifier(epochs=60), tl.Regressor(epochs=60)], ids=["classifier", "regressor"]
)
def test_the_checks_of_scikit_learn_are_passed(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, expected_failed_checks=EXPECTED_FAILED_CHECKS)
    failed = {r["check_name"]: str(r["exception"]) for r in results if r["status"] == "failed"}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= SKIPPED
    assert sum(r["status"] == "passed" for r in results) > 45


def test_it_learns_what_other_classifiers_learn():
    for data, least in ((load_iris(return_X_y=True), 0.93), (load_breast_cancer(return_X_y=True), 0.95)):
        assert cross_val_score(tl.Classifier(epochs=50), *data, cv=3).mean() > least


def test_it_learns_what_other_regressors_learn():
    x, y = load_diabetes(return_X_y=True)
    assert cross_val_score(tl.Regressor(hidden=(16,), epochs=10), x, y, cv=3).mean() > 0.4


def test_it_goes_into_pipelines_and_searches():
    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), tl.Classifier(epochs=40)),
        {"classifier__lr": [0.0001, 0.01], "classifier__hidden": [(8,), (16, 16)]}, cv=2,
    ).fit(x, y)  # fmt: skip
    assert search.best_params_["classifier__lr"] == 0.01
    assert search.best_score_ > 0.88


def test_labels_come_back_as_they_were():
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = tl.Classifier(epochs=20).fit(x, names)
    assert set(model.predict(x)) <= set(names)
    assert model.classes_.tolist() == sorted(set(names))
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1)


def test_a_seed_decides_the_result_and_none_means_the_same_each_time():
    x, y = load_iris(return_X_y=True)
    first, again, other = (
        tl.Classifier(epochs=5, random_state=state).fit(x, y).predict_proba(x) for state in (None, 1, 2)
    )
    assert (first == again).all()
    assert not (first == other).all()
    assert tl.Classifier(epochs=1, random_state=np.random.RandomState(3)).fit(x, y).n_iter_ > 0


def test_held_out_rows_choose_the_best_parameters_and_stop_early():
    x, y = load_breast_cancer(return_X_y=True)
    model = tl.Classifier(epochs=500, validation_fraction=0.2, patience=3).fit(x, y)
    assert model.n_iter_ < 500 * 569 * 0.8 / 32
    assert model.score(x, y) > 0.9
    with pytest.raises(ValueError, match="validation_fraction"):
        tl.Classifier(validation_fraction=1.5).fit(x, y)


def test_layers_losses_and_optimizers_are_chosen_by_name_or_component():
    x, y = load_diabetes(return_X_y=True)
    model = tl.Regressor(
        model=[tl.Dense(8, "gelu"), "layer_norm", tl.Dense()], loss="huber", optimizer=tl.Sgd(0.05, 0.9),
        schedule="cosine", epochs=20, preprocess=["robust_scale"],
    ).fit(x, y)  # fmt: skip
    assert [layer.tag() for layer in model.model_.experiment.model] == ["dense", "layer_norm", "dense"]
    with pytest.raises(tl.InputError, match="did you mean 'huber'"):
        tl.Regressor(loss="hubert").fit(x, y)


def test_several_targets_are_predicted_in_their_units():
    x, y = load_diabetes(return_X_y=True)
    both = np.column_stack([y, -1000 * y])
    model = tl.Regressor(epochs=20).fit(x, both)
    assert model.predict(x).shape == both.shape
    assert model.score(x, both) > 0.4


def test_a_fitted_estimator_survives_pickle():
    x, y = load_iris(return_X_y=True)
    model = tl.Classifier(epochs=3).fit(x, y)
    assert (pickle.loads(pickle.dumps(model)).predict_proba(x) == model.predict_proba(x)).all()


def test_without_scikit_learn_the_methods_are_the_same():
    program = """
import sys
sys.modules["sklearn"] = None
import numpy as np, tui_lab as tl
rng = np.random.default_rng(0)
x = rng.normal(size=(90, 3))
y = np.where(x[:, 0] > 0, "up", "down")
model = tl.Classifier(epochs=30)
print(model, model.get_params()["epochs"], model.set_params(lr=0.01).lr)
try:
    model.predict(x)
except ValueError as error:
    print(error)
print(model.fit(x, y).score(x, y) > 0.9, tl.Regressor(epochs=30).fit(x, x[:, 1]).score(x, x[:, 1]) > 0.8)
for wrong in (lambda: model.predict(x[:, :2]), lambda: model.fit(x, y[:5]), lambda: model.set_params(learning=1)):
    try:
        wrong()
    except ValueError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "Classifier(lr=0.01, epochs=30) 30 0.01",
        "this Classifier is not fitted yet: call fit first",
        "True True",
        "X has 2 features, in training there were 3",
        "X has 90 rows, y has 5",
        "Classifier has no parameter 'learning'",
    ]
