"""Numba's settings for all native code."""

from typing import Any

# Division by zero gives inf instead of a test that stops vectorization; the missing "nnan" and "ninf" keep
# isfinite() meaningful.
FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST}
