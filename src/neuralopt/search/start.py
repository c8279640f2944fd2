"""Where a search begins, and where a kick throws single units."""

from collections.abc import Iterable

import numpy as np

from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.search.net import ON_OFF, Net
from neuralopt.search.settings import Settings

_MILD = 0.85  # of the kicks: a hard one now and then leaves a basin that single units cannot
_SHAKEN = 0.2  # of the kicks: units that keep about what they see
_SIZES = (0.1, 0.3, 1.0, 3.0)  # of a shake, in sizes of the weights


def first_params(settings: Settings, X: np.ndarray, random: np.random.Generator) -> Params:
    """Return parameters to begin with: levels, numbers within the ranges, on/off planes through the rows."""
    drawn = settings.mlp.init(random)
    net = Net(settings.mlp, drawn, X)
    for layer in range(net.last):
        redraw(net, layer, range(net.weights[layer].shape[1]), settings, random)
    drawn = net.params
    W, b = drawn[-1]
    if settings.levels is not None and settings.readout == "search":
        # squared error has a scale that sums of random levels miss; units are then recruited one by one
        silent = settings.loss == "squared_error" and len(drawn) > 1 and 0 in settings.levels
        drawn[-1] = (np.zeros(W.shape) if silent else random.choice(settings.levels, W.shape), b)
    drawn[-1] = _within(settings, *drawn[-1]) if settings.readout == "search" else drawn[-1]
    return drawn


def redraw(
    net: Net, layer: int, units: Iterable[int], settings: Settings, random: np.random.Generator
) -> None:
    """Give hidden units of a layer new incoming weights."""
    X = net.inputs[layer]
    mean, spread = X.mean(axis=0), X.std(axis=0)
    size = np.where(spread > 0, spread, 1.0)
    one = MLP((X.shape[1], 1), settings.mlp.activation)
    on_off = net.activation in ON_OFF
    for unit in units:
        if settings.levels is not None:
            w = random.choice(settings.levels, X.shape[1])
        elif on_off:
            w = random.standard_normal(X.shape[1]) / size
            w /= np.linalg.norm(w) + 1e-300
        else:
            w = np.clip(one.init(random)[0][0][:, 0], *settings.weight_range)
        place = mean + 0.5 * spread * random.standard_normal(X.shape[1])
        net.weights[layer][:, unit] = w
        net.biases[layer][unit] = -float(w @ place) if on_off else 0.0
    _bind(net, layer, settings)


def kick(net: Net, settings: Settings, random: np.random.Generator) -> None:
    """Redraw or shake a share of the units of one hidden layer, or shake a network that has none."""
    if net.last == 0:
        shake(net, 0, range(net.weights[0].shape[1]), settings, random)
        return
    layer = int(random.integers(net.last))
    share = random.uniform(*((0.1, 0.4) if random.random() < _MILD else (0.4, 1.0)))
    units = net.weights[layer].shape[1]
    chosen = random.choice(units, max(1, round(share * units)), replace=False).tolist()
    (shake if random.random() < _SHAKEN else redraw)(net, layer, chosen, settings, random)


def shake(
    net: Net, layer: int, units: Iterable[int], settings: Settings, random: np.random.Generator
) -> None:
    """Change the incoming weights of units by noise of about their own size, on every input's own scale."""
    X, W, b = net.inputs[layer], net.weights[layer], net.biases[layer]
    size = float(random.choice(_SIZES))
    mean, spread = X.mean(axis=0), X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    for unit in units:
        if settings.levels is not None:
            chosen = random.random(len(W)) < 0.1 * size
            W[chosen, unit] = random.choice(settings.levels, int(chosen.sum()))
            continue
        about = size * np.sqrt(np.mean(np.square(W[:, unit] * spread)))
        noise = about * random.standard_normal(len(W)) / scale
        W[:, unit] += noise
        b[unit] += about * random.standard_normal() - noise @ mean
    _bind(net, layer, settings)


def _bind(net: Net, layer: int, settings: Settings) -> None:
    """Bring a layer's new weights into the ranges, and the network in step with them; a ridge is free."""
    if layer < net.last or settings.readout == "search":
        net.weights[layer], net.biases[layer] = _within(settings, net.weights[layer], net.biases[layer])
    net.refresh(layer)


def _within(settings: Settings, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if settings.levels is not None:
        return W, b
    (w0, w1), (b0, b1) = settings.weight_range, settings.bias_range
    free = w0 < 0 < w1 and b0 < 0 < b1
    if free and settings.mlp.activation in ON_OFF:
        top = np.maximum(np.abs(W).max(axis=0) / min(-w0, w1), np.abs(b) / min(-b0, b1))
        factor = 1 / np.maximum(top, 1.0)  # an on/off unit is what it was at any positive factor
        return W * factor, b * factor
    return np.clip(W, w0, w1), np.clip(b, b0, b1)
