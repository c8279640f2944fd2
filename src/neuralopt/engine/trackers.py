"""Runs followed in TensorBoard and in MLflow."""

import importlib
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from neuralopt.core.errors import InvalidArgument, missing_dependency
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.callbacks import Callback, Report
from neuralopt.engine.history import History

_BATCH = 1000  # figures that MLflow takes in one call


class TensorBoardLogger(Callback):
    """Write every epoch's figures as scalars for TensorBoard; needs ``pip install "neuralopt[tensorboard]"``.

    Parameters
    ----------
    folder : path
        Where the event file is written; one folder for each run. ``tensorboard --logdir`` takes it or a
        folder above it. A resumed run hides what was written beyond the checkpoint.
    every : int >= 1, optional
        Write at every multiple of so many epochs; by default with the chunks, about four times a second.

    Raises
    ------
    MissingDependency
        When tensorboardX is not installed.

    Notes
    -----
    The scalars are named as the columns of the `History`, the step is the epoch.
    """

    def __init__(self, folder: str | Path, every: int | None = None) -> None:
        self._module = _load("tensorboardX", "tensorboard", type(self).__name__)
        self.every = None if every is None else check_count("every", every)
        self._folder, self._writer, self._done = Path(folder).expanduser(), None, 0
        if self._folder.is_file():
            raise InvalidArgument(f"folder must be a folder, got the file {str(folder)!r}.")

    def on_resume(self, history: History) -> None:
        """Keep how many epochs are done; see `Callback.on_resume`."""
        self._done = history.epochs

    def on_start(self, epochs: int, steps: int) -> None:
        """Open an event file; see `Callback.on_start`."""
        purge = self._done + 1 if self._done else None
        self._writer, self._done = self._module.SummaryWriter(str(self._folder), purge_step=purge), 0

    def on_chunk(self, report: Report) -> None:
        """Write the chunk's epochs; see `Callback.on_chunk`."""
        assert self._writer is not None
        first = report.epoch - len(report.rows["loss"]) + 1
        for name, column in report.rows.items():
            for k, value in enumerate(column):
                self._writer.add_scalar(name, float(value), first + k)
        self._writer.flush()

    def on_end(self, status: Status) -> None:
        """Close the event file; see `Callback.on_end`."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class MLflowLogger(Callback):
    """Write every epoch's figures as metrics of an MLflow run; needs ``pip install "neuralopt[mlflow]"``.

    Parameters
    ----------
    experiment : str, default "neuralopt"
        Made where there is none of this name.
    run_name : str, optional
        By default MLflow finds one.
    tracking_uri : str, optional
        Of the server; by default what ``MLFLOW_TRACKING_URI`` says.
    run_id : str, optional
        Go on in this run. Epochs that it holds are not written again. After the start ``run_id`` names the
        run that is written to.
    every : int >= 1, optional
        Write at every multiple of so many epochs; by default with the chunks, about four times a second.
        Every writing is one call of the server.

    Raises
    ------
    MissingDependency
        When mlflow is not installed.

    Notes
    -----
    Metrics are named as the columns of the `History`, the step is the epoch. Figures that are not finite
    are left out, for not every server keeps them.
    """

    def __init__(
        self,
        experiment: str = "neuralopt",
        run_name: str | None = None,
        tracking_uri: str | None = None,
        run_id: str | None = None,
        every: int | None = None,
    ) -> None:
        mlflow = _load("mlflow", "mlflow", type(self).__name__)
        self._metric = importlib.import_module("mlflow.entities").Metric
        self._client: Any = mlflow.MlflowClient(tracking_uri=tracking_uri)
        self.every = None if every is None else check_count("every", every)
        self.run_id, self._experiment, self._run_name = run_id, experiment, run_name
        self._given, self._resumed, self._held = run_id, False, 0

    def on_resume(self, history: History) -> None:
        """Go on in the run that was written to before; see `Callback.on_resume`."""
        self._resumed = True

    def on_start(self, epochs: int, steps: int) -> None:
        """Begin a run, or look how far the given one is; see `Callback.on_start`."""
        if not self._resumed:
            self.run_id = self._given
        self._resumed, self._held = False, 0
        if self.run_id is None:
            found = self._client.get_experiment_by_name(self._experiment)
            number = (
                self._client.create_experiment(self._experiment) if found is None else found.experiment_id
            )
            self.run_id = self._client.create_run(number, run_name=self._run_name).info.run_id
        else:
            # the rate is finite in every epoch, the loss of a diverged one is not
            held = self._client.get_metric_history(self.run_id, "learning_rate")
            self._held = max((metric.step for metric in held), default=0)
            self._client.update_run(self.run_id, status="RUNNING")

    def on_chunk(self, report: Report) -> None:
        """Write the chunk's epochs; see `Callback.on_chunk`."""
        now, first = int(time.time() * 1000), report.epoch - len(report.rows["loss"]) + 1
        metrics = [
            self._metric(name, float(value), now, first + k)
            for name, column in report.rows.items()
            for k, value in enumerate(column)
            if np.isfinite(value) and first + k > self._held
        ]
        for begin in range(0, len(metrics), _BATCH):
            self._client.log_batch(self.run_id, metrics=metrics[begin : begin + _BATCH])

    def on_end(self, status: Status) -> None:
        """End the run with its status; see `Callback.on_end`."""
        if self.run_id is None:
            return
        ended = {Status.DIVERGED: "FAILED", Status.INTERRUPTED: "KILLED", Status.RUNNING: "FAILED"}
        self._client.set_terminated(self.run_id, status=ended.get(status, "FINISHED"))


def _load(module: str, extra: str, purpose: str) -> ModuleType:
    """Return a module of an extra, or raise with the line that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise missing_dependency(module, extra, purpose) from None
