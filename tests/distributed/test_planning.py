"""The clock of simulated workers against closed forms, and the table of what pays."""

import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import (
    DataParallel,
    DiLoCo,
    Fp32,
    Int8,
    Layout,
    LocalSGD,
    MeasuredNetwork,
    Momentum1Bit,
    Network,
    Stragglers,
    TopK,
    measure_network,
    plan,
    simulate,
)

LAYOUT, SLOW = Layout(((100, 100),), 2), Network(latency=0.002, bandwidth=1e6)


def clock(strategy, **given):
    return simulate(strategy, LAYOUT, **{"step_seconds": 0.01, "network": SLOW, "steps": 100, **given})


def test_synchronous_steps_are_computing_plus_sending():
    for workers in (1, 2, 8):
        found = clock(DataParallel(workers=workers), exchange_seconds=0.003)
        share = 2 * (workers - 1) / workers
        sending = 2 * (workers - 1) * 0.002 + share * 40_000 / 1e6
        assert found.step_seconds == pytest.approx(0.013 + sending)
        assert found.sending == pytest.approx(sending / (0.013 + sending))
        assert found.waiting == pytest.approx(0, abs=1e-12)
        assert found.bytes_per_step == pytest.approx(share * 40_000)


def test_a_measured_network_asks_what_each_collective_takes():
    links = MeasuredNetwork(0.003, 0.001, 0.002, 1e6, workers=2, step_seconds=0.02)
    assert clock(DataParallel(), network=links).step_seconds == pytest.approx(0.01 + 0.003 + 0.04)
    legs = 0.001 + 0.002 + 10_240 / 256 * 260 / 1e6
    assert clock(DataParallel(exchange=Int8()), network=links).step_seconds == pytest.approx(0.01 + legs)
    sparse = clock(DataParallel(exchange=TopK(0.01)), network=links)
    assert sparse.step_seconds == pytest.approx(0.01 + 0.002 + 800 / 1e6)


def test_a_server_gets_a_whole_gradient_and_gives_all_parameters():
    links = Network(latency=0.002, bandwidth=1e6)
    found = clock(DataParallel(workers=1), network=links, staleness=None)
    assert found.bytes_per_step == 40_000
    assert found.step_seconds == pytest.approx(0.01 + 0.004 + 0.08)


def test_a_run_after_its_warm_up():
    """The plan's bytes are those of the page, without any of a step before."""
    bits = DataParallel(exchange=Momentum1Bit(warmup_steps=10))
    later = clock(bits, first=10)
    assert later.bytes_per_step == bits.exchange.bytes_per_step(LAYOUT)
    assert clock(bits).bytes_per_step == pytest.approx(0.9 * later.bytes_per_step + 0.1 * 40_000)
    rounds = LocalSGD(period=16, workers=2)
    assert clock(rounds, first=16) == clock(rounds)


def test_all_workers_share_the_link_of_their_server():
    """With many workers the server's link is what takes the time: all gradients and all parameters."""
    links = Network(latency=0.0, bandwidth=1e6)
    few, many = (clock(DataParallel(workers=k), network=links, staleness=None) for k in (1, 50))
    assert few.step_seconds == pytest.approx(0.01 + 0.08)
    assert many.step_seconds == pytest.approx(50 * 0.04, rel=0.05)
    assert many.sending > 0.9


def test_rounds_share_one_exchange():
    found = clock(LocalSGD(period=16, workers=2), exchange_seconds=0.003)
    rounds = 7  # 16, 32, ..., 96 and the last step
    assert found.step_seconds == pytest.approx(0.01 + rounds * (0.003 + 0.004 + 0.04) / 100)
    assert found.bytes_per_step == pytest.approx(rounds * 40_000 / 100)


def test_the_slowest_sets_the_pace():
    slow = Stragglers(probability=0.1, factor=5.0)
    every = clock(DataParallel(workers=4), stragglers=slow, steps=4000)
    # the step is slow unless all four are quick
    expected = 0.01 * (1 + 4 * (1 - 0.9**4))
    sending = clock(DataParallel(workers=4)).step_seconds - 0.01
    assert every.step_seconds - sending == pytest.approx(expected, rel=0.03)
    quick = {"stragglers": slow, "steps": 4000, "network": Network(latency=0, bandwidth=1e12)}
    every, rounds = (clock(s, **quick) for s in (DataParallel(workers=4), LocalSGD(period=50, workers=4)))
    assert rounds.step_seconds < 0.7 * every.step_seconds
    assert 0 < rounds.waiting < every.waiting


def test_staleness_is_bounded_as_asked():
    slow = Stragglers(spread=0.5)
    quick = Network(latency=0.002, bandwidth=1e9)
    given = {"stragglers": slow, "network": quick, "steps": 300}
    free, near = (clock(DataParallel(workers=4), staleness=s, **given) for s in (None, 1))
    assert free.staleness == pytest.approx(3, abs=0.2)  # the updates of the three others
    assert near.most_stale <= 3 * (2 * 1 + 1)
    assert near.waiting > free.waiting == 0
    assert near.step_seconds > free.step_seconds
    assert clock(DataParallel(workers=1), staleness=None).staleness == 0


def test_equal_arguments_give_equal_clocks():
    given = {"stragglers": Stragglers(spread=0.3), "staleness": 2}
    assert clock(DataParallel(workers=3), **given) == clock(DataParallel(workers=3), **given)
    assert clock(DataParallel(workers=3), **given) != clock(DataParallel(workers=3), **given, seed=1)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: clock(DataParallel(), network=None),
            "simulate needs a network, got None. Pass network=Network(latency, bandwidth).",
        ),
        (
            lambda: clock(DataParallel(), step_seconds=0),
            "step_seconds must be a finite number > 0, got 0.",
        ),
        (
            lambda: clock(DataParallel(), stragglers=0.1),
            "simulate: stragglers must be a Stragglers, got 0.1.",
        ),
        (
            lambda: clock("all"),
            "simulate takes DataParallel, LocalSGD or DiLoCo, got 'all'. A parameter server is DataParallel with "
            "staleness=None, or a number.",
        ),
        (
            lambda: plan(None, None, workers=()),
            "workers must name at least one number of workers, got none. Try (2, 4).",
        ),
        (lambda: plan(None, None, workers=2, seconds=0), "seconds must be a finite number > 0, got 0."),
        (
            lambda: plan(None, None, workers=2, strategies=["int8"]),
            "strategies are DataParallel, LocalSGD or DiLoCo, got 'int8'.",
        ),
        (
            lambda: plan(None, np.zeros((5, 2)), workers=2),
            "plan measures steps of whole batches: data must have batch_size=256 rows, got 5.",
        ),
        (lambda: clock(DataParallel(), staleness=-1), "staleness must be a whole number >= 0, got -1."),
        (
            lambda: clock(DiLoCo(), staleness=3),
            "DiLoCo exchanges in rounds, which cannot be stale, got staleness=3. Take DataParallel, or staleness=0.",
        ),
        (
            lambda: measure_network(None, None, backend="simulated"),
            'simulated workers send nothing that could be measured. Take backend="processes" or a RayCluster.',
        ),
        (
            lambda: plan(None, None, workers=(2, 4), network=MeasuredNetwork(0.0, 0.0, 0.0, 1e9, 2, 0.1)),
            "the network was measured between 2 workers, got workers=(2, 4). Measure it for each number: give "
            "the backend itself for the network.",
        ),
        (
            lambda: plan(None, None, network="fast"),
            "backend must be 'simulated', 'processes', Processes(...) or RayCluster(...), got 'fast'.",
        ),
        (
            lambda: plan(None, None, workers=(2, 4), batch_size=3),
            "every worker needs a row of each batch, got batch_size=3 for 4 workers. The batch size is that of all "
            "workers together: raise it, or take fewer workers.",
        ),
        (lambda: Network(bandwidth=0), "Network: bandwidth must satisfy 0 < bandwidth, got 0.0."),
        (lambda: Stragglers(factor=0.5), "Stragglers: factor must satisfy 1 <= factor, got 0.5."),
    ],
)
def test_laws(make, text):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert str(caught.value) == text


def test_a_plan_says_what_pays(net, regression):
    strategies = [DataParallel(exchange=e) for e in (Fp32(), Int8(), TopK(0.03))] + [DiLoCo(period=64)]
    crawling = Network(latency=1e-6, bandwidth=1e3)
    found = plan(
        net, regression, workers=(2, 4), network=crawling, batch_size=16, strategies=strategies, seconds=0.01
    )
    assert found.parameters == 38
    assert len(found.rows) == 8
    assert found.best(2).method == "DiLoCo every 64, Fp32"
    by_name = {row.method: row for row in found.rows if row.workers == 2}
    assert by_name["Fp32"].bytes_per_step == 152
    # one of 38 entries, with its place
    assert by_name["TopK"].bytes_per_step == 8
    assert by_name["TopK"].less_by == 19
    assert by_name["TopK"].step_seconds < by_name["Fp32"].step_seconds
    assert by_name["TopK"].pays_below > 1e3
    assert by_name["Int8"].pays_below == 0  # a block of 256 is larger than all the parameters
    frame = found.frame()
    assert list(frame.columns)[:3] == ["workers", "method", "step_seconds"]
    assert np.isfinite(frame["step_seconds"]).all()


def test_what_was_measured_stands_in_the_plan(net, regression):
    links = MeasuredNetwork(0.5, 0.2, 0.3, 1e9, workers=2, step_seconds=7.0)
    strategies = [DataParallel(exchange=e) for e in (Fp32(), TopK(0.03))]
    found = plan(
        net, regression, workers=(2,), network=links, strategies=strategies, batch_size=16, seconds=0.01
    )
    assert [row.method for row in found.rows] == ["TopK", "Fp32"]
    assert [row.step_seconds for row in found.rows] == pytest.approx([7.3, 7.5], abs=0.01)


def test_processes_are_measured(net, regression):
    """Two workers, once started; whatever a busy machine gives, what is found makes sense."""
    found = measure_network(net, regression, batch_size=16, rounds=2)
    assert found.workers == 2
    assert 0 < found.step_seconds < 1
    assert max(found.all_reduce, found.all_to_all, found.all_gather) > 0
    assert min(found.all_reduce, found.all_to_all, found.all_gather) >= 0
    assert found.bandwidth > 0
