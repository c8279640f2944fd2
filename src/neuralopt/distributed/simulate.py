"""The clock of K workers: who computes, who waits, how old the gradients are."""

import dataclasses
import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method
from neuralopt.core.scalars import check_count, check_number
from neuralopt.distributed.exchanges.collectives import Collective
from neuralopt.distributed.exchanges.layout import Layout
from neuralopt.distributed.network import AnyNetwork

if TYPE_CHECKING:
    from neuralopt.distributed.strategy import Strategy


@method
class Stragglers:
    """How unequal the steps of workers are.

    Parameters
    ----------
    spread : float >= 0, default 0
        Standard deviation of the logarithm of a step's time: 0.1 is about ten percent.
    probability : 0 <= float <= 1, default 0
        That a step is slow.
    factor : float >= 1, default 1
        How many times longer a slow step takes.

    Examples
    --------
    >>> Stragglers(spread=0.1).times(1.0, (1, 2), np.random.default_rng(0)).round(2)
    array([[1.01, 0.99]])
    """

    spread: Any = hyper(0.0, low=0)
    probability: Any = hyper(0.0, low=0, high=1)
    factor: Any = hyper(1.0, low=1)

    def times(self, seconds: float, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
        """Return the times of steps that take ``seconds`` in the median.

        Parameters
        ----------
        seconds : float
            The median of those that are not slow.
        shape : tuple of int
            Of the result.
        random : numpy.random.Generator
            Where they are drawn from.

        Returns
        -------
        array
            Seconds.
        """
        drawn = seconds * np.exp(self.spread * random.standard_normal(shape))
        return np.where(random.random(shape) < self.probability, drawn * self.factor, drawn)


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What the clock showed.

    Attributes
    ----------
    step_seconds : float
        Wall time of a run over the steps of each worker.
    waiting : float
        Share of the workers' time in which they wait for one another.
    sending : float
        Share in which messages are on the way.
    bytes_per_step : float
        Sent by one worker.
    staleness : float
        Mean number of updates by others between reading parameters and applying the gradient.
    most_stale : int
        The largest such number.
    """

    step_seconds: float
    waiting: float
    sending: float
    bytes_per_step: float
    staleness: float = 0.0
    most_stale: int = 0


def simulate(
    strategy: "Strategy",
    layout: Layout,
    *,
    step_seconds: float,
    network: AnyNetwork | None = None,
    exchange_seconds: float = 0.0,
    stragglers: Stragglers | None = None,
    staleness: int | None = 0,
    steps: int = 1000,
    first: int = 0,
    seed: int = 0,
) -> Simulation:
    """Predict how long K workers take, on a network that need not be there.

    Parameters
    ----------
    strategy : DataParallel, LocalSGD or DiLoCo
        Says what is exchanged and when; its ``workers`` count, and not those of the layout.
    layout : Layout
        Of the parameters.
    step_seconds : float > 0
        That one worker computes for one step of its share, as measured.
    network : Network or MeasuredNetwork, optional
        By default the strategy's own.
    exchange_seconds : float >= 0, default 0
        That one worker computes for one exchange.
    stragglers : Stragglers, optional
        By default all steps take the same time.
    staleness : int >= 0 or None, default 0
        How many steps a worker may be ahead of the slowest. 0 is synchronous; otherwise gradients go to a
        parameter server and parameters come back, and None means without bound.
    steps : int >= 1, default 1000
        Of each worker.
    first : int >= 0, default 0
        Steps of each worker before these, which count where workers keep step: for a run after its warm-up.
    seed : int, default 0
        Of the stragglers.

    Returns
    -------
    Simulation
        The same for the same arguments.

    Raises
    ------
    InvalidArgument
        Without a network, or for staleness in local training.

    Examples
    --------
    >>> from neuralopt.distributed import DataParallel, Network
    >>> found = simulate(DataParallel(workers=2), Layout(((1000,),), 2), step_seconds=0.01,
    ...                  network=Network(latency=0.001, bandwidth=1e6))
    >>> round(found.step_seconds, 3), found.bytes_per_step
    (0.016, 4000.0)
    """
    network = network or strategy.network
    if network is None:
        raise InvalidArgument("simulate needs a network, got None. Pass network=Network(latency, bandwidth).")
    if not hasattr(strategy, "exchanges"):
        raise InvalidArgument(
            f"simulate takes DataParallel, LocalSGD or DiLoCo, got {strategy!r}. A parameter server is "
            "DataParallel with staleness=None, or a number."
        )
    for name, given, kind in (
        ("layout", layout, Layout),
        ("network", network, AnyNetwork),
        ("stragglers", stragglers or Stragglers(), Stragglers),
    ):
        if not isinstance(given, kind):
            raise InvalidArgument(f"simulate: {name} must be a {kind.__name__}, got {given!r}.")
    check_number("step_seconds", step_seconds, low_open=True)
    check_number("exchange_seconds", exchange_seconds)
    check_count("steps", steps)
    check_count("first", first, low=0)
    layout = dataclasses.replace(layout, workers=strategy.workers)
    random = np.random.default_rng(seed)
    times = (stragglers or Stragglers()).times(step_seconds, (strategy.workers, steps), random)
    if staleness == 0:
        return _in_step(strategy, layout, times, network, exchange_seconds, first)
    if staleness is not None:
        check_count("staleness", staleness, low=0)
    if hasattr(strategy, "period"):
        raise InvalidArgument(
            f"{type(strategy).__name__} exchanges in rounds, which cannot be stale, got "
            f"staleness={staleness!r}. Take DataParallel, or staleness=0."
        )
    return _at_a_server(strategy, layout, times, network, exchange_seconds, staleness)


def _in_step(
    strategy: "Strategy",
    layout: Layout,
    times: np.ndarray,
    network: AnyNetwork,
    exchange_seconds: float,
    first: int,
) -> Simulation:
    """Return the clock of workers that wait for one another at every exchange."""
    workers, steps = times.shape
    last = first + steps
    ends = [step for step in range(1, steps + 1) if _rounds(strategy, first + step, last)]
    computed = np.stack([part.sum(1) for part in np.split(times, ends[:-1], axis=1)], axis=1)
    sent, _ = strategy.cost(layout, first, last, last)
    before, after = strategy.exchanges(first, last, last)
    on_the_way = sum(network.seconds(strategy.exchange, layout, k) for k in range(before, after))
    slowest = computed.max(0).sum()
    whole = slowest + len(ends) * exchange_seconds + on_the_way
    waiting = (slowest - computed.sum() / workers) / whole
    return Simulation(float(whole / steps), float(waiting), float(on_the_way / whole), float(sent / steps))


def _rounds(strategy: "Strategy", step: int, total: int) -> bool:
    before, after = strategy.exchanges(step - 1, step, total)
    return after > before


def _at_a_server(
    strategy: "Strategy",
    layout: Layout,
    times: np.ndarray,
    network: AnyNetwork,
    exchange_seconds: float,
    bound: int | None,
) -> Simulation:
    """Return the clock of workers that send gradients to a server when they have them."""
    workers, steps = times.shape
    # a pair of messages: what one worker sends to another of two
    pair = dataclasses.replace(layout, workers=2)
    pushed = strategy.exchange.bytes_per_step(pair)
    pulled = layout.size * layout.itemsize
    # what a message takes each way, and beside it the server's own link, which all workers share
    half = network.waiting(Collective("all_gather", 0.0, 1))
    up, down = pushed / network.bandwidth, pulled / network.bandwidth
    into = out = 0.0  # when that link is free
    done, version, ages = np.zeros(workers, int), 0, []
    waited = sending = clock = 0.0
    waiting: list[tuple[float, int]] = []  # since when, and who
    events: list[tuple[float, int, int]] = []  # when it has computed, who, version read

    def hand_out(now: float, who: int) -> float:
        """Send a worker the parameters; return how long they are on the way."""
        nonlocal out
        out = max(now, out) + down
        there = out + half
        heapq.heappush(events, (there + times[who, done[who]] + exchange_seconds, who, version))
        return there - now

    for who in range(workers):
        sending += hand_out(0.0, who)
    while events:
        computed, worker, read = heapq.heappop(events)
        into = max(computed, into) + up
        clock = into + half
        sending += clock - computed
        ages.append(version - read)
        version += 1
        done[worker] += 1
        waiting.append((clock, worker))
        for since, who in list(waiting):
            if bound is not None and done[who] - done.min() > bound:
                continue
            waiting.remove((since, who))
            waited += clock - since
            if done[who] < steps:
                sending += hand_out(clock, who)
    total = clock * workers
    return Simulation(
        float(clock / steps),
        float(waited / total),
        float(sending / total),
        float(pushed),
        float(np.mean(ages)),
        int(max(ages)),
    )
