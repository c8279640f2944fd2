"""Tables of exhaustively trained spaces: searches and predictors are judged on them without any training."""

import dataclasses
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.architecture.mlp_space import MLPSpace
from neuralopt.architecture.mobilenet_space import MobileNetV3Space
from neuralopt.architecture.predictors import PREDICTORS, check_predictor
from neuralopt.architecture.space import Genes, Space
from neuralopt.architecture.strategies import Chooser, Member, every, get_strategy
from neuralopt.architecture.trainer import Curves
from neuralopt.core.errors import InvalidArgument
from neuralopt.storage import read_container, write_container

KIND, VERSION = "architecture-table", 1
_FOLDER = files("neuralopt.architecture") / "stored"
_SPACES: dict[str, type[Space]] = {"mlp": MLPSpace, "mobilenet_v3": MobileNetV3Space}


@dataclasses.dataclass(frozen=True)
class ArchitectureTable:
    """Every network of a small space, trained in full from several seeds.

    Attributes
    ----------
    space : Space
    curves : float array of shape (3, networks, seeds, epochs)
        Training loss, validation loss and validation metric, in the order of `every`.
    facts : dict
        Data, batch size, learning rate, seeds.
    """

    space: Space
    curves: np.ndarray
    facts: dict[str, Any]

    @property
    def epochs(self) -> int:
        """Of a full training."""
        return self.curves.shape[3]

    @property
    def truth(self) -> np.ndarray:
        """The validation metric at the end of a full training, mean over seeds, shape (networks,)."""
        return self.curves[2, :, :, -1].mean(axis=1)

    def beginning(self, network: int, seed: int, epochs: int) -> Curves:
        """Return the first epochs of one training."""
        rows = self.curves[:, network, seed, :epochs]
        return Curves(*(tuple(map(float, row)) for row in rows))

    def scores(self, predictor: str, epochs: int) -> np.ndarray:
        """Return what a predictor says of every training after so many epochs, shape (networks, seeds)."""
        score = PREDICTORS[check_predictor(predictor)]
        networks, seeds = self.curves.shape[1:3]
        return np.array(
            [
                [score(self.beginning(n, s, epochs), self.epochs) for s in range(seeds)]
                for n in range(networks)
            ]
        )

    def save(self, path: Path) -> Path:
        """Write the table as one file; see `write_container`."""
        header = {"space": self.space.name, "space_settings": self.space.settings, "facts": self.facts}
        arrays = {"curves": self.curves.astype(np.float32)}
        return write_container(path, kind=KIND, version=VERSION, header=header, arrays=arrays)


def table_names() -> list[str]:
    """Return the names of the tables that come with the package."""
    return sorted(Path(str(entry)).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".safetensors"))


def load_table(name: str | Path) -> ArchitectureTable:
    """Read a table.

    Parameters
    ----------
    name : str or path
        One of `table_names`, or a file.

    Returns
    -------
    ArchitectureTable

    Raises
    ------
    InvalidArgument
        For a name that there is not.
    StorageError
        When the file is damaged or foreign.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        if str(name) not in table_names():
            raise InvalidArgument(f"there is no table {str(name)!r}; there are {', '.join(table_names())}.")
        path = Path(str(_FOLDER / f"{name}.safetensors"))
    held = read_container(path, kind=KIND, version=VERSION)
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in held.header["space_settings"].items()}
    space = _SPACES[held.header["space"]](**settings)
    return ArchitectureTable(space, held.arrays["curves"].astype(np.float64), held.header["facts"])


def predictor_taus(table: ArchitectureTable, epochs: int) -> list[dict[str, Any]]:
    """Return how well every predictor orders the networks of a table.

    Kendall's tau-b between the score of one training's first epochs and the metric of full training, mean
    over all seeds of the table; and the mean over its seeds. Of a table of several seeds, what one full
    training reaches stands beside it, a mark that a predictor from one training will hardly pass.

    Parameters
    ----------
    table : ArchitectureTable
    epochs : int
        That predictors see.

    Returns
    -------
    list of dict
        ``predictor``, ``epochs``, ``of`` and ``tau``.
    """
    from scipy.stats import kendalltau

    def mean_tau(scores: np.ndarray) -> float:
        found: list[Any] = [kendalltau(column, table.truth)[0] for column in scores.T]
        return float(np.mean(found))

    rows = [
        {"predictor": name, "epochs": epochs, "of": table.epochs, "tau": mean_tau(table.scores(name, epochs))}
        for name in PREDICTORS
    ]
    if table.curves.shape[2] == 1:  # it would be compared with itself
        return rows
    whole = mean_tau(table.curves[2, :, :, -1])
    return [
        *rows,
        {"predictor": "one full training", "epochs": table.epochs, "of": table.epochs, "tau": whole},
    ]


def simulated_regrets(
    table: ArchitectureTable,
    strategy: str,
    population_size: int,
    generations: int,
    *,
    predictor: str = "early_stopping",
    epochs: int | None = None,
    evaluations: int | None = None,
    seeds: Sequence[int] = range(30),
) -> np.ndarray:
    """Return the regret of a search on a table, for each seed.

    Regret is the best network's truth less that of the network which the search would take: the one with
    the highest score. Each evaluation is the training of a seed drawn from the table, without inheritance.

    Parameters
    ----------
    table : ArchitectureTable
    strategy : str
        As for `search_architecture`.
    population_size, generations : int
    predictor : str, default "early_stopping"
    epochs : int, optional
        That a candidate trains for; by default a quarter of the table's.
    evaluations : int, optional
        By default as many as the strategy makes.
    seeds : sequence of int
        Of the searches.

    Returns
    -------
    array of shape (len(seeds),)
    """
    kind = get_strategy(strategy)
    scores = table.scores(predictor, table.epochs // 4 if epochs is None else epochs)
    place = {genes: k for k, genes in enumerate(every(table.space))}
    count = kind.evaluations(population_size, generations) if evaluations is None else evaluations
    regrets = []
    for seed in seeds:
        random = np.random.default_rng(seed)

        def fits(genes: Genes) -> bool:
            return True

        asked = kind(Chooser(table.space, fits, random), population_size, generations)
        best = (-np.inf, 0)
        for number in range(count):
            candidate = asked.ask()
            if candidate is None:
                break
            at = place[candidate.genes]
            score = float(scores[at, random.integers(scores.shape[1])])
            asked.tell(Member(number, candidate.genes, score))
            best = max(best, (score, at))
        regrets.append(table.truth.max() - table.truth[best[1]])
    return np.array(regrets)
