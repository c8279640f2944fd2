"""comparison.toml: written beside the tables, and read to make the same ones."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def table(workplace, kinds):
    kinds.to_csv("data.csv", index=False)


def test_the_same_manifest_gives_the_same_tables(compare):
    assert compare("data.csv", "-t", "kind", "-o", "one", "--title", 'A "title"').code == 0
    assert compare("--manifest", "one/comparison.toml", "-o", "two").code == 0
    assert Path("one/ranking.csv").read_bytes() == Path("two/ranking.csv").read_bytes()
    assert Path("one/comparison.toml").read_bytes() == Path("two/comparison.toml").read_bytes()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "The manifest 'm.toml' cannot be read: No such file or directory."),
        ("data = [", "The manifest 'm.toml' is no TOML file"),
        ("dta = []", "has 'dta', which is no option of a comparison. Did you mean 'data'?"),
        ("output = 'x'", "has 'output', which is no option of a comparison."),
        ("batch_size = 'many'", "has batch_size = 'many', which must be of the kind of 32."),
        ("data = []", "compare needs a table: a CSV, Parquet or NPZ file, a bundled name, or --manifest."),
    ],
)
def test_manifests_that_cannot_be(compare, files, text, sentence):
    if text is not None:
        Path("m.toml").write_text(text)
    before = files()
    outcome = compare("--manifest", "m.toml")
    assert outcome.code == 2
    assert sentence in outcome.said
    assert files() == before


def test_an_unknown_budget(compare):
    outcome = compare("data.csv", "-t", "kind", "--budget", "thorogh")
    assert outcome.code == 2
    assert "--budget must be one of quick, thorough, got 'thorogh'. Did you mean 'thorough'?" in outcome.said
