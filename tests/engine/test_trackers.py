"""TensorBoard and MLflow are told every epoch once: by stand-ins with their signatures, and by themselves."""

import struct
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from neuralopt import Callback, History, MLflowLogger, Status, TensorBoardLogger, optimizers, train
from neuralopt.core.errors import InvalidArgument, MissingDependency
from neuralopt.engine import Report


class StopAfter(Callback):
    every = 1

    def __init__(self, epochs):
        self.epochs = epochs

    def on_chunk(self, report):
        return report.epoch >= self.epochs


class Server:
    """What MLflow keeps, with the signatures of its client."""

    def __init__(self):
        self.experiments, self.runs, self.batches = {}, {}, []

    def client(self, tracking_uri=None, registry_uri=None, workspace_store_uri=None):
        self.uri = tracking_uri
        return self

    def get_experiment_by_name(self, name):
        number = self.experiments.get(name)
        return None if number is None else SimpleNamespace(experiment_id=number)

    def create_experiment(self, name, artifact_location=None, tags=None):
        self.experiments[name] = str(len(self.experiments))
        return self.experiments[name]

    def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
        run_id = f"run{len(self.runs)}"
        self.runs[run_id] = {"metrics": [], "status": "RUNNING", "name": run_name, "in": experiment_id}
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def update_run(self, run_id, status=None, name=None):
        self.runs[run_id]["status"] = status

    def get_metric_history(self, run_id, key):
        return [m for m in self.runs[run_id]["metrics"] if m.key == key]

    def log_batch(self, run_id, metrics=(), params=(), tags=(), synchronous=None):
        assert len(metrics) <= 1000
        self.batches.append(len(metrics))
        self.runs[run_id]["metrics"] += metrics

    def set_terminated(self, run_id, status=None, end_time=None):
        self.runs[run_id]["status"] = status


def metric(key, value, timestamp, step, model_id=None, dataset_name=None, dataset_digest=None, run_id=None):
    return SimpleNamespace(key=key, value=value, step=step, timestamp=timestamp)


@pytest.fixture
def server(monkeypatch):
    held, module, entities = Server(), ModuleType("mlflow"), ModuleType("mlflow.entities")
    module.MlflowClient, entities.Metric = held.client, metric
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    return held


def told(metrics, name):
    return [(m.step, m.value) for m in metrics if m.key == name]


def expected(history, name):
    return [(k + 1, float(v)) for k, v in enumerate(history[name])]


def test_mlflow_holds_the_history(server, net, regression, held_out):
    log = MLflowLogger("mine", run_name="first", tracking_uri="http://localhost:5000", every=2)
    result = train(net, regression, epochs=5, validation=held_out, callbacks=[log])
    run = server.runs[log.run_id]
    assert (run["status"], run["name"], run["in"]) == ("FINISHED", "first", server.experiments["mine"])
    assert server.uri == "http://localhost:5000"
    for name in result.history:
        assert told(run["metrics"], name) == expected(result.history, name)
    assert server.batches[-1] == 4  # one call for a chunk: the last epoch's four figures
    train(net, regression, epochs=1, callbacks=[log])  # not resumed: a run of its own
    assert (len(server.runs), len(server.experiments)) == (2, 1)


@pytest.mark.parametrize("fresh", [False, True], ids=["same logger", "new logger"])
def test_mlflow_goes_on_in_its_run(fresh, server, net, regression, tmp_path):
    log, file = MLflowLogger(), tmp_path / "run.ckpt"
    train(net, regression, epochs=6, callbacks=[log, StopAfter(3)], checkpoint=file)
    run = server.runs[log.run_id]["metrics"]
    server.runs[log.run_id]["metrics"] = run + [metric(m.key, m.value, 0, 4) for m in run if m.step == 3]
    log = MLflowLogger(run_id=log.run_id) if fresh else log  # the log is ahead of the checkpoint
    train(net, regression, epochs=6, callbacks=[log], checkpoint=file, resume=True)
    (run,) = server.runs.values()
    assert [step for step, _ in told(run["metrics"], "loss")] == [1, 2, 3, 4, 5, 6]
    assert run["status"] == "FINISHED"


def test_mlflow_is_told_how_a_run_ended(server, net, regression):
    log = MLflowLogger()
    result = train(net, regression, optimizer=optimizers.SGD(1e30), callbacks=[log])
    assert result.status is Status.DIVERGED
    assert server.runs[log.run_id]["status"] == "FAILED"
    assert all(np.isfinite(m.value) for m in server.runs[log.run_id]["metrics"])


def test_mlflow_takes_many_figures_in_parts(server):
    log, count = MLflowLogger(), 700
    rows = {name: np.arange(count, dtype=float) for name in ("loss", "learning_rate", "seconds")}
    log.on_start(count, 1)
    log.on_chunk(Report(count, count, 1.0, History(rows), rows, None, Status.RUNNING, dict))
    assert server.batches == [1000, 1000, 100]
    assert told(server.runs[log.run_id]["metrics"], "loss") == expected(rows, "loss")


@pytest.mark.parametrize(
    ("make", "module", "extra"),
    [(MLflowLogger, "mlflow", "mlflow"), (lambda: TensorBoardLogger("x"), "tensorboardX", "tensorboard")],
    ids=["mlflow", "tensorboard"],
)
def test_without_the_package(make, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency) as error:
        make()
    assert f"needs the package {module}" in str(error.value)
    assert str(error.value).endswith(f'pip install "neuralopt[{extra}]"')


class Writer:
    """Keeps what a SummaryWriter is told, with its signatures."""

    def __init__(self, logdir=None, comment="", purge_step=None, max_queue=10, flush_secs=120):
        self.logdir, self.purge_step, self.scalars, self.calls = logdir, purge_step, [], []

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None):
        self.scalars.append((tag, scalar_value, global_step))

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")


def test_tensorboard_is_told_every_epoch(net, regression, held_out, monkeypatch, tmp_path):
    module, made = ModuleType("tensorboardX"), []
    module.SummaryWriter = lambda *a, **k: made.append(Writer(*a, **k)) or made[-1]
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    log, file = TensorBoardLogger(tmp_path / "events", every=1), tmp_path / "run.ckpt"
    given = {"epochs": 5, "validation": held_out, "checkpoint": file}
    train(net, regression, callbacks=[log, StopAfter(3)], **given)
    result = train(net, regression, callbacks=[log], resume=True, **given)
    first, second = made
    assert (first.purge_step, second.purge_step) == (None, 4)
    assert first.calls == ["flush"] * 3 + ["close"]
    for name in result.history:
        held = [(s, v) for tag, v, s in first.scalars + second.scalars if tag == name]
        assert held == expected(result.history, name)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgument, match="folder must be a folder, got the file"):
        TensorBoardLogger(tmp_path / "file")


def events(folder):
    """Return the events of a folder: every record is a length, its checksum, the event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for file in sorted(folder.iterdir()):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack("<Q", data[at : at + 8])
            found.append(Event.FromString(data[at + 12 : at + 12 + size]))
            at += 16 + size
    return found


# protobuf's generated classes use a call that Python deprecates
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_real_tensorboard_events(net, regression, tmp_path):
    result = train(net, regression, epochs=4, callbacks=[TensorBoardLogger(tmp_path)])
    held = [
        (event.step, value.simple_value)
        for event in events(tmp_path)
        for value in event.summary.value
        if value.tag == "loss"
    ]
    assert held == expected(result.history, "loss")


# MLflow warns of its file store, of the packages it lacks, and differently from version to version
@pytest.mark.filterwarnings("ignore")
def test_real_mlflow(net, regression, monkeypatch, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    log, file = MLflowLogger(tracking_uri=tmp_path.as_uri() + "/runs"), tmp_path / "run.ckpt"
    train(net, regression, epochs=5, callbacks=[log, StopAfter(3)], checkpoint=file)
    result = train(net, regression, epochs=5, callbacks=[log], checkpoint=file, resume=True)
    client = mlflow.MlflowClient(tracking_uri=tmp_path.as_uri() + "/runs")
    assert client.get_run(log.run_id).info.status == "FINISHED"
    assert told(client.get_metric_history(log.run_id, "loss"), "loss") == expected(result.history, "loss")
