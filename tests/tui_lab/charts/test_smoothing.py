import numpy as np
import pytest

from tui_lab.charts.smoothing import smooth


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99, 0.9999])
def test_smoothing_by_blocks_is_the_average_value_by_value(beta):
    values = np.random.default_rng(2).random(1000)
    values[[3, 500]] = np.nan
    total = weight = 0.0
    found = smooth(values, beta)
    for value, average in zip(values, found, strict=True):
        if np.isnan(value):
            assert np.isnan(average)
            continue
        total, weight = beta * total + (1 - beta) * value, beta * weight + (1 - beta)
        assert average == pytest.approx(total / weight)


def test_smoothing_has_no_bias_at_the_start():
    assert np.allclose(smooth(np.full(200, 3.0), 0.99), 3.0)
    assert len(smooth(np.empty(0), 0.9)) == 0
    with pytest.raises(ValueError, match="beta"):
        smooth(np.ones(3), 1.0)
