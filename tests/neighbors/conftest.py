"""The plain oracle: every row compared in float64, ordered by distance, then id."""

import sys

import numpy as np
import pytest


def distances(X, q, metric, inverse=None):
    X, q = np.asarray(X, np.float64), np.asarray(q, np.float64)
    if metric == "manhattan":
        return np.abs(X - q).sum(axis=1)
    if metric == "cosine":
        X, q = X / np.abs(X).max(axis=1, keepdims=True), q / np.abs(q).max()
        unit = X / np.sqrt((X**2).sum(axis=1, keepdims=True))
        return ((unit - q / np.sqrt((q**2).sum())) ** 2).sum(axis=1) / 2
    if metric == "mahalanobis":
        return np.sqrt(np.einsum("ij,jk,ik->i", X - q, inverse, X - q))
    return np.sqrt(((X - q) ** 2).sum(axis=1))


def compare_all(X, ids, Q, k, metric="euclidean", inverse=None):
    found_ids, found = [], []
    for q in Q:
        apart = distances(X, q, metric, inverse)
        order = np.lexsort((ids, apart))[:k]
        found_ids.append(np.asarray(ids)[order])
        found.append(apart[order])
    return np.array(found_ids), np.array(found)


@pytest.fixture(scope="session")
def brute_force():
    """Return the plain oracle."""
    return compare_all


@pytest.fixture
def no_faiss(monkeypatch):
    """Let faiss be absent, as after a plain installation."""
    monkeypatch.setitem(sys.modules, "faiss", None)
