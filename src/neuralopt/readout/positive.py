"""Solve with a matrix that is positive definite, or would be without rounding."""

import numpy as np


def positive_solve(gram: np.ndarray, lam: float, right: np.ndarray) -> tuple[np.ndarray, str, float]:
    """Solve ``(gram + lam I) x = right`` by Cholesky, or by eigenvalues where that fails.

    Parameters
    ----------
    gram : array of shape (m, m)
        Symmetric, without negative eigenvalues but for rounding.
    lam : float >= 0
    right : array of shape (m, k)

    Returns
    -------
    x : array of shape (m, k)
        By eigenvalues: of minimum norm, nothing along eigenvectors below the floor.
    method : str
        "cholesky" or "eigh".
    floor : float
        Zero by Cholesky.
    """
    A = gram + lam * np.eye(len(gram))
    tiny = len(A) * np.finfo(np.float64).eps
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(A))
    except np.linalg.LinAlgError:
        inverse = None
    # 1 / trace(A^-1) bounds the least eigenvalue from below; a small pivot alone does not show a singular A
    if inverse is not None and np.sum(inverse**2) * 10 * tiny * np.max(A.diagonal()) < 1:
        return inverse.T @ (inverse @ right), "cholesky", 0.0
    values, vectors = np.linalg.eigh(A)
    floor = tiny * max(float(values[-1]), 0.0)
    kept = values > floor
    V = vectors[:, kept]
    return V @ ((V.T @ right) / values[kept][:, None]), "eigh", floor
