"""Train a network of step units on handwritten digits: no gradient, exact line searches."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from neuralopt import SearchModel

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
model = SearchModel(input_size=64, hidden_sizes=[32], output_size=10, activation="step", budget_s=1.5)
history = model.search(X_train, y_train, max_iterations=1000)

print(model.summary())
print("mean squared error by sweep:", history["loss"].round(4).tolist())
predicted = model.predict(X_test)
print(f"right on rows that nothing has seen: {(predicted == y_test).mean():.1%}")
assert (predicted == y_test).mean() > 0.7
