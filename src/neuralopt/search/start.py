"""Where a search begins, and where a kick throws single units."""

from collections.abc import Iterable

import numpy as np

from neuralopt.models import MLP
from neuralopt.models.mlp import Params
from neuralopt.search.net import ON_OFF, Net
from neuralopt.search.settings import Settings

_MILD = 0.85  # of the kicks: a hard one now and then leaves a basin that single units cannot


def first_params(settings: Settings, X: np.ndarray, random: np.random.Generator) -> Params:
    """Return parameters to begin with: levels, numbers within the ranges, on/off planes through the rows."""
    drawn = settings.mlp.init(random)
    net = Net(settings.mlp, drawn, X)
    for layer in range(net.last):
        redraw(net, layer, range(net.weights[layer].shape[1]), settings, random)
        net.refresh(layer)
    drawn = net.params
    W, b = drawn[-1]
    if settings.levels is not None and settings.readout == "search":
        drawn[-1] = (random.choice(settings.levels, W.shape), b)
    return [_within(settings, W, b) if bound else (W, b) for (W, b), bound in _layers(settings, drawn)]


def redraw(
    net: Net, layer: int, units: Iterable[int], settings: Settings, random: np.random.Generator
) -> None:
    """Give hidden units of a layer new incoming weights; the caller refreshes the network."""
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


def kick(net: Net, settings: Settings, random: np.random.Generator) -> None:
    """Redraw a share of the hidden units, or shake the weights where there is no hidden layer."""
    if net.last == 0:
        W = net.weights[0]
        size = float(random.choice([0.3, 1.0, 3.0]))
        if settings.levels is None:
            W += size * np.abs(W).mean() * random.standard_normal(W.shape)
            net.biases[0] += size * np.abs(net.biases[0]).mean() * random.standard_normal(len(net.biases[0]))
        else:
            chosen = random.random(W.shape) < 0.1 * size
            W[chosen] = random.choice(settings.levels, int(chosen.sum()))
        net.refresh()
        return
    share = random.uniform(*((0.1, 0.4) if random.random() < _MILD else (0.4, 1.0)))
    for layer in range(net.last):
        units = net.weights[layer].shape[1]
        chosen = random.choice(units, max(1, round(share * units)), replace=False)
        redraw(net, layer, chosen.tolist(), settings, random)
        net.refresh(layer)


def _layers(settings: Settings, params: Params) -> list[tuple[tuple[np.ndarray, np.ndarray], bool]]:
    """Return the layers, and whether the ranges hold for them: a ridge is free of them."""
    last = len(params) - 1
    return [(pair, k < last or settings.readout == "search") for k, pair in enumerate(params)]


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
