"""Findings: each rule on records made for it, and a page for each code."""

import re
from pathlib import Path

import numpy as np
import pytest

from neuralopt.benchmark.finding_kinds import KINDS, finding
from neuralopt.benchmark.findings import findings
from neuralopt.benchmark.joint_findings import joint_findings
from neuralopt.benchmark.records import Record

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "findings"
EPOCHS = 40
FLAT = np.full(EPOCHS, 0.5)
FALLING = np.geomspace(1, 0.1, EPOCHS)
RISING = np.r_[FALLING[: EPOCHS // 2], FALLING[EPOCHS // 2 - 1 :: -1]]
SETTLED = 0.1 + np.geomspace(1, 1e-9, EPOCHS)


def gradient(
    label="A", *, metric=0.8, best=1, rates=(0.1, 1.0, 10.0), train=SETTLED, validation=SETTLED, lost=False
):
    """Return a record of two seeds, the chosen learning rate's curves as given, all others flat."""
    shape = (len(rates), 2, len(train))
    arrays = {"train_loss": np.full(shape, 9.0), "validation_loss": np.full(shape, 9.0)}
    if best is not None:
        arrays["train_loss"][best], arrays["validation_loss"][best] = train, validation
    diverged = np.zeros(shape[:2], bool)
    diverged[-1, 0] = lost
    scores = None if best is None else {"metric": [metric, metric - 0.1, metric + 0.1]}
    header = {
        "label": label,
        "family": "gradient",
        "best": best,
        "learning_rates": list(rates),
        "diverged": diverged.tolist(),
        "scores": scores,
    }
    return Record(header, arrays)


def other(label, metric, family="reference", **more):
    scores = {"metric": [metric, metric - 0.1, metric + 0.1]}
    empty = {"best": None, "learning_rates": [], "diverged": [[False]]}
    return Record({"label": label, "family": family, "scores": scores, **empty, **more}, {})


def joint(**metrics):
    """Return a record of joint training with candidates of these figures."""
    held = {
        name.replace("_", " "): {"scores": {"metric": [m, m - 0.05, m + 0.05]}} for name, m in metrics.items()
    }
    return other("Joint", 0.8, "joint", candidates=held)


CASES = {
    "NOPT001": (
        [[gradient(best=0)], [gradient(best=2)]],
        [[gradient(best=1)], [gradient(best=0, rates=(0.1, 1.0))], [gradient(best=None)]],
    ),
    "NOPT002": (
        [[gradient(train=FALLING, validation=RISING)]],
        [
            [gradient(train=RISING, validation=RISING)],  # worse on all rows: no overfitting
            [gradient(train=FALLING, validation=SETTLED)],
            [gradient(train=FALLING[:8], validation=np.r_[FALLING[:4], 1, 1, 1, 1])],  # too short to tell
            [gradient(train=FALLING, validation=np.where(np.arange(EPOCHS) == 20, 0.46, 0.5))],  # 8 %
            [gradient(train=FALLING, validation=np.where(np.arange(EPOCHS) == EPOCHS - 1, 9.0, FLAT))],
        ],
    ),
    "NOPT003": ([[gradient(lost=True)]], [[gradient()]]),
    "NOPT004": (
        [[joint(simulator=-0.1, affine=0.9)], [joint(simulator=0.3, affine=0.5, real_only=0.8)]],
        [[joint(simulator=0.3, affine=0.78, real_only=0.8)], [joint(simulator=0.3, real_only=0.2)]],
    ),
    "NOPT007": (
        [[gradient(metric=0.8), other("linear", 0.81)]],
        [[gradient(metric=0.8), other("linear", 0.8)], [other("linear", 0.8)]],
    ),
    "NOPT008": (
        [[gradient(train=FALLING, validation=FALLING)]],
        [
            [gradient()],
            [gradient(validation=0.5 + 1e-3 * FALLING)],  # lowest at the end, by next to nothing
            [gradient(validation=RISING)],
            [gradient(train=FALLING[:8], validation=FALLING[:8])],
        ],
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_a_rule_speaks_where_it_should_and_only_there(code):
    said, silent = CASES[code]
    for records in said:
        assert code in [f["code"] for f in findings(records)]
    for records in silent:
        assert code not in [f["code"] for f in findings(records)]


def test_one_lucky_seed_is_not_the_method():
    """Curves are judged by the median over seeds."""
    record = gradient(train=FALLING, validation=FALLING)
    record.arrays["validation_loss"] = np.stack([FALLING, FLAT, FLAT])[None].repeat(3, axis=0)
    record.arrays["train_loss"] = record.arrays["validation_loss"]
    assert findings([record]) == []


def test_methods_are_named_and_codes_are_in_order():
    records = [gradient("A", best=0, lost=True), gradient("B", lost=True), other("linear", 0.9)]
    found = findings(records)
    assert [(f["code"], f["methods"]) for f in found] == [
        ("NOPT001", ["A"]),
        ("NOPT003", ["A", "B"]),
        ("NOPT007", ["linear"]),
    ]
    assert findings([]) == []


def test_few_real_rows():
    assert [f["code"] for f in findings([joint(simulator=0.5)], 7)] == ["NOPT006"]
    assert findings([joint(simulator=0.5)], 8) == []
    assert findings([gradient()], 7) == []  # test rows that are not measurements


def facts(n_real=20, chosen="affine and prior ridge", **errors):
    rows = [
        {"candidate": name.replace("_", " "), "loo_error": error, "standard_error": 0.05}
        for name, error in errors.items()
    ]
    return {"candidates": rows, "chosen": chosen, "n_real": n_real}


@pytest.mark.parametrize(
    ("given", "path", "codes"),
    [
        (facts(simulator=0.4, real_only=0.5), [3, 1, 2], []),
        (facts(simulator=1.01, affine=0.1), [3, 1, 2], ["NOPT004"]),
        (facts(simulator=0.5, affine=0.3, real_only=0.2), [3, 1, 2], ["NOPT004"]),
        (facts(simulator=0.5, affine=0.24, real_only=0.2), [3, 1, 2], []),  # within its standard error
        (facts(simulator=0.5), [1, 2, 3], ["NOPT005"]),
        (facts(simulator=0.5), [3, 2, 1], ["NOPT005"]),
        (facts(simulator=0.5, chosen="affine"), [3, 2, 1], []),
        (facts(simulator=0.5), [3, np.nan, 1], []),
        (facts(n_real=7, simulator=None), [3, 1, 2], ["NOPT006"]),
        (facts(n_real=8, simulator=0.5), [3, 1, 2], []),
    ],
)
def test_findings_of_a_joint_fit(given, path, codes):
    found = joint_findings(given, {"path/loo": np.array(path, float)})
    assert [f["code"] for f in found] == codes


def test_every_code_has_one_page_and_every_page_a_code():
    source = {
        code
        for file in (ROOT / "src").rglob("*.py")
        for code in re.findall(r"\bNOPT\d{3}\b", file.read_text(encoding="utf-8"))
    }
    assert source == set(KINDS) == {page.stem for page in PAGES.glob("NOPT*.md")}
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    for code, kind in KINDS.items():
        page = ROOT / finding(code)["page"]
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {code}: {kind.title}\n")
        for part in ("**What it means.**", "**Cause.**", "**Cure.**", "**How it is decided.**"):
            assert text.count(part) == 1, (code, part)
        assert f"| [{code}]({code}.md) | {kind.title} |" in index
