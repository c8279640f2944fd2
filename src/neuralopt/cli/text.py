"""``neuralopt text``: pairs from a language model or from bundled facts, one network, the comparison."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from neuralopt.core.errors import InvalidArgument

# What a subcommand needs is imported when it runs: --help answers at once.

app = typer.Typer(
    help="Question-answer pairs: generate them, train a network on them, compare optimizers on them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DATA = "A CSV or Parquet file with the columns question, answer and label (-1 wrong, +1 right)."
_MODEL = "A sentence-transformers model: a local folder, or a name on the model hub."
_E5 = "ytu-ce-cosmos/turkish-e5-large"


@app.command()
def generate(
    model: Annotated[str | None, typer.Option(help="A model that the server has, e.g. gemma2:9b.")] = None,
    base_url: Annotated[
        str, typer.Option(help="Of a server that speaks the chat protocol of OpenAI.")
    ] = "http://localhost:11434/v1",
    bundled: Annotated[bool, typer.Option("--bundled", help="From bundled facts, without a server.")] = False,
    language: Annotated[str, typer.Option(help="en or tr.")] = "en",
    n: Annotated[int, typer.Option(help="Pairs wanted; half of them right, half wrong.")] = 200,
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file; gone on with.")] = Path("qa.csv"),
    seed: Annotated[int, typer.Option(help="Of the order of topics, or of the choice of facts.")] = 0,
    wordings: Annotated[int, typer.Option(help="With --bundled: in how many ways a fact is asked.")] = 3,
    hard: Annotated[
        bool, typer.Option("--hard", help="With --bundled: an answer is wrong as often as right.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer of the server.")] = 120.0,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for everything.")] = None,
    retries: Annotated[int, typer.Option(help="Further tries after an answer that failed.")] = 5,
) -> None:
    """Make question-answer pairs by a local language model, or from bundled facts."""
    from neuralopt.text import Asking, bundled_pairs
    from neuralopt.text.pair_file import write_bundled

    if bundled == (model is not None):
        raise InvalidArgument(
            "Give either --model NAME, a language model on a local server, or --bundled, got "
            f"{'both' if bundled else 'neither'}."
        )
    if output.suffix != ".csv":
        raise InvalidArgument(f"Pairs are written as CSV: give -o a name that ends in .csv, got '{output}'.")
    if bundled:
        frame = bundled_pairs(n, language, seed=seed, wordings=wordings, hard=hard)
        write_bundled(frame, output, language)
    else:
        asking = Asking(model or "", base_url, language, n, seed, timeout, time_limit, retries)
        frame = _asked(asking, output)
    right = frame["label"].tolist().count(1)
    typer.echo(
        f"{len(frame)} pairs ({right} right, {len(frame) - right} wrong) on {len(set(frame['question']))} "
        f"questions: {output}"
    )


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help=_DATA)],
    embedding: Annotated[str, typer.Option(help="tfidf or semantic.")] = "tfidf",
    embedding_model: Annotated[str, typer.Option(help=_MODEL)] = _E5,
    optimizer: Annotated[str, typer.Option(help="A name as for neuralopt compare.")] = "adam",
    learning_rate: Annotated[float | None, typer.Option(help="By default chosen by validation loss.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training pairs; the best is kept.")] = 100,
    batch_size: Annotated[int, typer.Option(help="Pairs of a mini-batch.")] = 32,
    hidden: Annotated[str, typer.Option(help="Widths of the hidden tanh layers, with commas.")] = "64",
    backend: Annotated[str, typer.Option(help="jax (compiled) or numpy (from scratch).")] = "jax",
    seed: Annotated[int, typer.Option(help="Of the split, the start and the order of rows.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder; by default neuralopt-runs/<name>.")
    ] = None,
) -> None:
    """Train one network to tell right answers from wrong ones; keep it for neuralopt predict."""
    from rich.console import Console
    from rich.text import Text

    from neuralopt.benchmark import TextSettings, make_text_task, train_text
    from neuralopt.cli.app import numbers
    from neuralopt.core.results import Status
    from neuralopt.engine import Progress
    from neuralopt.text import Pairs

    settings = TextSettings(
        optimizer, learning_rate, epochs, batch_size, numbers("--hidden", hidden, int), backend, seed
    )
    pairs = Pairs.read(data)
    task = make_text_task(data.stem, pairs, _embeddings(embedding, embedding_model, one=True)[0], seed=seed)
    done = train_text(task, settings, output=output, callbacks=(Progress(),))
    out = Console()
    for line in (
        *pairs.notes,
        f"{len(task.train.X)} training, {len(task.validation.X)} validation and {len(task.test.X)} test "
        f"pairs; no question in two of them; {task.train.X.shape[1]} inputs",
        f"{optimizer}, learning rate {done.learning_rate:.2g}, best epoch {done.result.best_epoch} of "
        f"{done.result.epochs}",
        done.verdict,
    ):
        out.print(Text(line))
    out.print(_confusion(done.confusion))
    out.print(
        Text(f"Model    {done.path}   (neuralopt predict {done.path} NEW.csv)"),
        soft_wrap=True,
        highlight=False,
    )
    if done.result.status is Status.INTERRUPTED:
        sys.exit(130)


@app.command()
def compare(
    data: Annotated[Path, typer.Argument(help=_DATA)],
    embedding: Annotated[
        str, typer.Option(help="tfidf, semantic, both, or auto: both where the model is on this machine.")
    ] = "auto",
    embedding_model: Annotated[str, typer.Option(help=_MODEL)] = _E5,
    optimizers: Annotated[
        str, typer.Option(help="Names with commas between them.")
    ] = "gd,sgd,adam,adagrad,rmsprop",
    rates: Annotated[int, typer.Option(help="Learning rates of each, widened at an edge.")] = 5,
    seeds: Annotated[int, typer.Option(help="Runs at every learning rate, from paired seeds.")] = 5,
    epochs: Annotated[int, typer.Option(help="Passes over the training pairs.")] = 100,
    batch_size: Annotated[int, typer.Option(help="Pairs of a mini-batch; GD takes all.")] = 32,
    hidden: Annotated[str, typer.Option(help="Widths of the hidden tanh layers, with commas.")] = "64",
    seed: Annotated[int, typer.Option(help="Of the split by questions.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder; by default neuralopt-runs/<name>.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    title: Annotated[str | None, typer.Option(help="Heading of the report.")] = None,
) -> None:
    """Compare GD, SGD, Adam, AdaGrad and RMSprop on pairs: speed, stability, test accuracy, a report."""
    from rich.console import Console
    from rich.text import Text

    from neuralopt.benchmark import Budget, choose_methods, compare_text, make_text_task
    from neuralopt.benchmark.methods import REFERENCES, with_reference
    from neuralopt.benchmark.text_compare import TEXT_BUDGET
    from neuralopt.cli.app import numbers
    from neuralopt.cli.compare import announce, conclude, progress
    from neuralopt.text import Pairs

    wanted = [name.strip() for name in optimizers.split(",")]
    methods = with_reference(choose_methods(wanted))
    if any(method.family != "gradient" for method in methods):
        raise InvalidArgument(f"text compare takes optimizers that descend a gradient, got {optimizers!r}.")
    budget: Budget = dataclasses.replace(
        TEXT_BUDGET,
        rates=rates,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        hidden=numbers("--hidden", hidden, int),
    )
    pairs = Pairs.read(data)
    tasks = [
        make_text_task(data.stem, pairs, one, seed=seed) for one in _embeddings(embedding, embedding_model)
    ]
    out = Console()
    for note in _left_out(embedding, embedding_model):
        out.print(Text(note, "dim"))
    for task in tasks:
        announce(out, task, budget)
    with progress(len(tasks) * (len(REFERENCES) + len(methods))) as observe:
        result = compare_text(
            tasks,
            optimizers=wanted,
            budget=budget,
            output=output,
            resume=resume,
            title=title,
            observe=observe,
        )
    conclude(out, result, tables=True)


def _asked(asking: Any, output: Path) -> Any:
    """Ask the server under a bar; an interruption leaves what was got in the file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from neuralopt.text import generate_pairs

    bar = Progress(
        TextColumn("pairs"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=Console(stderr=True),
    )
    job = bar.add_task("pairs", total=asking.n, now="")
    try:
        with bar:
            return generate_pairs(
                asking, output, observe=lambda got, _, now: bar.update(job, completed=got, now=now)
            )
    except KeyboardInterrupt:
        typer.echo(
            f"Interrupted: what was got is in {output}. The same command goes on from there.", err=True
        )
        sys.exit(130)


def _embeddings(wanted: str, model: str, *, one: bool = False) -> list[Any]:
    """Return what ``--embedding`` asks for."""
    from neuralopt.text import SentenceEmbedding
    from neuralopt.text.sentences import is_local

    known = ("tfidf", "semantic") if one else ("tfidf", "semantic", "both", "auto")
    if wanted == "tfidf" and model != _E5:
        raise InvalidArgument(
            f"--embedding-model {model} is for semantic embeddings, and --embedding is tfidf. "
            f"Add --embedding semantic{'' if one else ' or both'}, or leave the model out."
        )
    if wanted not in known:
        raise InvalidArgument(f"--embedding must be one of {', '.join(known)}, got {wanted!r}.")
    if wanted == "auto":
        wanted = "both" if is_local(model) else "tfidf"
    found: list[Any] = ["tfidf"] if wanted in ("tfidf", "both") else []
    return found + ([SentenceEmbedding(model)] if wanted in ("semantic", "both") else [])


def _left_out(wanted: str, model: str) -> list[str]:
    """Return why ``auto`` compares TF-IDF alone, if it does."""
    from neuralopt.text.sentences import have_sentence_transformers, is_local

    if wanted != "auto" or is_local(model):
        return []
    cause = (
        f"the model {model} is not on this machine; --embedding both fetches it"
        if have_sentence_transformers()
        else 'they need pip install "neuralopt[text]"'
    )
    return [f"Semantic embeddings are left out: {cause}."]


def _confusion(counts: Any) -> Any:
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("test pairs", "said wrong", "said right"):
        table.add_column(name, justify="left" if name == "test pairs" else "right")
    for name, row in zip(("are wrong", "are right"), counts.tolist(), strict=True):
        table.add_row(name, *map(str, row))
    return table
