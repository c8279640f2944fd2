"""The options of ``neuralopt architecture``."""

from typing import Annotated

import typer

from neuralopt.cli.options import Drop, Kind, Missing, Output, Table, Targets, Title


def architecture(
    data: Table,
    target: Targets = None,
    task: Kind = None,
    space: Annotated[
        str, typer.Option(help="mlp, or mobilenet_v3 for columns that are pixels: pixel_0_0 ...")
    ] = "mlp",
    strategy: Annotated[
        str, typer.Option(help="evolutionary (which is ageing), ageing, generational or random.")
    ] = "evolutionary",
    population_size: Annotated[int, typer.Option(help="Networks that live at a time.")] = 20,
    generations: Annotated[int, typer.Option(help="Steps of ageing, or whole generations.")] = 50,
    predictor: Annotated[
        str, typer.Option(help="early_stopping, sum_of_losses or power_law.")
    ] = "early_stopping",
    max_parameters: Annotated[float | None, typer.Option(help="Limit on trained numbers.")] = None,
    max_multiply_adds: Annotated[float | None, typer.Option(help="Limit for one row.")] = None,
    max_latency_ms: Annotated[float | None, typer.Option(help="Limit for one row, measured here.")] = None,
    epochs: Annotated[int, typer.Option(help="Of a full training.")] = 40,
    candidate_epochs: Annotated[
        int | None, typer.Option(help="Of a candidate; by default a quarter of --epochs.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Rows of a mini-batch.")] = 64,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of Adam, constant; 3e-3 for mlp, 1e-2 for mobilenet_v3.")
    ] = None,
    missing: Missing = "refuse",
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same search.")] = 0,
    output: Output = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier search stopped.")] = False,
    title: Title = None,
) -> None:
    """Search for the best network of a space, with random search at equal epochs beside it."""
    from neuralopt.architecture.run import ArchitectureSettings
    from neuralopt.cli.architecture import Options, run

    limits = {"parameters": max_parameters, "multiply_adds": max_multiply_adds, "latency_ms": max_latency_ms}
    settings = ArchitectureSettings(
        space,
        strategy,
        population_size,
        generations,
        predictor,
        {name: limit for name, limit in limits.items() if limit is not None},
        epochs,
        candidate_epochs,
        batch_size,
        learning_rate,
        seed,
    )
    run(Options(data, target or [], task, missing, drop or [], settings, output, resume, title))
