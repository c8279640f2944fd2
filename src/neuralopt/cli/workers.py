"""``neuralopt train`` and ``neuralopt plan``: training with several workers, and whether it pays."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuralopt.cli.options import (
    Activation,
    Cluster,
    Drop,
    Hidden,
    Kind,
    Missing,
    Output,
    Resume,
    Table,
    Targets,
)

if TYPE_CHECKING:
    from neuralopt.distributed import MeasuredNetwork


def train(
    data: Table,
    target: Targets = None,
    task: Kind = None,
    workers: Annotated[int, typer.Option(help="Processes of this machine that train together.")] = 1,
    method: Annotated[str, typer.Option(help="synchronous, local-sgd, diloco or server.")] = "synchronous",
    exchange: Annotated[
        str, typer.Option(help="fp32, bf16, int8, 1bit, sign, powersgd:RANK, topk:SHARE or dgc:SHARE.")
    ] = "fp32",
    period: Annotated[
        int | None, typer.Option(help="Steps between exchanges of local-sgd and diloco; by default 16.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Simulate the workers in this process; bytes are counted.")
    ] = False,
    cluster: Cluster = None,
    optimizer: Annotated[
        str | None, typer.Option(help="By default adam, or sgd beside an exchange that keeps the momentum.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="By default the optimizer's own.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training rows.")] = 100,
    batch_size: Annotated[int, typer.Option(help="Rows of a batch of all workers together.")] = 32,
    hidden: Hidden = "64",
    activation: Activation = "tanh",
    missing: Missing = "refuse",
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="Of the split, the first weights and the order of rows.")] = 0,
    output: Output = None,
    resume: Resume = False,
) -> None:
    """Train one network on a table, in one process or with several workers."""
    from rich.console import Console
    from rich.text import Text

    from neuralopt.benchmark import make_task
    from neuralopt.benchmark.train_run import TrainSettings, run_training
    from neuralopt.cli.app import numbers
    from neuralopt.cli.ending import interrupted
    from neuralopt.cli.tables import named_table
    from neuralopt.core.results import Status

    settings = TrainSettings(
        optimizer,
        learning_rate,
        numbers("--hidden", hidden, int),
        activation,
        epochs,
        batch_size,
        workers,
        method,
        exchange,
        period,
        simulated,
        cluster,
        seed,
    )
    settings.distribution()  # before the table is read
    name, frame, target = named_table(data, target or [])
    columns = target[0] if len(target) == 1 else target
    made = make_task(name, frame, columns, task=task, missing=missing, drop=drop or [], seed=seed)
    done = run_training(made, settings, output=output, resume=resume, verbose=True)
    out, history = Console(), done.result.history
    out.print(Text(f"{done.result.status.name}: {done.result.status.value}"))
    for name, value in done.scores.items():
        out.print(Text(f"{name}: {value:.4f}"))
    if "bytes_sent" in history:
        out.print(Text(f"bytes sent by each worker: {history['bytes_sent'].sum():,.0f}"))
    out.print(
        f"Model    {done.path}   (neuralopt predict {done.path} NEW.csv)",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    if done.result.status is Status.INTERRUPTED:
        interrupted(out)


def plan(
    layers: Annotated[str, typer.Option(help="Widths of all layers, inputs first, with commas.")],
    batch_size: Annotated[int, typer.Option(help="Rows of a batch of all workers together.")] = 256,
    workers: Annotated[str, typer.Option(help="Numbers of workers to look at, with commas.")] = "2,4,8",
    bandwidth: Annotated[float, typer.Option(help="Of a worker's link, in megabit per second.")] = 1000.0,
    latency: Annotated[float, typer.Option(help="Of a message, in microseconds.")] = 50.0,
    measured: Annotated[
        bool,
        typer.Option("--measured", help="Measure processes of this machine, in place of both."),
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Measure workers of a Ray cluster: its HOST:PORT, or local for Ray on this machine."
        ),
    ] = None,
    spread: Annotated[float, typer.Option(help="Of the time of a step: 0.1 is about ten percent.")] = 0.0,
    optimizer: Annotated[str, typer.Option(help="A name.")] = "adam",
    activation: Activation = "tanh",
) -> None:
    """Say for a network of machines which exchange pays; the step is measured on this one."""
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from neuralopt import MLP
    from neuralopt.cli.app import numbers
    from neuralopt.distributed import MeasuredNetwork, Network, Stragglers
    from neuralopt.distributed import plan as make_plan
    from neuralopt.distributed.by_name import get_cluster

    network: Any = "processes" if measured else Network(latency * 1e-6, bandwidth * 1e6 / 8)
    if cluster is not None:
        network = get_cluster(cluster)
    widths = numbers("--layers", layers, int)
    model = MLP(widths, activation)
    random = np.random.default_rng(0)
    rows = max(batch_size, 1) * 4
    data = (random.standard_normal((rows, widths[0])), random.standard_normal((rows, widths[-1])))
    found = make_plan(
        model,
        data,
        workers=numbers("--workers", workers, int),
        network=network,
        batch_size=batch_size,
        optimizer=optimizer,
        stragglers=Stragglers(spread=spread),
    )
    console = Console()
    console.print(
        f"{found.parameters:,} parameters; one worker takes {1e3 * found.one_worker:.2f} ms for a step of "
        f"{batch_size} rows on this machine.",
        highlight=False,
    )
    for links in found.networks:
        if isinstance(links, MeasuredNetwork):
            console.print(_told(links), highlight=False)
    for count in dict.fromkeys(row.workers for row in found.rows):
        table = Table(
            "method", "ms/step", "speed-up", "bytes/step", "less by", "pays below", title=f"{count} workers"
        )
        for row in found.rows:
            if row.workers == count:
                table.add_row(
                    row.method,
                    f"{1e3 * row.step_seconds:.2f}",
                    f"{row.speedup:.2f}",
                    f"{row.bytes_per_step:,.0f}",
                    f"{row.less_by:.1f}",
                    _bandwidth(row.pays_below),
                )
        console.print(table)


def _told(links: "MeasuredNetwork") -> str:
    """Return what was measured between processes."""
    waits = {"all-reduce": links.all_reduce, "all-to-all": links.all_to_all, "all-gather": links.all_gather}
    each = ", ".join(f"{1e3 * seconds:.2f} ms an {name}" for name, seconds in waits.items())
    return (
        f"{links.workers} processes at once take {1e3 * links.step_seconds:.2f} ms for their shares. Beside "
        f"its bytes at {8e-6 * links.bandwidth:,.0f} Mbit/s: {each}."
    )


def _bandwidth(bytes_per_second: float) -> str:
    if bytes_per_second == 0:
        return "never"
    if bytes_per_second == float("inf"):
        return "any bandwidth"
    return f"{8e-6 * bytes_per_second:,.0f} Mbit/s"
