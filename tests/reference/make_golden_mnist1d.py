"""Golden values for MNIST-1D: every hundredth row of the published data set, and all its digits.

`python tests/reference/make_golden_mnist1d.py mnist1d_data.pkl`, with the file that github.com/greydanus/mnist1d
holds; it writes golden_mnist1d.npz beside it.
"""

import pickle
import sys
from pathlib import Path

import numpy as np

data = pickle.loads(Path(sys.argv[1]).read_bytes())
x, y = (np.concatenate([data[name], data[f"{name}_test"]]) for name in "xy")
path = Path(__file__).with_name("golden_mnist1d.npz")
np.savez_compressed(path, **{"mnist1d/x": x[::100], "mnist1d/y": y.astype(np.int8)})
