"""Two-sided statistics of a matrix of gradients, and orthogonal bases that follow their eigenvectors."""

from typing import Any, NamedTuple

from neuralopt.core.namespace import namespace
from neuralopt.optimizers.base import ema

# Directions that no gradient has had yet are all eigenvectors of the eigenvalue 0, and rounding would choose
# among them, anew at every refreshing and otherwise in every library. What has less than this part of the
# trace is set in the order of the axes at first, and stays where it is from then on.
_LEAST = 1e-5


class Sides(NamedTuple):
    """Statistics and bases of the rows and of the columns; ``()`` for a side without."""

    left: Any  # (m, m), average of g g'
    left_basis: Any  # (m, m), orthogonal, columns by falling eigenvalue
    right: Any  # (n, n), average of g' g
    right_basis: Any  # (n, n)

    def learn(self, g: Any, decay: Any) -> "Sides":
        """Return the sides with a gradient taken into the averages."""
        turned = namespace(g).matrix_transpose(g)
        left = ema(decay, self.left, g @ turned) if self.has_left else ()
        right = ema(decay, self.right, turned @ g) if self.has_right else ()
        return self._replace(left=left, right=right)

    @property
    def has_left(self) -> bool:
        """Whether the rows have a basis."""
        return not isinstance(self.left, tuple)

    @property
    def has_right(self) -> bool:
        """Whether the columns have a basis."""
        return not isinstance(self.right, tuple)


def rotate(g: Any, sides: Sides) -> Any:
    """Return a matrix in the bases, ``Ql' g Qr``."""
    g = namespace(g).matrix_transpose(sides.left_basis) @ g if sides.has_left else g
    return g @ sides.right_basis if sides.has_right else g


def rotate_back(g: Any, sides: Sides) -> Any:
    """Return a matrix from the bases, ``Ql g Qr'``."""
    g = sides.left_basis @ g if sides.has_left else g
    return g @ namespace(g).matrix_transpose(sides.right_basis) if sides.has_right else g


def first_basis(v: Any, sides: Sides) -> tuple[Any, Sides]:
    """Return the second moment as it is and the bases as eigenvectors, largest eigenvalue first."""

    def eigenvectors(matrix: Any) -> Any:
        xp = namespace(matrix)
        values, basis = xp.linalg.eigh(matrix)
        least = _LEAST * xp.linalg.trace(matrix)
        seen = xp.astype(values > least, matrix.dtype)
        rest = _eye(matrix) - (basis * xp.reshape(seen, (1, -1))) @ xp.matrix_transpose(basis)
        falling = xp.linspace(1.0, 0.0, matrix.shape[0], dtype=matrix.dtype)
        # the second term is zero on what has been seen, and tells the rest apart
        told_apart = matrix + least * (rest * xp.reshape(falling, (1, -1))) @ rest
        return xp.flip(xp.linalg.eigh(told_apart)[1], axis=1)

    left = eigenvectors(sides.left) if sides.has_left else ()
    right = eigenvectors(sides.right) if sides.has_right else ()
    return v, sides._replace(left_basis=left, right_basis=right)


def refreshed_basis(v: Any, sides: Sides) -> tuple[Any, Sides]:
    """Return the second moment in the new order of the bases, and the bases after a power iteration."""
    xp = namespace(v)
    left, right = sides.left_basis, sides.right_basis
    if sides.has_left:
        left, order = _power(sides.left, left)
        v = xp.take(v, order, axis=0)
    if sides.has_right:
        right, order = _power(sides.right, right)
        v = xp.take(v, order, axis=1)
    return v, sides._replace(left_basis=left, right_basis=right)


def _power(matrix: Any, basis: Any) -> tuple[Any, Any]:
    """Return one step of orthogonal iteration and the order of the columns by estimated eigenvalue."""
    xp = namespace(matrix)
    # the shift changes no eigenvector, and keeps the columns without gradient from becoming noise
    image = (matrix + _LEAST * xp.linalg.trace(matrix) * _eye(matrix)) @ basis
    order = xp.argsort(-xp.sum(basis * image, axis=0))  # Rayleigh quotients, largest first
    return xp.linalg.qr(xp.take(image, order, axis=1))[0], order  # algorithm 4


def _eye(matrix: Any) -> Any:
    return namespace(matrix).eye(matrix.shape[0], dtype=matrix.dtype)
