"""How long a network takes for one row, measured here."""

import time
from typing import Any

import jax
import numpy as np

from neuralopt.architecture.space import Genes, Space
from neuralopt.models import MLP

_ROUNDS, _SECONDS = 30, 0.2


def measure_latency(space: Space, genes: Genes, shape: tuple[int, ...]) -> float:
    """Return the milliseconds that a network takes for one row, compiled at its true size.

    Parameters
    ----------
    space : Space
    genes : tuple of int
    shape : tuple of int
        Of one row, as `Space.prepare` gives it.

    Returns
    -------
    float
        The median of up to thirty runs, or of as many as fit into a fifth of a second; compilation and the
        first run are left out.
    """
    network: Any = space.network(genes)
    row = np.zeros((1, *shape), np.float32)
    if isinstance(network, MLP):
        variables, apply = network.init(0, np.float32), network.forward
    else:
        variables, apply = network.init(jax.random.key(0), row), network.apply
    run = jax.jit(apply).lower(variables, row).compile()
    variables = jax.device_put(variables)
    row = jax.device_put(row)
    jax.block_until_ready(run(variables, row))
    times: list[float] = []
    while len(times) < _ROUNDS and (sum(times) < _SECONDS or len(times) < 3):
        begin = time.perf_counter()
        jax.block_until_ready(run(variables, row))
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))
