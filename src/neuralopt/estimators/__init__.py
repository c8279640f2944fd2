"""Estimators with the scikit-learn contract, and models that are kept."""
