"""comparison.toml: written beside the tables, and read to make the same ones."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def table(workplace, kinds):
    kinds.to_csv("data.csv", index=False)


def test_the_same_manifest_gives_the_same_tables(compare, cli):
    assert compare("data.csv", "-t", "kind", "-o", "one", "--title", 'A "title"').code == 0
    assert cli("compare", "--manifest", "one/comparison.toml", "-o", "two").code == 0
    assert Path("one/ranking.csv").read_bytes() == Path("two/ranking.csv").read_bytes()
    assert Path("one/comparison.toml").read_bytes() == Path("two/comparison.toml").read_bytes()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "The manifest 'm.toml' cannot be read: No such file or directory."),
        ("data = [", "The manifest 'm.toml' is no TOML file"),
        ("dta = []", "has 'dta', which is no option of a comparison. Did you mean 'data'?"),
        ("output = 'x'", "has 'output', which is no option of a comparison."),
        ("data = 'x.csv'", 'has data = \'x.csv\', which must be a list, in brackets: ["a", "b"] or [1, 2].'),
        (
            "data = ['data.csv']\nbatch_size = 'many'",
            "has batch_size = 'many', which must be a whole number.",
        ),
        ("data = []", "The manifest 'm.toml' names no table. It needs a line such as data = [\"measurements"),
        ("", "names no table"),
        (
            f"data = ['data.csv']\ntarget = ['kind']\nseeds = {10**20}",
            "seeds must be a whole number from 1 to",
        ),
    ],
)
def test_manifests_that_cannot_be(cli, files, text, sentence):
    if text is not None:
        Path("m.toml").write_text(text)
    before = files()
    outcome = cli("compare", "--manifest", "m.toml")
    assert outcome.code == 2
    assert sentence in outcome.said
    assert files() == before


def test_what_is_given_beside_a_manifest_is_not_passed_over(cli):
    outcome = cli("compare", "other.csv", "--seeds", "2", "--manifest", "m.toml", "-o", "x")
    assert outcome.code == 2
    assert "--manifest brings the tables and all settings; given besides: data, --seeds." in outcome.said


def test_an_unknown_budget(compare):
    outcome = compare("data.csv", "-t", "kind", "--budget", "thorogh")
    assert outcome.code == 2
    assert "--budget must be one of quick, thorough, got 'thorogh'. Did you mean 'thorough'?" in outcome.said
