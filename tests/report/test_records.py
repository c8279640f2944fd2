"""Reading a records folder: what is refused, and what is only noted."""

import json
from typing import Any

import numpy as np
import pytest

from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.report import load_records


def test_a_sound_folder_is_read_whole(writer: Any) -> None:
    records = load_records(writer.write())
    assert records.problems == ()
    assert [len(task.records) for task in records.tasks] == [14, 14]
    expected = writer.containers["digits--adam.safetensors"][1]["validation_loss"]
    np.testing.assert_array_equal(records.tasks[0].records["adam"].arrays["validation_loss"], expected)
    assert records.tasks[0].records["varpro"].best == 0
    assert records.tasks[0].records["sgd"].diverged.sum() == 4


def test_a_run_marked_diverged_counts_even_with_a_finite_loss(writer: Any) -> None:
    writer.containers["digits--adam.safetensors"][0]["diverged"][2][0] = True
    assert load_records(writer.write()).tasks[0].records["adam"].diverged[2].tolist() == [True, False, False]


def test_a_missing_folder_is_named_with_a_near_one(writer: Any) -> None:
    writer.write()
    with pytest.raises(InvalidArgument, match=r"There is no folder '.*/recods'.*Did you mean 'records'\?"):
        load_records(writer.folder.parent / "recods")


def test_a_folder_without_a_ranking_is_refused_and_an_inner_one_suggested(writer: Any) -> None:
    writer.write()
    with pytest.raises(InvalidArgument, match=r"has no ranking.json. Did you mean '.*/run/records'\?"):
        load_records(writer.folder.parent)
    (writer.folder / "ranking.json").unlink()
    with pytest.raises(InvalidArgument, match="is not a records folder"):
        load_records(writer.folder)


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("", "cannot be read as JSON"),
        ('{"format": "neur', "cannot be read as JSON"),
        ("[]", "was not written by neuralopt"),
        ('{"format": "other"}', "was not written by neuralopt"),
        ('{"format": "neuralopt-ranking", "version": 2}', "format version 2; this neuralopt reads up to 1"),
        ('{"format": "neuralopt-ranking", "version": 1}', "the ranking lacks neuralopt, title, created"),
    ],
)
def test_a_damaged_foreign_or_newer_ranking_is_refused(writer: Any, text: str, law: str) -> None:
    writer.write()
    (writer.folder / "ranking.json").write_text(text)
    with pytest.raises(StorageError, match=law):
        load_records(writer.folder)


def test_all_damage_in_a_ranking_is_listed_with_its_place(writer: Any) -> None:
    del writer.ranking["tasks"][0]["summary"]
    writer.ranking["tasks"][1]["rows"][2]["loss"] = "low"
    writer.ranking["tasks"][0]["findings"][0]["methods"] = None
    law = "task 1 lacks summary; finding 1 of task 1's methods is None; row 3 of task 2's loss is 'low'"
    with pytest.raises(StorageError, match=law):
        load_records(writer.write())


def test_damage_in_a_further_table_is_listed(writer: Any) -> None:
    sound = {"title": "t", "columns": ["a", "b"], "rows": [["1", "2"]], "note": ""}
    writer.ranking["tasks"][0]["tables"] = [sound]
    assert load_records(writer.write()).tasks[0].task["tables"] == [sound]
    writer.ranking["tasks"][0]["tables"] = [
        {**sound, "note": None},
        *({**sound, "rows": [row]} for row in (["1"], "23")),
    ]
    law = "table 1 of task 1's note is None; table 2 of task 1 has rows of .*; table 3 of task 1 has rows of"
    with pytest.raises(StorageError, match=law):
        load_records(writer.write())


def test_an_infinite_loss_reads_as_no_loss(writer: Any) -> None:
    writer.ranking["tasks"][0]["rows"][0]["loss"] = {"__float__": "Infinity"}
    assert load_records(writer.write()).ranking["tasks"][0]["rows"][0]["loss"] is None


def test_a_missing_or_damaged_record_is_noted_by_name(writer: Any) -> None:
    folder = writer.write()
    (folder / "digits--adam.safetensors").unlink()
    damaged = folder / "diabetes--sgd.safetensors"
    data = bytearray(damaged.read_bytes())
    data[-20] ^= 1
    damaged.write_bytes(data)
    records = load_records(folder)
    first, second = records.problems
    assert first.startswith("Adam on digits is in the ranking but not in the curves: There is no file")
    assert "digits--adam.safetensors" in first
    assert second.startswith("SGD on diabetes")
    assert "diabetes--sgd.safetensors" in second
    assert "adam" not in records.tasks[0].records
    assert "adam" in records.tasks[1].records


@pytest.mark.parametrize(
    ("change", "law"),
    [
        (lambda header, arrays: header.pop("seeds"), "its header lacks seeds"),
        (lambda header, arrays: header.update(task="wine"), "it belongs to 'adam' on 'wine'"),
        (lambda header, arrays: arrays.pop("train_loss"), "it lacks the array train_loss"),
        (
            lambda header, arrays: header.update(seeds=[0]),
            r"train_loss has shape \(5, 3, 30\) for 5 learning",
        ),
        (lambda header, arrays: header["statuses"].pop(), "its statuses are not 5 x 3"),
        (lambda header, arrays: header["diverged"][0].pop(), "its diverged are not 5 x 3"),
        (lambda header, arrays: header.update(best=5), "its best learning rate is number 5 of 5"),
    ],
)
def test_a_record_that_contradicts_itself_is_noted(writer: Any, change: Any, law: str) -> None:
    change(*writer.containers["digits--adam.safetensors"])
    (problem,) = load_records(writer.write()).problems
    with pytest.raises(StorageError, match=law):
        raise StorageError(problem)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "..\\secret.safetensors"])
def test_a_record_outside_of_the_folder_is_not_opened(writer: Any, name: str) -> None:
    writer.ranking["tasks"][0]["rows"][0]["record"] = name
    (problem,) = load_records(writer.write()).problems
    assert "is not the name of a file in the records folder" in problem


def test_the_ranking_is_read_from_what_the_format_promises(writer: Any) -> None:
    """A key that a later minor version adds does no harm."""
    writer.ranking["tasks"][0]["later"] = {"any": ["thing"]}
    folder = writer.write()
    assert load_records(folder).ranking == json.loads((folder / "ranking.json").read_text())
