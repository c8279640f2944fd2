"""The candidates: which trends, which covariance, how complex."""

from typing import Any, NamedTuple

import numpy as np

from neuralopt.joint.candidates.covariance import Covariance, Rows

_RIDGE = 1e-6  # of the largest eigenvalue of the simulated features
_FEW = 200  # simulated rows that give the size of the tangents


class Form(NamedTuple):
    """A candidate as a regression of `kriging`."""

    name: str
    complexity: int  # rank: among candidates that predict alike the lower one is taken
    trend: str  # "none": the simulator as it is; "mean": b; "offset": f + b; "affine": rho f + b
    inputs: str  # of the smooth part: "", "x" or "xf"
    features: str  # of the linear part: "", "inputs", "readout", "pooled" or "tangents"
    deep: bool = False  # whether it is of the deep network, where there is one

    @property
    def free(self) -> int:
        """Number of trends that are never penalised."""
        return {"none": 0, "affine": 2}.get(self.trend, 1)

    @property
    def simulated(self) -> bool:
        """Whether the simulator has a part in it."""
        return self.trend != "mean" or self.inputs == "xf" or self.features not in ("", "inputs")


FORMS = (
    Form("simulator", 0, "none", "", ""),  # the simulator's network as it is
    Form("affine", 1, "affine", "", ""),  # scaled and shifted
    Form("pooled", 2, "offset", "", "pooled"),  # one readout for simulated and real rows
    Form("prior ridge", 3, "affine", "", "readout"),  # a readout pulled toward the scaled simulator's
    Form("real only", 4, "mean", "x", "inputs"),  # the real rows alone, by a kernel
    Form("refit", 4, "mean", "", "readout"),  # a readout of the simulator's features from zero
    Form("affine + kernel", 5, "affine", "x", "inputs", True),  # scaled simulator plus smooth correction
    Form("fine-tuned", 5, "affine", "", "tangents"),  # all weights pulled toward the scaled simulator's
    Form("prior ridge + kernel", 6, "affine", "x", "readout"),
    Form("deep fine-tuned", 6, "affine", "", "tangents", True),  # the same in the deeper network
    Form("deep fine-tuned + kernel", 7, "affine", "x", "tangents", True),
    Form("nonlinear", 7, "affine", "xf", "inputs", True),  # a function of the inputs and the simulator
)


class Views:
    """What the candidates see of rows.

    Parameters
    ----------
    base : object
        With ``predict(X)`` of shape (n, k) and ``features(X)`` of shape (n, m); it may have ``tangents(X)``
        of shape (n, p), the derivatives of its values in all its weights.
    X_sim : numpy.ndarray, shape (n_sim, d)
        The simulated rows, for the scales.
    deep : object, optional
        A deeper network of the same simulator, with tangents.
    """

    def __init__(self, base: Any, X_sim: np.ndarray, deep: Any = None) -> None:
        self.base = base
        self.deep = None if deep is None else Views(deep, X_sim)
        features = np.asarray(base.features(X_sim), dtype=np.float64)
        self.mean = features.mean(axis=0)
        centred = features - self.mean
        values, vectors = np.linalg.eigh(centred.T @ centred)
        spread = 1 / np.sqrt(np.maximum(values, 0) + _RIDGE * max(float(values[-1]), 1e-300))
        self.size = _size(centred)
        # the readout's covariance given the simulated rows: what they left open is free to move
        self.pooling = vectors * spread / _size(centred @ (vectors * spread))
        f = np.asarray(base.predict(X_sim), dtype=np.float64)
        self.f_mean, self.f_scale = f.mean(axis=0), np.maximum(f.std(axis=0), 1e-12)
        self.tangent_size = _size(base.tangents(X_sim[:_FEW])) if hasattr(base, "tangents") else 1.0

    def see(self, X: np.ndarray, tangents: bool = True) -> "Seen":
        """Return what there is to see of these rows; the tangents are wide and are left out on demand."""
        H = np.asarray(self.base.features(X), dtype=np.float64) - self.mean
        f = np.asarray(self.base.predict(X), dtype=np.float64)
        wide = tangents and hasattr(self.base, "tangents")
        moved = self.base.tangents(X) / self.tangent_size if wide else None
        deep = None if self.deep is None else self.deep.see(X, tangents)
        return Seen(X, f, (f - self.f_mean) / self.f_scale, H / self.size, H @ self.pooling, moved, deep)


def _size(H: np.ndarray) -> float:
    """Return the root-mean-square entry, so that a linear covariance has variances near one."""
    return max(float(np.sqrt(np.mean(np.square(H)))), 1e-150)


class Seen(NamedTuple):
    """Rows as the candidates see them."""

    X: np.ndarray  # (n, d)
    f: np.ndarray  # (n, k), the simulator
    standard: np.ndarray  # (n, k), the simulator in units of its spread
    readout: np.ndarray  # (n, m)
    pooled: np.ndarray  # (n, m)
    tangents: np.ndarray | None  # (n, p)
    deep: Any = None  # Seen by the deep network

    def of(self, form: Form) -> "Seen":
        """Return the rows as the network of a form sees them."""
        return self.deep if form.deep and self.deep is not None else self

    def take(self, index: np.ndarray) -> "Seen":
        """Return some of the rows."""
        X, f, standard, readout, pooled = (part[index] for part in self[:5])
        tangents = None if self.tangents is None else self.tangents[index]
        deep = None if self.deep is None else self.deep.take(index)
        return Seen(X, f, standard, readout, pooled, tangents, deep)

    def rows(self, form: Form) -> Rows:
        """Return what a form's covariance reads."""
        none = self.X[:, :0]
        inputs = {"": none, "x": self.X, "xf": np.hstack([self.X, self.standard])}[form.inputs]
        features = {"": none, "inputs": inputs}.get(form.features)
        if features is None:
            features = getattr(self, form.features)
        return Rows(inputs, features)

    def trends(self, form: Form) -> np.ndarray:
        """Return the free trends of each output, of shape (k, n, p)."""
        ones = np.ones_like(self.f.T)[:, :, None]
        return np.concatenate([ones, self.f.T[:, :, None]], axis=2) if form.trend == "affine" else ones

    def offset(self, form: Form) -> np.ndarray:
        """Return what is taken away from the targets."""
        return self.f if form.trend in ("none", "offset") else np.zeros_like(self.f)

    def covariance(self, form: Form) -> Covariance:
        """Return a form's covariance."""
        d = self.X.shape[1]
        p = {"": 0, "x": d, "xf": d + self.f.shape[1]}[form.inputs]
        return Covariance(p, bool(form.features), 1.2 * np.sqrt(max(1, p)))
