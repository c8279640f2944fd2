"""Checks of the arguments of `JointOptimizer`, all at once."""

from collections.abc import Sequence
from typing import Any

from neuralopt.core.errors import InvalidArgument, did_you_mean, raise_problems
from neuralopt.core.scalars import check_count
from neuralopt.joint.candidates.fit import FINALS
from neuralopt.joint.checks import check_weights
from neuralopt.joint.outliers import check_robust
from neuralopt.joint.training import MODES, by_name
from neuralopt.models import CrossEntropy, get_loss
from neuralopt.models.activations import check_activation
from neuralopt.neighbors import SimilarityLookup
from neuralopt.readout import LinearRegressionRefiner

TASKS = ("regression", "classification")


def check_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with hidden_dim as a tuple, or raise one error with every problem."""
    settings, problems = dict(given), []
    hidden = given["hidden_dim"]
    settings["hidden_dim"] = tuple(hidden) if isinstance(hidden, Sequence) else (hidden,)
    if not settings["hidden_dim"]:
        problems.append("hidden_dim must name at least one hidden layer, got an empty list.")
    checks = [
        *(
            (check_count, name, given[name])
            for name in ("input_dim", "output_dim", "k_neighbors", "refit_every")
        ),
        *((check_count, "hidden_dim", size) for size in settings["hidden_dim"]),
        (lambda name, value: check_count(name, value, low=0), "seed", given["seed"]),
        (_check_known(MODES), "mode", given["mode"]),
        (_check_known(FINALS), "final", given["final"]),
        (_check_known(TASKS), "task", given["task"]),
        (lambda _, value: LinearRegressionRefiner(value), "reg_lambda", given["reg_lambda"]),
        (lambda _, value: check_robust(value), "robust", given["robust"]),
        (lambda _, value: check_activation(value), "activation", given["activation"]),
        (lambda _, value: get_loss(value), "loss", given["loss"]),
        (lambda _, value: SimilarityLookup(metric=value), "metric", given["metric"]),
        (
            lambda _, value: by_name("adam" if value is None else value, given["learning_rate"]),
            "optimizer",
            given["optimizer"],
        ),
    ]
    for check, name, value in checks:
        try:
            check(name, value)
        except InvalidArgument as error:
            problems.append(str(error))
    try:
        settings["loss_weights"] = check_weights(given["loss_weights"])
    except InvalidArgument as error:
        problems.append(str(error))
    if not isinstance(given["deep"], bool):
        problems.append(f"deep must be True or False, got {given['deep']!r}.")
    problems += _loss_problems(settings)
    if given["task"] == "classification" and given["output_dim"] == 1:
        problems.append("output_dim must be the number of classes, at least 2, for classification, got 1.")
    raise_problems(problems)
    return settings


def _loss_problems(settings: dict[str, Any]) -> list[str]:
    """Name a loss that cannot be; for cross-entropy, which follows it, put the loss of the closed form."""
    try:
        loss = get_loss(settings["loss"])
    except InvalidArgument:
        return []  # said already
    if getattr(loss, "targets", "real") != "class":
        return []
    if settings["task"] == "classification" and isinstance(loss, CrossEntropy):
        settings["loss"] = "squared_error"
        return []
    return [
        f"loss={settings['loss']!r} is for classes. Regression takes squared_error or a function of one's "
        "own; classification begins with squared_error in closed form and ends with cross_entropy."
    ]


def _check_known(known: tuple[str, ...]) -> Any:
    def check(name: str, value: Any) -> None:
        if value not in known:
            raise InvalidArgument(
                f"{name} must be one of {', '.join(known)}, got {value!r}.{did_you_mean(str(value), known)}"
            )

    return check
