"""Tune a network on handwritten digits: trials of equal shape train side by side in one compiled program."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neuralopt
from neuralopt.tuning import ASHA, log_uniform

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0, stratify=y)
space = {
    "learning_rate": log_uniform(1e-4, 1e-1),
    "weight_decay": log_uniform(1e-6, 1e-1),
    "batch_size": [32, 128],
}
result = neuralopt.tune(
    neuralopt.MLP((64, 32, 10)),
    space,
    (X_train, y_train),
    loss="cross_entropy",
    optimizer="adamw",
    epochs=27,
    pruner=ASHA(min_steps=3),
    max_trials=32,
    early_stopping_patience=None,
)

print(result.summary())
print("importance:", {name: round(share, 2) for name, share in result.importance().items()})
model = result.best_model().model
right = (model.forward(X_test).argmax(axis=1) == y_test).mean()
print(f"right on rows that no trial has seen: {right:.1%}")
assert right > 0.9
