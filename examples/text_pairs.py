"""Tell right answers from wrong ones: bundled pairs, TF-IDF, a network, questions it has not seen."""

import tempfile

import neuralopt
from neuralopt.benchmark import TextSettings
from neuralopt.text import Pairs, bundled_pairs

task = neuralopt.make_text_task("quiz", Pairs.from_frame(bundled_pairs(200, "en", seed=1)))
settings = TextSettings("rmsprop", learning_rate=0.002, epochs=20)
with tempfile.TemporaryDirectory() as folder:
    run = neuralopt.train_text(task, settings, output=f"{folder}/run")
print(run.verdict)
