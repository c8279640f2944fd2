"""A network as an objective: trials of equal shape train side by side in one compiled program."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import DataError, InvalidArgument, did_you_mean
from neuralopt.core.scalars import check_count, check_number
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.identity import data_digest, describe
from neuralopt.engine.train import train
from neuralopt.models import MLP
from neuralopt.tuning.evaluation import Assignment, Channel, Objective, failure_text
from neuralopt.tuning.network_group import Group, kept_groups
from neuralopt.tuning.network_parts import SETTINGS, held_out, optimizer_of
from neuralopt.tuning.samplers import sobol_point
from neuralopt.tuning.space import Space
from neuralopt.tuning.trials import Outcome, TrialState

_FIGURES = {"loss": "minimize", "accuracy": "maximize", "r2": "maximize", "parameters": "minimize"}
_PARTS = 8  # a training is looked at so many times at least
_CHECKED = 64


class NetworkObjective(Objective):
    """The validation figures of a multi-layer perceptron trained with a trial's hyperparameters.

    A space may name any hyperparameter of the optimizer (``learning_rate``, ``momentum``, ``b1`` ...), and
    ``weight_decay`` (the optimizer's own, else `L2Decay` before it), ``optimizer``, ``batch_size``,
    ``dropout``, ``activation``, ``hidden`` (units of the hidden layers: a tuple, or a number for one or
    ``depth`` of them) and ``depth``. All trials start from the same seed.

    Parameters
    ----------
    model : MLP
        What the space does not name is taken from it.
    data, validation : (X, y)
        Validation data are held out of the others when they are not given.
    figures : tuple of {"loss", "accuracy", "r2", "parameters"}
        What is optimised. Loss, accuracy and R² are those on validation data at the best epoch by loss.
    loss : str, Loss or callable, default "squared_error"
        As for `train`.
    epochs : int >= 1, default 50
        Of a whole training.
    optimizer : str or Transform, default "adam"
        Where the space does not name it.
    batch_size : int >= 1, "full" or None, default None
        Where the space does not name it.
    dtype : {"float32", "float64"}, default "float32"
        As for `train`.
    patience : int, optional
        Of early stopping of every trial.
    batch : int
        Trials that are asked for and trained together.
    seed : int
        Of parameters, rows and the split.
    checkpoint_every : float
        Seconds between two checkpoints of a batch.
    """

    def __init__(
        self,
        model: MLP,
        data: Any,
        *,
        validation: Any = None,
        figures: Sequence[str] = ("loss",),
        loss: Any = "squared_error",
        epochs: int = 50,
        optimizer: Any = "adam",
        batch_size: Any = None,
        dtype: Any = "float32",
        patience: int | None = None,
        batch: int = 8,
        seed: int = 0,
        checkpoint_every: float = 5.0,
    ) -> None:
        for figure in figures:
            if figure not in _FIGURES:
                raise InvalidArgument(
                    f"unknown figure {figure!r}.{did_you_mean(str(figure), _FIGURES)} "
                    f"Known: {', '.join(_FIGURES)}."
                )
        self.figures, self.directions = tuple(figures), tuple(_FIGURES[f] for f in figures)
        self.model, self.loss, self.epochs = model, loss, check_count("epochs", epochs)
        self.optimizer, self.batch_size, self.dtype = optimizer, batch_size, dtype
        self.patience, self.batch, self.seed = patience, check_count("batch", batch), seed
        self.steps = self.epochs
        self.checkpoint_every = check_number("checkpoint_every", checkpoint_every, unit="seconds")
        self.stops: list[int] = []
        self.data, self.validation = held_out(data, validation, loss, seed)
        for name, (X, _) in (("data", self.data), ("validation", self.validation)):
            if np.ndim(X) != 2 or np.shape(X)[1] != model.layer_sizes[0]:
                raise InvalidArgument(
                    f"the X of {name} must have shape (n, {model.layer_sizes[0]}), what the model takes, got "
                    f"{np.shape(X)}."
                )

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is evaluated besides the loss."""
        return tuple(f for f in self.figures if f in ("accuracy", "r2"))

    def check(self, space: Space) -> None:
        """Raise when configurations of the space cannot be trained.

        Parameters
        ----------
        space : Space
            The study's.
        """
        for number in range(_CHECKED):
            params = space.params(sobol_point(len(space), 0, number))
            try:
                self.network(params)
                self.method(params)
            except InvalidArgument as error:
                raise InvalidArgument(f"the search space cannot be trained: {error}") from None
        if self.batch_size != "full" and "batch_size" not in space.names and self.batch_size is not None:
            check_count("batch_size", self.batch_size)

    def network(self, params: Mapping[str, Any]) -> MLP:
        """Return the network of a configuration."""
        first, *hidden, last = self.model.layer_sizes
        given = params.get("hidden")
        if isinstance(given, tuple | list):
            hidden = list(given)
        elif given is not None:
            hidden = [given] * max(1, len(hidden))
        if "depth" in params:
            if not hidden:
                raise InvalidArgument("depth needs hidden units: name hidden too, or give the model some.")
            hidden = [hidden[0]] * int(params["depth"])
        return MLP((first, *hidden, last), params.get("activation", self.model.activation))

    def method(self, params: Mapping[str, Any]) -> Any:
        """Return the optimizer of a configuration."""
        given = {k: v for k, v in params.items() if k not in SETTINGS or k in ("optimizer", "weight_decay")}
        return optimizer_of(self.optimizer, given)

    def identity(self) -> dict[str, Any]:
        """See `Objective.identity`."""
        arrays = [np.asarray(a) for part in (self.data, self.validation) for a in part]
        return {
            "objective": ", ".join(self.figures),
            "model": describe(self.model),
            "optimizer": describe(self.optimizer),
            "loss": describe(self.loss),
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "dtype": str(np.dtype(self.dtype)),
            "trial patience": self.patience,
            "data": data_digest(arrays),
        }

    def run(self, job: Sequence[Assignment], channel: Channel) -> None:
        """See `Objective.run`."""
        kept = kept_groups(job)
        for members in kept:
            self._train(Group(self, members.numbers, members.params, job, members), channel)
        done = {number for members in kept for number in members.numbers}
        groups: dict[Any, list[Assignment]] = {}
        for given in job:
            if given.number in done:
                continue
            try:
                groups.setdefault(self._shape(given.params), []).append(given)
            except InvalidArgument as error:
                channel.finish(given.number, Outcome(TrialState.FAILED, error=failure_text(error)))
        for group in groups.values():
            numbers, params = [g.number for g in group], [g.params for g in group]
            self._train(Group(self, numbers, params, job, None), channel)

    def _shape(self, params: Mapping[str, Any]) -> Any:
        """Return what must be equal for two configurations to share a program."""
        size = params.get("batch_size", self.batch_size)
        return self.network(params), tree.structure(self.method(params)), size, "dropout" in params

    def _train(self, group: "Group", channel: Channel) -> None:
        try:
            group.begin()
            group.report(channel)
            for stop in self._stops(group.cohort.epoch):
                group.advance(stop)
                group.report(channel)
                if not group.going:
                    break
            group.close(channel)
        except (InvalidArgument, DataError) as error:
            for number in sorted(group.going):
                channel.finish(number, Outcome(TrialState.FAILED, error=failure_text(error)))

    def _stops(self, epoch: int) -> list[int]:
        """Return the epochs at which reports are handed over: the pruner's, and some more for a person."""
        shares = np.linspace(0, self.epochs, _PARTS + 1)[1:].round().astype(int).tolist()
        return [s for s in sorted({*self.stops, *shares}) if epoch < s <= self.epochs and s > 0]

    def refit(self, params: Mapping[str, Any]) -> Any:
        """Train one configuration by itself, as its trial was.

        Parameters
        ----------
        params : mapping
            The configuration.

        Returns
        -------
        TrainResult
        """
        patience = self.epochs if self.patience is None else self.patience
        return train(
            self.network(params),
            self.data,
            optimizer=self.method(params),
            loss=self.loss,
            epochs=self.epochs,
            batch_size=params.get("batch_size", self.batch_size),
            validation=self.validation,
            metrics=self.metrics,
            seed=self.seed,
            dtype=self.dtype,
            dropout=params.get("dropout"),
            callbacks=[EarlyStopping(patience=patience)],
        )
