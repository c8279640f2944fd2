"""Run in a process of its own: the virtual devices of JAX_NUM_CPU_DEVICES=4 against four simulated workers."""

import contextlib
import sys

import jax
import numpy as np

import neuralopt
from neuralopt.distributed import DataParallel, DiLoCo, Int8, Momentum1Bit, strategy
from neuralopt.distributed.comoments import all_merge
from neuralopt.distributed.exchanges.collectives import AXIS
from neuralopt.distributed.rank_runner import RankRunner
from neuralopt.optimizers import SGD
from neuralopt.readout import comoments

random = np.random.default_rng(0)
X = random.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]) * X[:, 1], X[:, 2] ** 2], axis=1)
CASES = {
    "one bit": (DataParallel(workers=4, exchange=Momentum1Bit(warmup_steps=5)), SGD(0.01)),
    "diloco": (DiLoCo(workers=4, period=3, exchange=Int8()), "adam"),
}
for name, (distribute, optimizer) in CASES.items():
    found = []
    for kind in (strategy.SimulatedRunner, RankRunner):
        strategy.SimulatedRunner, before = kind, strategy.SimulatedRunner
        with contextlib.ExitStack() as back:
            back.callback(setattr, strategy, "SimulatedRunner", before)
            found.append(
                neuralopt.train(
                    neuralopt.MLP((3, 6, 2)),
                    (X, Y),
                    epochs=4,
                    batch_size=18,
                    dtype="float64",
                    optimizer=optimizer,
                    validation=(X, Y),
                    dropout=0.2,
                    distribute=distribute,
                )
            )
    one, other = (
        [*jax.tree.leaves(r.params), r.history["loss"], r.history["validation_loss"]] for r in found
    )
    worst = max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))
    print(f"{name}: {worst:.1e} {len(jax.devices())}", file=sys.stdout)

with jax.enable_x64(True):
    H, Z = random.normal(size=(4, 30, 5)) + 1e3, random.normal(size=(4, 30, 2))
    mesh = jax.sharding.Mesh(np.array(jax.devices()), (AXIS,))
    P = jax.sharding.PartitionSpec

    def one(h, z):
        """Return every device's result, along a new axis."""
        return jax.tree.map(lambda a: a[None], all_merge(comoments(h[0], z[0])))

    mapped = jax.shard_map(one, mesh=mesh, in_specs=P(AXIS), out_specs=P(AXIS), check_vma=False)
    found = jax.tree.map(np.asarray, jax.jit(mapped)(H, Z))
    whole = comoments(H.reshape(-1, 5), Z.reshape(-1, 2))
    worst = max(float(np.abs(a - b[None]).max()) for a, b in zip(found, whole, strict=True))
    bits = all(np.array_equal(a[0], b) for a in found for b in a)
    print(f"comoments: {worst:.1e} {len(jax.devices()) if bits else 0}", file=sys.stdout)
