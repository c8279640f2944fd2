"""A kept model says what it said before it was kept, of the same rows."""

import numpy as np
import pandas as pd
import pytest

from neuralopt.core.errors import DataError, StorageError
from neuralopt.datasets import TableEncoder
from neuralopt.estimators.predictor import Predictor
from neuralopt.models import MLP


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(40, 2)) * [3, 0.01] + [100, 0], columns=["a", "b"])
    return table.assign(
        city=np.array(["x", "y"])[np.arange(40) % 2], y=table["a"] * 2, z=table["b"], n=np.arange(40) % 4
    )


@pytest.fixture
def predictor(frame, request):
    """A network with random parameters; the parameter is the targets and the number's type."""
    targets, dtype = getattr(request, "param", (["y", "z"], np.float32))
    encoder = TableEncoder.fit(frame, targets, drop=[c for c in ("y", "z", "n") if c not in targets])
    outputs = len(encoder.classes) or len(targets)
    mlp = MLP((len(encoder.feature_names), 5, outputs), "relu")
    origin = {"task": "t", "learning_rate": 0.1, "metric": None}
    return Predictor(encoder, mlp, mlp.init(seed=3, dtype=dtype), origin)


BOTH = pytest.mark.parametrize(
    "predictor", [(["y", "z"], np.float32), (["n"], np.float64), (["y"], np.float64)], indirect=True
)


@BOTH
def test_a_round_trip_changes_no_bit(predictor, frame, tmp_path):
    path = predictor.save(tmp_path / "model.safetensors")
    again = Predictor.load(path)
    assert (again.encoder, again.mlp, again.origin) == (predictor.encoder, predictor.mlp, predictor.origin)
    for mine, theirs in zip(predictor.params, again.params, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes())
    pd.testing.assert_frame_equal(again.predict(frame), predictor.predict(frame), check_exact=True)
    assert again.save(tmp_path / "copy.safetensors").read_bytes() == path.read_bytes()


def test_regression_by_hand(predictor, frame):
    """Two targets, each in its own units, on scaled numbers and one column for each city."""
    X = np.column_stack(
        [
            (frame["a"] - frame["a"].mean()) / frame["a"].std(ddof=0),
            (frame["b"] - frame["b"].mean()) / frame["b"].std(ddof=0),
            frame["city"] == "x",
            frame["city"] == "y",
        ]
    )
    (W, b), (V, c) = predictor.params
    outputs = np.maximum(X @ W + b, 0) @ V + c
    wanted = outputs * frame[["y", "z"]].std(ddof=0).to_numpy() + frame[["y", "z"]].mean().to_numpy()
    found = predictor.predict(frame[["city", "b", "a"]])
    assert list(found) == ["y", "z"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("predictor", [(["n"], np.float64)], indirect=True)
def test_classes_and_probabilities(predictor, frame):
    found = predictor.predict(frame)
    assert list(found) == ["n", *(f"probability of {k}" for k in range(4))]
    shares = found.iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found["n"], shares.argmax(axis=1))


def test_rows_keep_their_index(predictor, frame):
    chosen = frame.iloc[[7, 3]].set_axis(["seven", "three"])
    assert list(predictor.predict(chosen).index) == ["seven", "three"]
    np.testing.assert_allclose(predictor.predict(chosen), predictor.predict(frame).iloc[[7, 3]], rtol=1e-5)


def test_an_answer_that_is_not_finite_is_refused(predictor, frame):
    frame.loc[4, "b"] = 1e300
    with pytest.raises(DataError) as caught:
        predictor.predict(frame)
    assert str(caught.value) == (
        "Row 5 has values so far outside of those of training that the network's answer is not finite. "
        "Check the units of its cells."
    )


def test_an_encoder_that_no_longer_fits_is_refused(predictor, tmp_path, monkeypatch):
    path = predictor.save(tmp_path / "model.safetensors")
    real = TableEncoder.from_dict
    monkeypatch.setattr(TableEncoder, "from_dict", lambda data: real({**data, "missing": "guess"}))
    with pytest.raises(StorageError) as caught:
        Predictor.load(path)
    assert "lacks a part that this version needs" in str(caught.value)
    assert "encoder['missing'] must be" in str(caught.value)
    assert "train it again" in str(caught.value)
