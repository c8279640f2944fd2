"""Search for a small perceptron on the digits: under a limit, with random search beside it."""

from neuralopt import MLPSpace, search_architecture
from neuralopt.benchmark import make_task
from neuralopt.datasets import load_bundled

task = make_task("digits", load_bundled("digits"), "digit")
space = MLPSpace(task.train.X.shape[1], task.outputs, widths=(8, 16, 32), activations=("relu", "tanh"))
result = search_architecture(
    task, space, population_size=6, generations=12, epochs=12, limits={"parameters": 2500}
)

print(result.summary())
print(result.best.diagram())
print(
    result.pareto("parameters")[["architecture", "parameters", "validation_accuracy"]].to_string(index=False)
)
