"""A joint fit of two tables: its folder, its model, its records."""

import dataclasses
import datetime
import warnings
from pathlib import Path
from typing import Any

import neuralopt
from neuralopt.benchmark.folder import CHECKPOINT, choose_folder, prepared
from neuralopt.benchmark.joint_findings import joint_findings
from neuralopt.benchmark.joint_record import KIND, VERSION, joint_arrays, joint_facts
from neuralopt.benchmark.joint_tables import Tables
from neuralopt.benchmark.machine import machine_facts
from neuralopt.benchmark.naming import slug
from neuralopt.estimators import JointPredictor
from neuralopt.joint import JointOptimizer
from neuralopt.storage import write_container, write_json


@dataclasses.dataclass(frozen=True)
class JointSettings:
    """Arguments of a joint fit.

    Attributes
    ----------
    final : {"stack", "select"}
        Take one candidate, or mix them.
    mode : str
        See `JointOptimizer`.
    hidden : tuple of int
        Units of the hidden layers.
    epochs : int
        Passes over the simulated rows at most.
    seed : int
        The same seed gives the same model.
    """

    final: str = "stack"
    mode: str = "variable_projection"
    hidden: tuple[int, ...] = (64,)
    epochs: int = 1000
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class JointRun:
    """What a joint fit left behind.

    Attributes
    ----------
    folder, model, records : Path
        The run's folder, its model file and the folder of its records.
    facts : dict
        The contents of ``records/joint.json``.
    """

    folder: Path
    model: Path
    records: Path
    facts: dict[str, Any]


def run_joint(
    tables: Tables,
    settings: JointSettings,
    *,
    name: str = "joint",
    output: str | Path | None = None,
    title: str | None = None,
    resume: bool = False,
) -> JointRun:
    """Fit a joint model; keep it, its records and what they say.

    Parameters
    ----------
    tables : Tables
        From `read_both`.
    settings : JointSettings
        How to fit.
    name : str
        Of the run; its folder and model are called so.
    output : path or None
        New folder; None means ``neuralopt-runs/<name>``, numbered from the second on.
    title : str or None
        Heading of the report.
    resume : bool
        Go on from the checkpoint in the folder.

    Returns
    -------
    JointRun
        Where everything is.

    Raises
    ------
    InvalidArgument
        For settings that break their law, or a folder that is taken.
    StorageError
        When the folder cannot be written to.
    """
    import pandas

    classes = tables.encoder.classes
    joint = JointOptimizer(
        input_dim=tables.X_sim.shape[1],
        hidden_dim=settings.hidden,
        output_dim=len(classes) or len(tables.encoder.target_names),
        mode=settings.mode,
        final=settings.final,
        seed=settings.seed,
        task=tables.encoder.task,
    )
    short = slug(name)
    folder = choose_folder(output, short, resume, "run", CHECKPOINT)
    with prepared(folder, resume), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        inputs = [
            pandas.DataFrame(X, columns=tables.encoder.feature_names) for X in (tables.X_sim, tables.X_real)
        ]
        joint.fit(
            *(inputs[0], tables.y_sim, inputs[1], tables.y_real),
            epochs=settings.epochs,
            checkpoint=folder / CHECKPOINT,
            resume=resume,
        )
    said = [*joint.messages_, *(str(w.message) for w in caught if w.category is UserWarning)]
    records = folder / "records"
    model = folder / f"{short}.model.safetensors"
    facts = {
        "format": "neuralopt-joint",
        "version": VERSION,
        "neuralopt": neuralopt.__version__,
        "title": title or name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine_facts(),
        "config": dataclasses.asdict(settings),
        "model": str(model),
        "summary": list(dict.fromkeys(said)),
        "notes": list(tables.encoder.notes),
        **joint_facts(joint, tables),
    }
    JointPredictor(tables.encoder, joint, {key: facts[key] for key in ("title", "created", "config")}).save(
        model
    )
    arrays = joint_arrays(joint, tables)
    facts["findings"] = joint_findings(facts, arrays)
    write_container(records / "joint.safetensors", kind=KIND, version=VERSION, header={}, arrays=arrays)
    write_json(records / "joint.json", facts)
    return JointRun(folder, model, records, facts)
