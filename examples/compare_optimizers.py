"""Compare two optimizers on real data, with the two reference lines, and write the report."""

import tempfile
from pathlib import Path

from neuralopt import Budget, compare, make_task
from neuralopt.datasets import load_bundled
from neuralopt.report import build_report

task = make_task("diabetes", load_bundled("diabetes"), "progression")
with tempfile.TemporaryDirectory() as folder:
    comparison = compare(
        [task],
        optimizers=["nadamw", "rmsprop"],
        budget=Budget(rates=(1e-3, 3e-3, 1e-2), seeds=3, epochs=40),
        output=Path(folder) / "run",
    )
    page = build_report(comparison.records)  # one HTML file that needs nothing else
    print(f"report of {page.stat().st_size / 1e6:.1f} MB")

print(comparison.frame()[["label", "metric", "metric_low", "metric_high"]].round(3).to_string(index=False))
(found,) = comparison.ranking["tasks"]
print(found["summary"])
for finding in found["findings"]:
    print(finding["code"], finding["title"], *finding["methods"], finding["page"])
assert found["rows"][0]["metric"] > 0.3
