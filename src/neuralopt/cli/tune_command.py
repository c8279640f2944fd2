"""The options of ``neuralopt tune``; what it needs is imported when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from neuralopt.cli.options import Cluster, Drop, Kind, Missing, Resume, Targets, Title


def tune(
    data: Annotated[
        str | None, typer.Argument(help="A CSV, Parquet or NPZ file, or a bundled table: digits, diabetes.")
    ] = None,
    target: Targets = None,
    task: Kind = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            help="What is tuned: a JSON file, or NAME=KIND:..., such as learning_rate=log_uniform:1e-4:1e-1, "
            "batch_size=16,32,64 or hidden=int:8:64; may be given again."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="bayesian, random, sobol, or tpe and gp of Optuna.")
    ] = "bayesian",
    pruner: Annotated[str, typer.Option(help="none, asha, hyperband or median.")] = "none",
    max_trials: Annotated[int, typer.Option(help="Trials in all, those before a resume too.")] = 50,
    patience: Annotated[
        int, typer.Option(help="End when so many trials have not improved the best; 0 is never.")
    ] = 10,
    epochs: Annotated[int, typer.Option(help="Passes over the training rows of a whole trial.")] = 50,
    hidden: Annotated[
        str, typer.Option(help="Widths of the hidden layers, where they are not tuned.")
    ] = "64",
    activation: Annotated[str, typer.Option(help="Of the hidden layers, where it is not tuned.")] = "tanh",
    optimizer: Annotated[str, typer.Option(help="Where it is not tuned.")] = "adamw",
    workers: Annotated[int, typer.Option(help="Processes that evaluate trials at the same time.")] = 1,
    cluster: Cluster = None,
    batch: Annotated[int, typer.Option(help="Trials that are asked for and trained together.")] = 8,
    missing: Missing = "refuse",
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="Of the split, the search and the trainings.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder; by default neuralopt-runs/<name>-tune.")
    ] = None,
    resume: Resume = False,
    title: Title = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="List the trials of the study in this folder, and end.")
    ] = None,
) -> None:
    """Find good hyperparameters of a network for a table; keep the best model, write a report."""
    if listed is not None:
        from neuralopt.cli.trials import print_trials

        print_trials(listed)
        return
    from neuralopt.cli.app import numbers
    from neuralopt.cli.tune import Options, run

    run(
        Options(
            data=data,
            target=target or [],
            task=task,
            space=space or [],
            method=method,
            pruner=pruner,
            max_trials=max_trials,
            patience=patience,
            epochs=epochs,
            hidden=numbers("--hidden", hidden, int),
            activation=activation,
            optimizer=optimizer,
            workers=workers,
            cluster=cluster,
            batch=batch,
            missing=missing,
            drop=drop or [],
            seed=seed,
            output=output,
            resume=resume,
            title=title,
        )
    )
