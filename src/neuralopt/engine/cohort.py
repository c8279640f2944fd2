"""A cohort: runs of equal shapes that train side by side in one compiled program, and can leave it early."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from neuralopt import optimizers as optimizer_names
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.results import Status
from neuralopt.core.scalars import check_count
from neuralopt.engine.adapters import adapt
from neuralopt.engine.callbacks import EarlyStopping
from neuralopt.engine.compiled import run_sweep
from neuralopt.engine.loop import LoopState, first_state
from neuralopt.engine.noise import make_noise
from neuralopt.engine.over_the_run import check_hyperparameters
from neuralopt.engine.precision import check_dtype, precision, use_compilation_cache
from neuralopt.engine.program import Data
from neuralopt.engine.runners import DeviceRunner, chunk_capacity, chunk_orders
from neuralopt.engine.setup import limits, make_runner
from neuralopt.engine.sweep_run import evaluation_points, numeric
from neuralopt.schedules import bind


class Cohort:
    """Runs that differ in numbers only, trained in one compiled program; every run equals its own `train`.

    Runs that are ended leave the program: one after the other they cost nothing any more, and in step
    the rest is moved together once half of the slots are empty.

    Parameters
    ----------
    model : MLP, Network, flax or equinox module
        As for `train`.
    data : (X, y)
        Must fit the device.
    optimizers : sequence of Transform
        One for each run; of one class with the same switches.
    epochs : int >= 1
        Of every run, at most.
    validation : like data
        Held-out data, evaluated after every epoch.
    loss : str, Loss or callable, default "squared_error"
        As for `train`.
    metrics : sequence of {"accuracy", "r2"}, default ()
        As for `train`.
    batch_size : int >= 1, "full" or None, default None
        As for `train`.
    seed : int >= 0, default 0
        Of the initial parameters, the order of the rows and dropout; the same for all runs.
    dropout : sequence of float, optional
        One rate for each run.
    early_stopping : EarlyStopping, optional
        For every run by itself.
    divergence : float > 1, default 1e4
        As for `train`.
    dtype : {"float32", "float64"}, default "float32"
        As for `train`.
    slots : int, optional
        How many runs the program is compiled for; more than there are runs leaves room empty, so that
        a later cohort of another number of runs need not be compiled.
    batching : {"map", "vmap"}, optional
        As for `sweep`.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt import MLP, optimizers
    >>> X = np.random.default_rng(0).normal(size=(60, 2)); y = X[:, 0] * X[:, 1]
    >>> cohort = Cohort(MLP((2, 8, 1)), (X[:40], y[:40]), [optimizers.SGD(r) for r in (0.01, 0.1)],
    ...                 epochs=4, validation=(X[40:], y[40:]))
    >>> cohort.advance(3)["validation_loss"].shape
    (2, 3)
    """

    def __init__(
        self,
        model: Any,
        data: Any,
        optimizers: Sequence[Any],
        *,
        epochs: int,
        validation: Any,
        loss: Any = "squared_error",
        metrics: Sequence[str] = (),
        batch_size: int | str | None = None,
        seed: int = 0,
        dropout: Sequence[float] | None = None,
        early_stopping: EarlyStopping | None = None,
        divergence: float = 1e4,
        dtype: Any = "float32",
        slots: int | None = None,
        batching: str | None = None,
    ) -> None:
        self._dtype, self._seed, self.epochs = check_dtype(dtype), seed, check_count("epochs", epochs)
        self._batching = batching or ("map" if jax.default_backend() == "cpu" else "vmap")
        self.size, self.epoch = len(optimizers), 0
        use_compilation_cache()
        with precision(self._dtype):
            templates = [optimizer_names.get(opt) for opt in optimizers]
            _check_alike(templates)
            self._trainable = adapt(model, None, loss, tuple(metrics), data, self._dtype)
            stopping = () if early_stopping is None else (early_stopping,)
            first = None if dropout is None else dropout[0]
            self._runner = runner = make_runner(
                self._trainable,
                data,
                validation,
                templates[0],
                limits(stopping, None, divergence, self._dtype),
                batch_size,
                seed,
                self._dtype,
                "jax",
                None,
                epochs,
                first,
            )
            if type(runner) is not DeviceRunner:
                raise InvalidArgument(
                    f"a cohort needs its data on the device, got {runner.source.rows} rows that are larger "
                    "than its share of memory. Train the runs one by one with train, which streams."
                )
            length = runner.plan.steps, runner.plan.steps * epochs
            methods, states = [], []
            start = self._trainable.init(seed)
            for k, template in enumerate(templates):
                rate = None if dropout is None else dropout[k]
                noise = make_noise(runner.program.objective, rate, seed)
                optimizer, noise = bind((template, noise), *length)
                check_hyperparameters(optimizer, length[1])
                methods.append(tree.map(lambda h: numeric(h, self._dtype), (optimizer, noise)))
                states.append(first_state(*start, optimizer, noise, keep_best=True))
            given = Data(runner.source.arrays, runner.validation, runner.plan.weights, runner.plan.shares)
            self._shared = jax.device_put((runner.method.limits, given))
            self._runs = np.arange(self.size)  # which run sits in a slot
            self._place(methods, states, max(self.size, slots or 0))

    def _place(self, methods: list[Any], states: list[LoopState], slots: int) -> None:
        """Fill the slots; empty ones hold a copy of a run that is not running."""
        empty = states[0]._replace(status=np.asarray(Status.STOPPED.code, np.int32))
        spare = slots - len(states)
        self._methods = jax.device_put(_stack(methods + methods[:1] * spare))
        self._states = jax.device_put(_stack(states + [empty] * spare))

    def advance(self, until: int) -> dict[str, np.ndarray]:
        """Train every run that is still going up to an epoch.

        Parameters
        ----------
        until : int
            Epochs done when it returns.

        Returns
        -------
        dict of float64 arrays of shape (runs, epochs advanced)
            The columns of `History` except seconds; NaN after a run has ended.
        """
        begin, until = self.epoch, min(until, self.epochs)
        plan, program = self._runner.plan, self._runner.program
        capacity = chunk_capacity(self._runner.source.rows)
        parts: dict[str, list[np.ndarray]] = {}
        with precision(self._dtype):
            while self.epoch < until:
                stop = min(until, self.epoch + capacity)
                orders = chunk_orders(plan, self._seed, self.epoch, stop, capacity)[None]
                which = np.zeros(len(np.asarray(self._states.epoch)), np.int32)
                bounds, data = self._shared
                arguments = self._methods, bounds, self._states, data, orders, which, np.int32(stop)
                self._states, rows = run_sweep(program, self._batching, *arguments)
                for name, column in rows.items():
                    # a run that ended in an earlier chunk begins this one where it stopped: its rows are NaN
                    parts.setdefault(name, []).append(np.asarray(column, np.float64)[:, : stop - self.epoch])
                self.epoch = stop
        found = {}
        for name, columns in parts.items():
            full = np.full((self.size, until - begin), np.nan)
            full[self._runs] = np.concatenate(columns, axis=1)[: len(self._runs)]
            found[name] = full
        return found

    @property
    def status(self) -> list[Status]:
        """Why each run ended, or RUNNING; those that left are STOPPED."""
        codes = np.full(self.size, Status.STOPPED.code)
        codes[self._runs] = np.asarray(self._states.status)[: len(self._runs)]
        return [Status.from_code(code) for code in codes]

    def stop(self, runs: Sequence[int]) -> None:
        """End runs; what they have reached stays readable until the next advance.

        Parameters
        ----------
        runs : sequence of int
            Their indices.
        """
        gone = np.isin(self._runs, np.asarray(runs, int))
        if not gone.any():
            return
        codes = np.array(self._states.status)
        ending = np.zeros(len(codes), bool)
        ending[: len(gone)] = gone & (codes[: len(gone)] == Status.RUNNING.code)
        codes[ending] = Status.STOPPED.code
        self._states = self._states._replace(status=jax.device_put(codes))
        if self._batching == "vmap":
            self._compact(codes)

    def _compact(self, codes: np.ndarray) -> None:
        """Move the runs that go on together, where half of the slots suffice for them."""
        going = np.flatnonzero(codes[: len(self._runs)] == Status.RUNNING.code)
        slots = len(codes)
        while slots > 1 and slots // 2 >= max(1, len(going)):
            slots //= 2
        if slots == len(codes) or not len(going):
            return
        take = np.concatenate([going, np.repeat(going[:1], slots - len(going))])
        self._methods, self._states = tree.map(lambda a: a[take], (self._methods, self._states))
        kept = np.array(self._states.status)
        kept[len(going) :] = Status.STOPPED.code
        self._states, self._runs = self._states._replace(status=jax.device_put(kept)), self._runs[going]

    def _slot(self, run: int) -> int:
        where = np.flatnonzero(self._runs == run)
        if not len(where):
            raise InvalidArgument(f"run {run} was ended and has left the cohort; its parameters are gone.")
        return int(where[0])

    def params(self, run: int) -> Any:
        """Return the parameters of the best epoch so far of one run, by its index."""
        return self._kept(run)[0]

    def model(self, run: int) -> Any:
        """Return the model of the best epoch so far of one run, by its index."""
        return self._trainable.rebuild(*self._kept(run))

    def _kept(self, run: int) -> tuple[Any, Any]:
        slot = self._slot(run)
        with precision(self._dtype):
            method, state = tree.map(lambda a: a[slot : slot + 1], (self._methods, self._states))
            last = jax.device_get(evaluation_points(method[0], state))
        best = jax.device_get((state.best_params, state.best_statistics))
        chosen = best if int(np.asarray(state.best_epoch)[0]) > 0 else last
        return tree.map(lambda a: np.asarray(a)[0], chosen)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that the cohort needs to go on, for a checkpoint."""
        leaves = tree.leaves((self._methods, self._states))
        found = {f"state/{k}": np.asarray(leaf) for k, leaf in enumerate(leaves)}
        return found | {"runs": self._runs, "epoch": np.asarray(self.epoch)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go on from `arrays` of a cohort that was made in the same way.

        Parameters
        ----------
        arrays : dict of str to array
            What `arrays` returned.
        """
        structure = tree.structure((self._methods, self._states))
        leaves = [arrays[f"state/{k}"] for k in range(len(tree.leaves((self._methods, self._states))))]
        with precision(self._dtype):
            self._methods, self._states = jax.device_put(structure.unflatten(leaves))
        self._runs, self.epoch = np.asarray(arrays["runs"]), int(arrays["epoch"])


def _stack(values: list[Any]) -> Any:
    return tree.map(lambda *leaves: np.stack(leaves), *values)


def _check_alike(templates: list[Any]) -> None:
    structures = [tree.structure(template) for template in templates]
    for template, structure in zip(templates, structures, strict=True):
        if structure != structures[0]:
            raise InvalidArgument(
                f"the runs of a cohort must have optimizers of one class with the same switches, got "
                f"{templates[0]!r} and {template!r}. Make a cohort of each kind."
            )
