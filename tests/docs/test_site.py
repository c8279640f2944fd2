"""The site is built without a warning, holds every public name, and asks no network for anything."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import mathml
import public_names
import pytest
from docutils.utils.math import MathError
from sphinx.util.inventory import InventoryFile

import neuralopt
from neuralopt.benchmark.finding_kinds import KINDS

ROOT = Path(__file__).parents[2]
LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of the built site; every warning is an error, every reference must lead somewhere."""
    out = tmp_path_factory.mktemp("site")
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-E", "docs", str(out)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def described(site):
    held = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {name for kind, names in held.data.items() if kind.startswith("py:") for name in names}


def test_every_public_name_is_in_the_reference(described):
    names = public_names.public_names()
    assert len(names) > 300
    assert names - described == set()


def test_the_list_of_public_names_is_that_of_the_rooms():
    for name in neuralopt.__all__:
        assert f"neuralopt.{name}" in public_names.public_names()
    for room in ("optimizers", "search", "benchmark", "text"):
        for name in getattr(__import__(f"neuralopt.{room}"), room).__all__:
            assert f"neuralopt.{room}.{name}" in public_names.public_names()


class Loads(HTMLParser):
    """Gathers what a page makes a browser load, and what is drawn."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.append(tag)
        named = tag == "link" and held.get("rel") in ("index", "search", "next", "prev", "canonical")
        if tag in LOADED and held.get(LOADED[tag]) and not named:
            self.addresses.append(held[LOADED[tag]])


def pages(site):
    return sorted(site.rglob("*.html"))


def test_no_page_asks_the_network_and_all_it_asks_is_there(site):
    assert len(pages(site)) > 70
    for page in pages(site):
        found = Loads()
        found.feed(page.read_text(encoding="utf-8"))
        for address in found.addresses:
            assert not re.match(r"(https?:)?//", address), (page.name, address)
            if not address.startswith(("data:", "#")):
                assert (page.parent / address.partition("?")[0]).is_file(), (page.name, address)
    for style in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", text), style.name


def test_the_page_on_search_is_not_lost_to_the_search_of_the_site(site):
    assert "How one weight is searched" in (site / "training-by-search.html").read_text(encoding="utf-8")
    assert "training-by-search.html" in (site / "choosing.html").read_text(encoding="utf-8")


def test_every_finding_has_its_page(site):
    for code, kind in KINDS.items():
        assert kind.title in (site / "findings" / f"{code}.html").read_text(encoding="utf-8")


def test_formulas_are_drawn_by_the_browser(site):
    """As MathML in the pages of the optimizers and in the reference; nothing is left as LaTeX."""
    for name in ("optimizers/adam.html", "reference/optimizers.html", "schedules.html"):
        text = (site / name).read_text(encoding="utf-8")
        assert "<math" in text
        shown = re.sub(r"<[^>]*>|aria-label=\"[^\"]*\"", "", text)
        assert not re.search(r"\\(frac|sqrt|beta|eta)", shown), name


def test_a_formula_that_cannot_be_drawn_is_an_error():
    half = mathml.to_mathml(r"\tfrac12 x")
    assert (
        re.sub(r"\s|<(\w+)[^>]*>", lambda m: f"<{m[1]}>" if m[1] else "", half).count("<mn>1</mn><mn>2</mn>")
        == 1
    )
    assert "<mo" in mathml.to_mathml(r"\Big( x \Big), \dots")
    with pytest.raises(MathError):
        mathml.to_mathml(r"\nosuchcommand")


def test_a_page_fits_a_phone(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width' in text
    style = (site / "_static" / "site.css").read_text(encoding="utf-8")
    for wide in ("table", ".math"):
        assert re.search(rf"article {re.escape(wide)} {{[^}}]*overflow-x: auto", style)
