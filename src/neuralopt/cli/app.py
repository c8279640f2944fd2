"""The ``neuralopt`` command and its subcommands."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from neuralopt.cli import architecture_options, text, workers
from neuralopt.cli.options import (
    Activation,
    Drop,
    Hidden,
    Kind,
    Missing,
    Output,
    Resume,
    Table,
    Targets,
    Title,
)
from neuralopt.cli.tune_command import tune
from neuralopt.core.errors import InvalidArgument, NeuraloptError, StorageError

# What a subcommand needs is imported when it runs: --help answers at once.

app = typer.Typer(
    name="neuralopt",
    help="Train networks by every method under one budget, see which did best, take the model home.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(text.app, name="text")
app.command()(architecture_options.architecture)
app.command()(workers.train)
app.command()(workers.plan)


@app.command()
def compare(
    context: typer.Context,
    data: Annotated[
        list[str] | None,
        typer.Argument(help="A CSV, Parquet or NPZ file, or a bundled table: digits, diabetes."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="Column to predict; several for regression on several targets."),
    ] = None,
    real: Annotated[
        Path | None,
        typer.Option(help="Table of measurements; DATA is then simulated, and joint training is compared."),
    ] = None,
    task: Kind = None,
    optimizers: Annotated[
        str, typer.Option(help="all, classic, or names with commas between them; optax.<name> too.")
    ] = "all",
    budget: Annotated[
        str, typer.Option(help="quick, or thorough: 9 rates, 10 seeds, schedules tuned with the optimizers.")
    ] = "quick",
    rates: Annotated[
        int | None, typer.Option(help="Learning rates tried for each optimizer; quick 5, thorough 9.")
    ] = None,
    learning_rates: Annotated[
        str | None, typer.Option(help="The learning rates themselves, with commas, for all optimizers.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs at every learning rate, from paired seeds; quick 5, thorough 10.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training rows; by default about 3000 steps.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Rows of a mini-batch.")] = 32,
    hidden: Hidden = "64",
    activation: Activation = "tanh",
    missing: Missing = "refuse",
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="Of the split into training, validation and test rows.")] = 0,
    output: Output = None,
    resume: Resume = False,
    title: Title = None,
    manifest: Annotated[
        Path | None, typer.Option(help="comparison.toml of an earlier run, in place of the other options.")
    ] = None,
) -> None:
    """Train by every optimizer under the same budget; rank them, keep the best model, write a report."""
    from neuralopt.cli.compare import Options, run

    run(
        Options(
            data=data or [],
            target=target or [],
            real=real,
            task=task,
            optimizers=optimizers,
            budget=budget,
            rates=rates if learning_rates is None else numbers("--learning-rates", learning_rates, float),
            seeds=seeds,
            epochs=epochs,
            batch_size=batch_size,
            hidden=numbers("--hidden", hidden, int),
            activation=activation,
            missing=missing,
            drop=drop or [],
            seed=seed,
            output=output,
            resume=resume,
            title=title,
        ),
        manifest,
        [
            parameter.opts[0]
            for parameter in context.command.params
            if (source := context.get_parameter_source(str(parameter.name))) and source.name == "COMMANDLINE"
        ],
    )


@app.command()
def joint(
    sim: Annotated[Path, typer.Option("--sim", help="Table of simulated rows: CSV, Parquet or NPZ.")],
    real: Annotated[Path, typer.Option("--real", help="Table of measurements with the same columns.")],
    target: Targets = None,
    task: Kind = None,
    final: Annotated[str, typer.Option(help="stack the best candidates, or select one.")] = "stack",
    mode: Annotated[
        str, typer.Option(help="variable_projection, alternating or implicit.")
    ] = "variable_projection",
    hidden: Hidden = "64",
    epochs: Annotated[int, typer.Option(help="Passes over the simulated rows at most.")] = 1000,
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    output: Output = None,
    resume: Resume = False,
    title: Title = None,
) -> None:
    """Train one model on many simulated and few real rows; say whether the simulator helped."""
    from neuralopt.benchmark.joint_run import JointSettings
    from neuralopt.cli.joint import Options, run

    settings = JointSettings(final, mode, numbers("--hidden", hidden, int), epochs, seed)
    run(Options(sim, real, target or [], task, drop or [], settings, output, title, resume))


@app.command()
def search(
    data: Table,
    target: Targets = None,
    task: Kind = None,
    loss: Annotated[
        str | None, typer.Option(help="squared_error, cross_entropy, hinge, 01, f1 or auc.")
    ] = None,
    activation: Annotated[
        str, typer.Option(help="Of the hidden layers: step, sign, tanh, relu ...")
    ] = "step",
    hidden: Hidden = "64",
    levels: Annotated[
        str | None, typer.Option(help="The values that weights may have, with commas: -1,0,1.")
    ] = None,
    sweeps: Annotated[int, typer.Option(help="Sweeps over all weights at most.")] = 30,
    budget: Annotated[float | None, typer.Option(help="Seconds at most.")] = None,
    hybrid: Annotated[bool, typer.Option("--hybrid", help="Search, descend, search again.")] = False,
    missing: Missing = "refuse",
    drop: Drop = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    output: Output = None,
    resume: Resume = False,
) -> None:
    """Train without gradients: each weight in turn is set to its best value, for any loss and unit."""
    from neuralopt.benchmark.search_run import SearchSettings
    from neuralopt.cli.search import Options, run

    settings = SearchSettings(
        loss,
        activation,
        numbers("--hidden", hidden, int),
        None if levels is None else numbers("--levels", levels, float),
        sweeps,
        budget,
        hybrid,
        seed,
    )
    run(Options(data, target or [], task, drop or [], missing, settings, output, resume))


app.command()(tune)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model file that a command of neuralopt has written.")],
    data: Annotated[Path, typer.Argument(help="A CSV, Parquet or NPZ file with the columns of training.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV file to write; by default standard output.")
    ] = None,
) -> None:
    """Apply a saved model to new rows."""
    from neuralopt.datasets import read_table
    from neuralopt.datasets.wording import counted
    from neuralopt.estimators import load_predictor
    from neuralopt.storage import check_writable, write_text

    if output is not None:
        if output.suffix.lower() not in ("", ".csv", ".txt"):
            raise InvalidArgument(f"predictions are written as CSV, got -o {output}. Give a name in .csv.")
        for kept in (model, data):
            if output.exists() and kept.exists() and output.samefile(kept):
                raise InvalidArgument(
                    f"-o {output} would overwrite {kept}, which is read. Give another name."
                )
        check_writable(output)
    predictor = load_predictor(model)
    predictions = predictor.predict(read_table(data, min_rows=1, texts=predictor.texts))
    table = predictions.to_csv(index=False)
    if output is None:
        _write_out(table)
    else:
        typer.echo(
            f"Predictions for {counted(len(predictions), 'row')}: {write_text(output, table)}", err=True
        )


@app.command()
def report(
    records: Annotated[
        Path,
        typer.Argument(
            help="The records folder of a comparison, a joint fit, a study or an architecture search."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; by default beside the records.")
    ] = None,
) -> None:
    """Draw the report again from its records; nothing is run."""
    from neuralopt.report import build_report

    inner = records / "records"
    typer.echo(f"Report: {build_report(inner if inner.is_dir() else records, output)}")


@app.command()
def doctor() -> None:
    """Say what this machine and installation are, for figures and bug reports."""
    from neuralopt.benchmark import machine_facts

    for name, fact in machine_facts().items():
        typer.echo(f"{name:14} {fact}")


def numbers(option: str, text: str, kind: type) -> tuple:
    """Return the numbers of an option, or refuse it in its own name."""
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        word = "whole numbers" if kind is int else "numbers"
        raise InvalidArgument(f"{option} takes {word} with commas between them, got {text!r}.") from None


def _write_out(text: str) -> None:
    """Write to standard output, where a disk may be full as well."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is left in the buffer would raise once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StorageError(
            f"standard output cannot be written ({error.strerror}). Make room, or give a file with -o."
        ) from error


def main() -> None:
    """Run the command line; an error of neuralopt becomes a sentence and exit code 2."""
    try:
        app(prog_name="neuralopt")
    except NeuraloptError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
