"""Where the random masks of dropout come from: the seed and the step, nothing else.

The compiled loop, the streamed loop, the NumPy loop and a resumed run therefore drop the same units.
"""

import functools
import numbers
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import value_at
from neuralopt.engine.objective import Objective
from neuralopt.engine.over_the_run import over_the_run
from neuralopt.schedules import Schedule

_LOTS = 65536.0


class Noise(NamedTuple):
    """What a run draws its masks from; values, so that another seed or rate compiles nothing."""

    words: Any  # (2,), uint32: the seed, high word first
    rates: Any  # a rate or schedule for all hidden layers or a tuple of one for each; None: the model's own


def make_noise(objective: Objective, dropout: Any, seed: int) -> Noise | None:
    """Return the source of a run's masks, or None where nothing is random.

    Parameters
    ----------
    objective : Objective
    dropout : float, schedule, tuple of such, or None
        As for `train`.
    seed : int >= 0

    Returns
    -------
    Noise or None

    Raises
    ------
    InvalidArgument
        For a rate outside of 0 <= rate < 1, another number of rates than hidden layers, or a model
        whose layers cannot be masked.
    """
    if dropout is not None:
        if objective.units is None:
            raise InvalidArgument(
                f"dropout= masks the hidden layers of an MLP, got dropout={dropout!r} for another model. "
                "Give a module dropout layers of its own; a plain loss function draws its own noise."
            )
        check_rates(dropout, len(objective.units))
        dropout = tuple(dropout) if isinstance(dropout, list) else dropout
    elif not objective.noisy:
        return None
    return Noise(seed_words(seed), dropout)


def seed_words(seed: int) -> np.ndarray:
    """Return a seed as the two words of a key."""
    return np.array([seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32)


def check_rates(dropout: Any, layers: int) -> None:
    """Raise unless ``dropout`` is a rate, or a tuple of one for each of so many hidden layers."""
    several = isinstance(dropout, tuple | list)
    if several and len(dropout) != layers:
        raise InvalidArgument(
            f"dropout needs one rate, or one for each of {layers} hidden layers, got {len(dropout)}."
        )
    for rate in dropout if several else (dropout,):
        number = isinstance(rate, numbers.Real) and not isinstance(rate, bool)
        if not callable(rate) and not (number and 0 <= float(rate) < 1):
            raise InvalidArgument(
                "dropout must satisfy 0 <= rate < 1, or be a schedule or AdaptiveDropout, or a tuple of one "
                f"for each hidden layer; got {rate!r}."
            )


def check_schedules(rates: Any, total_steps: int) -> None:
    """Raise when a rate that is a schedule leaves 0 <= rate < 1 during the run.

    Parameters
    ----------
    rates : tree
        Units bound, feedback settled.
    total_steps : int
    """
    for rate in rates if isinstance(rates, tuple) else (rates,):
        if not isinstance(rate, Schedule):
            continue
        steps, values = over_the_run(rate, total_steps, "dropout")
        bad = ~((values >= 0) & (values < 1))
        if bad.any():
            raise InvalidArgument(
                f"dropout must satisfy 0 <= rate < 1 at every step, got {values[bad][0]:g} at step "
                f"{steps[bad][0]} of {rate!r}."
            )


def draw(noise: Noise | None, units: Any, step: Any, rows: int, dtype: Any) -> Any:
    """Return what a model takes as noise at a step.

    Parameters
    ----------
    noise : Noise or None
        With its feedback schedules settled.
    units : tuple of int or None
        Widths of the layers to mask; None for a model with layers of its own.
    step : int array of shape ()
        Steps done before this one.
    rows : int
        Of the batch.
    dtype : dtype
        Of the masks.

    Returns
    -------
    tuple of arrays of shape (rows, width), or key, or ()
        Masks are 0 with probability p, else 1 / (1 - p), where p is the rate rounded to a whole number
        of 65536ths. The same units are dropped in every dtype.
    """
    if noise is None:
        return ()
    key = jax.random.fold_in(jax.random.wrap_key_data(noise.words, impl="threefry2x32"), step)
    if noise.rates is None:
        return key
    rates = noise.rates if isinstance(noise.rates, tuple) else (noise.rates,) * len(units)
    lots, masks, first = _lots(key, (rows, sum(units))), [], 0
    for width, rate in zip(units, rates, strict=True):
        wanted = jnp.asarray(value_at(rate, step), jnp.float32)
        dropped = jnp.clip(jnp.round(wanted * _LOTS), 0, _LOTS - 1)  # of _LOTS lots; whole, so exact
        kept = lots[:, first : first + width] >= dropped.astype(jnp.uint32)
        scale = _LOTS / (_LOTS - dropped.astype(dtype))
        masks.append(jnp.where(kept, scale, jnp.zeros((), dtype)))
        first += width
    return tuple(masks)


def _lots(key: Any, shape: tuple[int, int]) -> Any:
    """Return random numbers of sixteen bits, two from each word drawn: drawing is what dropout costs."""
    size = shape[0] * shape[1]
    words = jax.random.bits(key, ((size + 1) // 2,), jnp.uint32)
    return jnp.concatenate([words & 0xFFFF, words >> 16])[:size].reshape(shape)


@functools.partial(jax.jit, static_argnames=("units", "rows", "dtype"))
def draw_eagerly(noise: Noise, units: Any, step: Any, rows: int, dtype: Any) -> Any:
    """Return `draw` for a loop that is not compiled itself."""
    return draw(noise, units, step, rows, dtype)
