"""Exchanges and clusters by their names, as the command line gives them."""

from collections.abc import Callable

from neuralopt.core.errors import InvalidArgument, did_you_mean
from neuralopt.distributed.backends import RayCluster
from neuralopt.distributed.exchanges.base import Exchange
from neuralopt.distributed.exchanges.bf16 import Bf16
from neuralopt.distributed.exchanges.dgc import DGC
from neuralopt.distributed.exchanges.fp32 import Fp32
from neuralopt.distributed.exchanges.int8 import Int8
from neuralopt.distributed.exchanges.momentum_1bit import Momentum1Bit
from neuralopt.distributed.exchanges.power_sgd import PowerSGD
from neuralopt.distributed.exchanges.sign_majority import SignMajority
from neuralopt.distributed.exchanges.top_k import TopK


def _power_sgd(rank: float) -> Exchange:
    return PowerSGD(int(rank) if float(rank).is_integer() else rank)  # type: ignore[arg-type]  # it refuses fractions


_PLAIN: dict[str, Callable[[], Exchange]] = {
    "fp32": Fp32,
    "bf16": Bf16,
    "int8": Int8,
    "1bit": Momentum1Bit,
    "sign": SignMajority,
}
_NUMBERED: dict[str, Callable[[float], Exchange]] = {
    "powersgd": _power_sgd,
    "topk": TopK,
    "dgc": DGC,
}
_DEFAULTS = {"powersgd": 4, "topk": 0.01, "dgc": 0.001}


def get_exchange(name: str) -> Exchange:
    """Return an exchange by its name.

    Parameters
    ----------
    name : str
        ``"fp32"``, ``"bf16"``, ``"int8"``, ``"1bit"``, ``"sign"``, or one that takes a number after a
        colon: ``"powersgd:4"`` its rank, ``"topk:0.01"`` and ``"dgc:0.001"`` their share of entries.

    Returns
    -------
    Exchange
        With its defaults.

    Raises
    ------
    InvalidArgument
        For a name that is not known, or a number where there is none.

    Examples
    --------
    >>> get_exchange("int8"), get_exchange("powersgd:2")
    (Int8(), PowerSGD(rank=2))
    """
    if not isinstance(name, str):
        raise InvalidArgument(f"an exchange's name must be a string, got {name!r}.")
    word, colon, number = name.lower().partition(":")
    known = [*_PLAIN, *_NUMBERED]
    if word not in known:
        raise InvalidArgument(
            f"unknown exchange {name!r}.{did_you_mean(word, known)} Known: {', '.join(known)}."
        )
    if word in _PLAIN:
        if colon:
            raise InvalidArgument(f"exchange {word!r} takes no number, got {name!r}.")
        return _PLAIN[word]()
    try:
        return _NUMBERED[word](float(number) if colon else _DEFAULTS[word])
    except ValueError as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"exchange {word!r} takes a number after the colon, got {name!r}.") from None


def get_cluster(name: str) -> RayCluster:
    """Return a Ray cluster by what the command line calls it.

    Parameters
    ----------
    name : str
        ``host:port`` of one that runs, or ``"local"`` for one that is started on this machine.

    Returns
    -------
    RayCluster

    Examples
    --------
    >>> get_cluster("10.0.0.1:6379").address
    '10.0.0.1:6379'
    """
    return RayCluster(None if name == "local" else name)
