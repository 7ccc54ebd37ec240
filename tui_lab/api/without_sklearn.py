"""What the estimators take from scikit-learn, for where it is not installed."""

import inspect
from typing import Any

import numpy as np


class BaseEstimator:
    """Parameters by name, as scikit-learn's estimators have them."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        names = [name for name in inspect.signature(type(self).__init__).parameters if name != "self"]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **changes: Any) -> "BaseEstimator":
        unknown = changes.keys() - self.get_params().keys()
        if unknown:
            raise ValueError(f"{type(self).__name__} has no parameter {sorted(unknown)[0]!r}")
        for name, value in changes.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        given = [f"{n}={v!r}" for n, v in self.get_params().items() if v is not defaults[n].default]
        return f"{type(self).__name__}({', '.join(given)})"

    def __sklearn_tags__(self) -> Any:
        raise NotImplementedError("tags are scikit-learn's, which is not installed")


class ClassifierMixin:
    """The score of a classifier."""

    def score(self, X: Any, y: Any) -> float:
        """The share of rows whose class is right."""
        return float(np.mean(self.predict(X) == np.asarray(y)))  # type: ignore[attr-defined]


class RegressorMixin:
    """The score of a regressor."""

    def score(self, X: Any, y: Any) -> float:
        """R², the mean over targets."""
        y = np.asarray(y, float)
        rest = ((y - self.predict(X)) ** 2).sum(axis=0)  # type: ignore[attr-defined]
        return float(np.mean(1 - rest / ((y - y.mean(axis=0)) ** 2).sum(axis=0)))


def validate_data(
    estimator: Any, X: Any, y: Any = None, *, reset: bool = True, dtype: Any = np.float64, **_: Any
) -> Any:
    """X as (N, F) and y as (N, …), checked. Raises ValueError."""
    x = np.asarray(X, dtype)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"X has the shape {x.shape}; expected rows of numbers")
    if not np.isfinite(x).all():
        raise ValueError("X holds NaN or infinite values")
    if reset:
        estimator.n_features_in_ = x.shape[1]
    elif x.shape[1] != estimator.n_features_in_:
        raise ValueError(f"X has {x.shape[1]} features, in training there were {estimator.n_features_in_}")
    if y is None:
        return x
    y = np.asarray(y)
    if len(y) != len(x):
        raise ValueError(f"X has {len(x)} rows, y has {len(y)}")
    return x, y


def check_is_fitted(estimator: Any) -> None:
    if not hasattr(estimator, "model_"):
        raise ValueError(f"this {type(estimator).__name__} is not fitted yet: call fit first")


def check_classification_targets(y: np.ndarray) -> None:
    if y.ndim != 1 or (y.dtype.kind == "f" and (y != np.round(y)).any()):
        raise ValueError("y: expected the class of each row")
