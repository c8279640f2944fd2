"""Every example in every docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import neuralopt

MODULES = [
    "neuralopt",
    *(
        m.name
        for m in pkgutil.walk_packages(neuralopt.__path__, "neuralopt.")
        if not m.name.endswith("__main__")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(len(t.examples) for name in MODULES for t in finder.find(importlib.import_module(name)))
    assert examples > 50
