"""The Python written in README and docs runs as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code(page: Path) -> str:
    """Return a page's blocks as one program, at the lines where they stand."""
    text = page.read_text(encoding="utf-8")
    kept = {number for block in BLOCK.finditer(text) for number in _lines(text, block)}
    return "\n".join(line if i in kept else "" for i, line in enumerate(text.splitlines()))


def _lines(text: str, block: re.Match[str]) -> range:
    first = text[: block.start(1)].count("\n")
    return range(first, first + block.group(1).count("\n"))


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda p: p.name)
def test_blocks_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code(page), str(page), "exec"), {"__name__": "__main__"})


def test_there_is_code():
    assert sum(len(BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) >= 4
