"""Bad data are refused with place, cause and cure, in memory and streamed."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from neuralopt import MLP, optimizers, train, transforms
from neuralopt.core.errors import DataError, InvalidArgument

X = np.random.default_rng(0).normal(size=(50, 3))
Y = np.random.default_rng(1).normal(size=(50, 2))
LABELS = np.arange(50) % 2


def with_value(array, place, value):
    changed = array.copy()
    changed[place] = value
    return changed


FINITE = "Likely cause: missing values or an overflow. Remove such rows or fill them in before training."


@pytest.mark.parametrize("memory", [None, 0])
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            (with_value(X, (7, 1), np.nan), Y),
            "data X must be finite, got nan in row 7 (counted from 0), column 1.",
        ),
        ((X, with_value(Y, (9, 0), -np.inf)), "data y must be finite in float32, got -inf in row 9"),
        ((with_value(X, (3, 2), 1e60), Y), "data X must be finite in float32, got 1e+60 in row 3"),
    ],
)
def test_values_that_are_not_finite(memory, data, text):
    with pytest.raises(DataError) as error:
        train(MLP((3, 4, 2)), data, batch_size=16, device_memory=memory)
    assert text in str(error.value)
    assert FINITE in str(error.value)


@pytest.mark.parametrize("backend", ["jax", "numpy"])
def test_validation_data_are_checked_too(backend):
    with pytest.raises(DataError, match=r"validation X must be finite, got nan in row 1"):
        train(MLP((3, 2)), (X, Y), validation=(with_value(X, (1, 0), np.nan), Y), backend=backend)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (X, "data must be a pair (X, y) for a model with a loss, got ndarray."),
        ((X, Y, Y), "data must be a pair (X, y) for a model with a loss, got tuple."),
        ((X[:0], Y[:0]), "data X needs at least one row, got shape (0, 3)."),
        ((X, Y[:40]), "all arrays need the same number of rows, got 50 in data X, 40 in data y."),
        ((X.astype(str), Y), "data X must hold numbers, got dtype <U"),
        (
            (X.astype(object), Y),
            "data X must hold numbers, got dtype object. Encode text and dates as numbers first;",
        ),
        ((X[:, :2], Y), "data: inputs must have shape (n, 3) for a network with 3 inputs, got (50, 2)."),
        ((X[:, 0], Y), "data: inputs must have shape (n, 3) for a network with 3 inputs, got (50,)."),
        ((X, Y[:, :1]), "data: targets must have shape (n, 2) for a model with 2 outputs, got (50, 1)."),
        ((X, Y[:, 0]), "data: targets must have shape (n, 2) for a model with 2 outputs, got (50,)."),
        (
            (X, LABELS),
            'got (50,). Likely cause: class indices under a loss of real numbers. Pass loss="cross_entropy".',
        ),
        (
            (with_value(X, 0, 0).astype(np.int64) + 2**40, Y),
            "data X holds the integer 1099511627776 in row 0",
        ),
    ],
)
def test_data_that_do_not_fit(data, text):
    with pytest.raises((DataError, InvalidArgument)) as error:
        train(MLP((3, 4, 2)), data)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (
            LABELS.astype(float),
            "needs class indices, integers of shape (n,); got dtype float64 of shape (50,).",
        ),
        (
            LABELS.astype(str),
            "Likely cause: labels as text or one-hot. NeuralClassifier takes labels of any kind.",
        ),
        (LABELS[:, None], "got dtype int64 of shape (50, 1)."),
        (LABELS + 1, "class indices must lie in 0..1 for a model with 2 outputs, got 1..2."),
        (LABELS - 1, "class indices must lie in 0..1 for a model with 2 outputs, got -1..0."),
    ],
)
def test_targets_that_are_not_class_indices(y, text):
    with pytest.raises(DataError) as error:
        train(MLP((3, 4, 2)), (X, y), loss="cross_entropy")
    assert text in str(error.value)


def test_a_tree_without_arrays_and_trees_of_many():
    params = {"w": np.ones(2)}
    with pytest.raises(DataError, match="data must hold at least one array, got an empty tree"):
        train(lambda p, b: 0.0, {}, params=params)
    with pytest.raises(DataError, match=r"got 3 in data a, 2 in data b/c"):
        train(lambda p, b: 0.0, {"a": np.ones(3), "b": {"c": np.ones(2)}}, params=params)


def test_integers_bools_and_lists_are_taken():
    whole = np.random.default_rng(0).integers(0, 9, (50, 3))
    results = [
        train(MLP((3, 4, 1)), data, epochs=2, backend=backend)
        for data in (
            (whole, whole[:, 0]),
            (whole.tolist(), whole[:, 0].tolist()),
            (whole * 1.0, whole[:, 0] * 1.0),
        )
        for backend in ("jax", "numpy")
    ]
    for result in results[1:]:
        np.testing.assert_allclose(result.history["loss"], results[0].history["loss"], rtol=1e-5)
        assert result.params[0][0].dtype == np.float32
    train(MLP((3, 4, 2)), (whole > 4, whole[:, 0] > 4), loss="hinge", epochs=1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"epochs": 0}, "epochs must be a whole number >= 1, got 0."),
        ({"seed": -1}, "seed must be a whole number >= 0, got -1."),
        ({"batch_size": 0}, "batch_size must be a whole number >= 1, got 0."),
        ({"batch_size": 8.0}, "batch_size must be a whole number >= 1, got 8.0."),
        ({"batch_size": "whole"}, "batch_size must be a whole number >= 1 or 'full', got 'whole'."),
        (
            {"optimizer": "gd", "batch_size": 8},
            "GD takes its steps on the whole data, got batch_size=8 for 50 rows.",
        ),
        ({"optimizer": "adma"}, "unknown optimizer 'adma'. Did you mean 'adam'?"),
        ({"loss": "hing"}, "unknown loss 'hing'. Did you mean 'hinge'?"),
        (
            {"metrics": ["acuracy"]},
            "unknown metric 'acuracy'. Did you mean 'accuracy'? Known: accuracy, r2, sign_accuracy.",
        ),
        (
            {"metrics": ["r2"]},
            "metrics are evaluated on held-out data, got metrics=('r2',) without validation.",
        ),
        (
            {"metrics": ["accuracy"], "validation": (X, Y)},
            "metric 'accuracy' takes class indices as targets, but the loss takes real numbers. Metrics that fit: r2, sign_accuracy.",
        ),
        ({"dtype": "float16"}, "dtype must be 'float32' or 'float64', got 'float16'."),
        ({"dtype": None}, "dtype must be 'float32' or 'float64', got None."),
        ({"dtype": "nonsense"}, "dtype must be 'float32' or 'float64', got 'nonsense'."),
        ({"backend": "torch"}, "backend must be 'jax' or 'numpy', got 'torch'."),
        ({"tolerance": -1.0}, "tolerance must be finite and >= 0, got -1.0."),
        ({"divergence": 1.0}, "divergence must be > 1, got 1.0."),
        (
            {"params": [(X, Y)]},
            "params must be a list of (W, b) of the shapes [((3, 4), (4,)), ((4, 2), (2,))] for",
        ),
        ({"model": "mlp"}, "model must be an MLP, a Network, a flax or equinox module, or a function"),
        (
            {"model": lambda p, b: 0.0},
            "a plain loss(params, batch) function needs params= to start from, got params=None.",
        ),
        (
            {"loss": lambda p, y: p - y, "backend": "numpy"},
            "the NumPy loop trains MLPs with a named loss; use backend='jax'.",
        ),
        (
            {"optimizer": "gd", "device_memory": 0},
            "the data (50 rows) are larger than the device's share of memory and cannot",
        ),
    ],
)
def test_arguments_that_break_a_law(arguments, text):
    with pytest.raises(InvalidArgument) as error:
        train(**{"model": MLP((3, 4, 2)), "data": (X, Y), **arguments})
    assert text in str(error.value)


def test_two_early_stoppings():
    from neuralopt import EarlyStopping

    with pytest.raises(InvalidArgument, match=r"a run takes one EarlyStopping, got 2\."):
        train(MLP((3, 2)), (X, Y), callbacks=[EarlyStopping(), EarlyStopping()])


@pytest.mark.parametrize("activation", ["step", "sign"])
def test_an_activation_without_a_gradient_is_a_warning(activation):
    with pytest.warns(UserWarning, match=f"activation '{activation}' has derivative zero") as caught:
        train(MLP((3, 4, 2), activation), (X, Y), epochs=1, backend="numpy")
    assert caught[0].filename == __file__
    train(MLP((3, 2), activation), (X, Y), epochs=1, backend="numpy")  # no hidden layer, none used


def test_a_stream_does_not_take_the_memory_of_its_file(tmp_path):
    """400 MB on disk; the process's own memory grows by a fraction of that."""
    program = """
        import sys, threading, time
        import numpy as np
        from neuralopt import MLP, train

        def own():  # pages of the file itself belong to the system, which takes them back at will
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

        rows, peak, done = 1_000_000, 0, False
        X = np.memmap(sys.argv[1], dtype=np.float64, mode="r", shape=(rows, 50))
        y = np.zeros((rows, 1))
        train(MLP((50, 2, 1)), (X[:8192], y[:8192]), epochs=1, batch_size=4096, device_memory=0)
        before = own()

        def watch():
            global peak
            while not done:
                peak = max(peak, own())
                time.sleep(0.005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        result = train(MLP((50, 2, 1)), (X, y), epochs=1, batch_size=4096, device_memory=10**6)
        done = True
        watcher.join()
        print(result.epochs, (peak - before) // 1024)
    """
    file = tmp_path / "X"
    with file.open("wb") as handle:
        handle.truncate(1_000_000 * 50 * 8)  # zeros without blocks on the disk
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    epochs, megabytes = map(int, done.stdout.split())
    assert epochs == 1
    assert megabytes < 150


@pytest.mark.parametrize(
    "optimizer",
    [
        transforms.FiniteGuard(optimizers.LBFGS()),
        transforms.chain(transforms.ClipByGlobalNorm(1.0), optimizers.LBFGS()),
        transforms.partition(optimizers.Adam(), first=(transforms.by_name("0/*"), optimizers.LBFGS())),
    ],
    ids=lambda opt: type(opt).__name__,
)
def test_the_part_that_needs_the_whole_data_is_named(optimizer, net, regression):
    with pytest.raises(
        InvalidArgument, match="LBFGS takes its steps on the whole data, got batch_size=8 for"
    ):
        train(net, regression, optimizer=optimizer, batch_size=8)
