"""Enter an optax transformation and an own composition into the comparison."""

import tempfile

import optax

from neuralopt.benchmark import Budget, compare, make_task
from neuralopt.datasets import load_bundled
from neuralopt.optimizers import SGD, from_optax
from neuralopt.transforms import ClipByGlobalNorm, chain

task = make_task("diabetes", load_bundled("diabetes"), "progression")
with tempfile.TemporaryDirectory() as folder:
    comparison = compare(
        [task],
        optimizers=[
            "adam",
            ("AdaBelief (optax)", from_optax(optax.adabelief, learning_rate=1e-3)),
            ("clipped SGD", chain(ClipByGlobalNorm(1.0), SGD(momentum=0.9))),
        ],
        budget=Budget(rates=(1e-3, 1e-2), seeds=2, epochs=40),
        output=f"{folder}/run",
    )
print(comparison.frame()[["label", "learning_rate", "metric", "metric_low", "metric_high"]].to_string())
print(comparison.ranking["tasks"][0]["summary"])
