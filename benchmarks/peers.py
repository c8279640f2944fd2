"""The same training done by neuralopt, optax, torch and scikit-learn (by NumPy: `numpy_peers.py`).

All peers get one task: the same float32 rows, network, batch size, epochs, learning rate, Adam with
its usual constants, rows reshuffled every epoch, the loss of every epoch kept. All but scikit-learn
start from the same parameters. A peer is a function of a seed that returns a `Run`.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Clock, Run
from task import B1, B2, EPS, Task


def neuralopt_peer(task: Task, backend: str) -> Callable[[int], Run]:
    """Return neuralopt's own training; ``seconds`` is what `TrainResult` reports, ``wall`` the whole call."""
    import neuralopt

    optimizer = neuralopt.optimizers.Adam(task.learning_rate, B1, B2, EPS)

    def run(seed: int) -> Run:
        with Clock() as clock:
            result = neuralopt.train(
                neuralopt.MLP(task.sizes),
                (task.X, task.y),
                params=task.start(),
                optimizer=optimizer,
                loss=task.loss,
                epochs=task.epochs,
                batch_size=task.batch_size,
                seed=seed,
                backend=backend,
            )
        result.raise_for_status()
        extra = {"wall": clock.seconds, "compile": result.compile_seconds}
        return Run(result.seconds, task.steps, result.params, extra)

    return run


def optax_peer(task: Task) -> Callable[[int], Run]:
    """Return a prototype for orientation: one jitted scan with optax.adam, short batches left out."""
    import jax
    import jax.numpy as jnp
    import optax

    adam = optax.adam(task.learning_rate, B1, B2, EPS)
    whole = len(task.X) // task.batch_size
    X, y = jnp.asarray(task.X), jnp.asarray(task.y)

    def loss(params: Any, x: Any, t: Any) -> Any:
        (W1, b1), (W2, b2) = params
        out = jnp.tanh(x @ W1 + b1) @ W2 + b2
        if task.loss == "squared_error":
            return jnp.mean((out - t) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(out, t).mean()

    def step(carry: Any, rows: Any) -> Any:
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params, X[rows], y[rows])
        updates, state = adam.update(grads, state)
        return (optax.apply_updates(params, updates), state), value

    @jax.jit
    def train(params: Any, orders: Any) -> Any:
        (params, _), losses = jax.lax.scan(step, (params, adam.init(params)), orders)
        return params, losses

    def run(seed: int) -> Run:
        start = task.start()
        with Clock() as clock:
            random = np.random.default_rng(seed)
            orders = [random.permutation(len(task.X))[: whole * task.batch_size] for _ in range(task.epochs)]
            stacked = np.concatenate(orders).astype(np.int32).reshape(-1, task.batch_size)
            params, _ = jax.block_until_ready(train(start, stacked))
        return Run(clock.seconds, task.epochs * whole, params)

    return run


def torch_peer(task: Task, threads: int) -> Callable[[int], Run]:
    """Return a lean eager loop with fused Adam: rows shuffled once an epoch, no data loader."""
    import torch

    X, y = torch.from_numpy(task.X), torch.from_numpy(task.y)
    if task.loss == "squared_error":
        criterion: Any = torch.nn.functional.mse_loss
    else:
        criterion, y = torch.nn.functional.cross_entropy, y.long()
    inputs, hidden, outputs = task.sizes

    def run(seed: int) -> Run:
        torch.set_num_threads(threads)
        generator = torch.Generator().manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, outputs)
        )
        with torch.no_grad():
            for layer, (W, b) in zip((net[0], net[2]), task.start(), strict=True):
                layer.weight.copy_(torch.from_numpy(W.T.copy()))
                layer.bias.copy_(torch.from_numpy(b))
        adam = torch.optim.Adam(net.parameters(), lr=task.learning_rate, betas=(B1, B2), eps=EPS, fused=True)
        history = []
        with Clock() as clock:
            for _ in range(task.epochs):
                order = torch.randperm(len(X), generator=generator)
                losses = []
                for x, t in zip(
                    X[order].split(task.batch_size), y[order].split(task.batch_size), strict=True
                ):
                    adam.zero_grad()
                    loss = criterion(net(x), t)
                    loss.backward()
                    adam.step()
                    losses.append(loss.detach())
                history.append(torch.stack(losses).mean())
        params = [(lay.weight.detach().numpy().T, lay.bias.detach().numpy()) for lay in (net[0], net[2])]
        return Run(clock.seconds, task.steps, params)

    return run


def sklearn_peer(task: Task) -> Callable[[int], Run]:
    """Return scikit-learn's MLP without penalty or early stopping; its fit is the clock."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if task.loss == "squared_error" else MLPClassifier
    make = functools.partial(
        kind,
        hidden_layer_sizes=task.sizes[1:-1],
        activation="tanh",
        solver="adam",
        alpha=0.0,
        batch_size=task.batch_size,
        learning_rate_init=task.learning_rate,
        beta_1=B1,
        beta_2=B2,
        epsilon=EPS,
        max_iter=task.epochs,
        tol=0.0,
        n_iter_no_change=task.epochs + 1,
        shuffle=True,
        early_stopping=False,
    )

    def run(seed: int) -> Run:
        model = make(random_state=seed)
        with warnings.catch_warnings(), Clock() as clock:
            warnings.simplefilter("ignore")  # it says that max_iter was reached, which is meant
            model.fit(task.X, np.ravel(task.y))
        if model.n_iter_ != task.epochs:
            raise RuntimeError(f"scikit-learn stopped after {model.n_iter_} of {task.epochs} epochs")
        return Run(clock.seconds, task.steps, list(zip(model.coefs_, model.intercepts_, strict=True)))

    return run
