"""Learn a borehole's flow from a cheap simulator and twenty measurements."""

import numpy as np

from neuralopt import JointRegressor
from neuralopt.datasets import make_pair

pair = make_pair("borehole", n_sim=1000, n_real=20)
spread = pair.y_test.std()


def error(model: JointRegressor) -> float:
    """Return the error on real rows that nothing has seen, in standard deviations."""
    return float(np.sqrt(np.mean((model.predict(pair.X_test) - pair.y_test) ** 2)) / spread)


model = JointRegressor(random_state=0)
model.fit(pair.X_sim, pair.y_sim, X_real=pair.X_real, y_real=pair.y_real)
simulator = JointRegressor(random_state=0)
simulator.fit(pair.X_sim, pair.y_sim)

print(model.candidates_)
for sentence in model.summary_:
    print(sentence)
print(f"error on new real rows: {error(model):.4f}, by the simulator's network alone {error(simulator):.4f}")

low, high = model.predict_interval(pair.X_test, coverage=0.9)
inside = np.mean((low <= pair.y_test) & (pair.y_test <= high))
print(f"intervals that are to hold 90 % of new measurements hold {inside:.0%}")
assert error(model) < 0.1 * error(simulator)
