"""What `train` can train: MLPs, plain functions, and the modules of `neuralopt.engine.modules`."""

from typing import Any

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.core.validation import check_params
from neuralopt.engine.forwards import PerceptronForward
from neuralopt.engine.modules import adapt_module
from neuralopt.engine.objective import FunctionObjective, ModelObjective, NetworkObjective, Objective
from neuralopt.engine.supervised import check_inputs, supervised
from neuralopt.engine.trainable import Trainable, target_kind, to_numpy
from neuralopt.models import METRICS, MLP, Loss, Network, get_loss


def adapt(
    model: Any, params: Any, loss: Any, metrics: tuple[str, ...], example: Any, dtype: Any
) -> Trainable:
    """Make a model ready for the loop.

    Parameters
    ----------
    model : MLP, Network, flax or equinox module, or callable ``loss(params, batch)``
    params : tree or None
        Where to start; needed for a plain function.
    loss : str, Loss or callable
    metrics : tuple of str
        Names in `neuralopt.models.METRICS`.
    example : tree
        The data, to initialise modules that infer shapes.
    dtype : dtype
        Of the parameters.

    Returns
    -------
    Trainable

    Raises
    ------
    InvalidArgument
        For anything else, unknown losses and metrics, or modules that carry more than parameters.
    """
    for metric in metrics:
        if metric not in METRICS:
            hint = did_you_mean(metric, METRICS) if isinstance(metric, str) else ""
            raise InvalidArgument(f"unknown metric {metric!r}.{hint} Known: {', '.join(METRICS)}.")
    if isinstance(model, MLP | Network):
        return _adapt_network(model, params, get_loss(loss), metrics, dtype)
    roots = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if roots & {"flax", "equinox"}:
        return adapt_module(model, params, get_loss(loss), metrics, example, dtype, roots)
    if callable(model) and not isinstance(model, type):
        return _adapt_function(model, params, metrics, dtype)
    raise InvalidArgument(
        f"model must be an MLP, a Network, a flax or equinox module, or a function loss(params, batch); "
        f"got {type(model).__name__}."
    )


def _adapt_function(function: Any, params: Any, metrics: tuple[str, ...], dtype: Any) -> Trainable:
    if params is None:
        raise InvalidArgument(
            "a plain loss(params, batch) function needs params= to start from, got params=None."
        )
    check_params(params)
    if metrics:
        raise InvalidArgument("metrics need a model; a plain loss function has only its loss.")
    return Trainable(
        FunctionObjective(function),
        lambda seed: (to_numpy(params, dtype), ()),
        lambda trained, _: trained,
        lambda data, name: data,
        numpy=False,
    )


def _adapt_network(model: Any, params: Any, loss: Any, metrics: tuple[str, ...], dtype: Any) -> Trainable:
    network = model if isinstance(model, Network) else None
    mlp = model.mlp if isinstance(model, Network) else model
    start = params if params is not None else network.params if network else None
    if start is not None:
        check_params(start)
        shapes = [leaf.shape for leaf in tree.leaves(start)]
        like = mlp.init(0)
        if tree.structure(start) != tree.structure(like) or shapes != [a.shape for a in tree.leaves(like)]:
            raise InvalidArgument(
                f"params must be a list of (W, b) of the shapes {[(W.shape, b.shape) for W, b in like]} "
                f"for {mlp}, got arrays of the shapes {shapes}."
            )
    known = isinstance(loss, Loss)
    objective: Objective = (
        NetworkObjective(mlp, loss, metrics)
        if known
        else ModelObjective(PerceptronForward(mlp), loss, metrics)
    )

    def rebuild(trained: Any, _: Any) -> Network:
        return (network or Network.of(mlp, trained)).with_params(trained)

    def prepare(data: Any, name: str) -> Any:
        X, y = supervised(data, target_kind(loss, metrics, data), mlp.layer_sizes[-1], dtype, name)
        check_inputs(X, mlp.layer_sizes[0], name)
        return X, y

    def init(seed: int) -> tuple[Any, Any]:
        return mlp.init(seed, dtype) if start is None else to_numpy(start, dtype), ()

    return Trainable(objective, init, rebuild, prepare, numpy=known)
