"""Options that several commands share, with the words that explain them."""

from pathlib import Path
from typing import Annotated

import typer

Table = Annotated[
    str, typer.Argument(help="A CSV, Parquet or NPZ file, or a bundled table: digits, diabetes.")
]
Targets = Annotated[
    list[str] | None, typer.Option("--target", "-t", help="Column to predict; several for regression.")
]
Kind = Annotated[
    str | None, typer.Option(help="regression or classification; by default recognised from the target.")
]
Missing = Annotated[
    str, typer.Option(help="refuse tables with missing values, or impute them by the training rows.")
]
Drop = Annotated[list[str] | None, typer.Option(help="Column to leave out; may be given again.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="New folder; by default neuralopt-runs/<name>.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")]
Title = Annotated[str | None, typer.Option(help="Heading of the report.")]
Hidden = Annotated[str, typer.Option(help="Widths of the hidden layers, with commas.")]
Activation = Annotated[str, typer.Option(help="Of the hidden layers.")]
Cluster = Annotated[
    str | None,
    typer.Option(help="Take workers of a Ray cluster: its HOST:PORT, or local for Ray on this machine."),
]
