"""The notebook of the comparison runs from top to bottom and shows what its text says."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np

NOTEBOOK = Path(__file__).parents[2] / "examples" / "comparison.ipynb"


def test_the_notebook_runs_and_its_text_is_true():
    with mpl.rc_context():
        mpl.use("Agg")
        import matplotlib.pyplot as plt

        cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        names: dict = {}
        seen = []
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)
                if "found" in names and names["found"] not in seen:
                    seen.append(names["found"])
        plt.close("all")
    diabetes, steps = seen
    held = {name: test for name, (_, test) in diabetes.items()}
    assert min(held["search"], held["hybrid"]) > 0.85 * held["least squares"]  # nearly ties
    assert steps["search"][1] < 0.25 < 0.4 < steps["logistic"][1]
    assert np.isfinite(list(steps.values())).all()
