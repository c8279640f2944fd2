"""The page in a real browser: every figure drawn, no error, no network, no sideways scrolling."""

import base64
import gzip
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.report.test_trajectories import record, write

from neuralopt.report import build_report

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    *(f"--disable-{what}" for what in ("gpu", "quic", "sync", "dev-shm-usage", "component-update")),
    "--disable-background-networking",
]
PAGE_WIDTH = "document.documentElement.scrollWidth"  # more than the window when it scrolls sideways


class Browser:
    """Headless Chromium, spoken to over its debugging pipe (no port, no network)."""

    def __init__(self, executable: str, profile: Path):
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()
        command = [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        redirect = f'exec "$0" "$@" 3<&{theirs_read} 4>&{theirs_write}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", redirect, *command],
            pass_fds=(theirs_read, theirs_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_read)
        os.close(theirs_write)
        self.reading, self.writing = ours_read, ours_write
        self.buffer, self.count = b"", 0
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._receive()
            if reply.get("id") == self.count:
                assert "error" not in reply, reply
                return reply["result"]
            self.events.append(reply)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            assert select.select([self.reading], [], [], 60)[0], "the browser has been silent for 60 s"
            chunk = os.read(self.reading, 1 << 20)
            assert chunk, "the browser has ended"
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def evaluate(self, expression: str) -> Any:
        reply = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    def wait(self, condition: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"never came true: {condition}"
            time.sleep(0.05)

    def open(self, page: Path, *, width: int = 1280, dark: bool = False, scripts: bool = True) -> None:
        """Open a page in a fresh tab and wait until it has settled."""
        if self.session:
            self.send("Page.close")
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events.clear()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.send("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete' && document.querySelectorAll('#data').length === 1")
        if scripts:
            self.wait("[...document.querySelectorAll('.plot')].every((p) => p.classList.contains('drawn'))")

    def complaints(self) -> list[dict[str, Any]]:
        """Exceptions, console errors and warnings, violations and log entries of the open page."""
        self.evaluate("1")
        bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [e for e in self.events if e.get("method") in bad]

    def requests(self) -> list[str]:
        """Addresses that the open page asked for, without those inside the page itself."""
        self.evaluate("1")
        sent = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        urls = [e["params"]["request"]["url"] for e in sent]
        return [u for u in urls if not u.startswith(("data:", "blob:"))]

    def screenshot(self, file: Path) -> None:
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self.send("Browser.close")
        self.process.wait(timeout=20)
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    assert executable, f"CI is set but there is none of {', '.join(names)} on this machine"
    started = Browser(executable, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, make_writer: Any) -> Path:
    return build_report(make_writer(tmp_path_factory.mktemp("run") / "records").write())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_all_figures_are_drawn_without_errors_or_network(
    browser: Browser, page: Path, width: int, dark: bool
) -> None:
    browser.open(page, width=width, dark=dark)
    boxes = browser.evaluate("document.querySelectorAll('figure').length")
    drawn = browser.evaluate(
        "[...document.querySelectorAll('.plot')].filter((p) => p.querySelector('.main-svg .trace')).length"
    )
    assert (boxes, drawn) == (8, 8)
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert browser.evaluate(PAGE_WIDTH) == width
    assert browser.evaluate("document.body.innerText.includes('need JavaScript')") is False
    # The library's own choice of buttons has one that sends the figure to a server.
    titles = browser.evaluate("[...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title)")
    assert set(titles) == ({"Zoom", "Pan", "Reset axes"} if width == 1280 else set())


@pytest.mark.parametrize("width", [1280, 390])
def test_trajectories_are_drawn_and_fit_a_phone(
    browser: Browser, make_writer: Any, tmp_path: Path, width: int
) -> None:
    page = build_report(write(make_writer(tmp_path / "records"), *record()))
    browser.open(page, width=width)
    for key in ("plane", "embedding", "residual", "slice"):
        lines = f"document.querySelectorAll('#task-1-{key} .scatterlayer .trace').length"
        assert browser.evaluate(lines) >= 2  # those of the best five that have one
    assert browser.evaluate("document.querySelectorAll('#task-1-plane .contourlayer .contour').length") == 1
    assert browser.evaluate(PAGE_WIDTH) == width
    assert browser.complaints() == []


def test_the_sensor_of_errors_works(browser: Browser, page: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(
        page.read_text(encoding="utf-8").replace("start();\n", 'start(); console.error("x"); fetch("/y");\n'),
        encoding="utf-8",
    )
    browser.open(broken)
    browser.wait("true")
    assert len(browser.complaints()) >= 2  # the error, and the request that the policy refused


def test_colours_follow_the_scheme_while_the_page_is_open(browser: Browser, page: Path) -> None:
    browser.open(page)
    line = "document.querySelector('.plot').data.find((t) => t.legendgroup === 'adam').line.color"
    paper = "document.querySelector('.plot').layout.paper_bgcolor"
    assert (browser.evaluate(line), browser.evaluate(paper)) == ("#2c8ff0", "#ffffff")
    scheme = {"name": "prefers-color-scheme", "value": "dark"}
    browser.send("Emulation.setEmulatedMedia", features=[scheme])
    browser.wait(f"{line} === '#6ba6fa' && {paper} === '#171a20'")


def test_a_chip_hides_one_method_in_the_figures_of_its_task(browser: Browser, page: Path) -> None:
    browser.open(page)

    def visible(box: int) -> list[str]:
        return browser.evaluate(
            f"[...new Set(document.querySelectorAll('.plot')[{box}].data.filter((t) => t.visible)"
            ".map((t) => t.legendgroup))]"
        )

    first = ["adam", "nadamw", "adamw", "rmsprop", "momentum", "linear", "boosting"]
    assert visible(0) == first
    browser.evaluate("document.querySelector('[data-method=adam]').click()")
    browser.wait("!document.querySelector('.plot').data.find((t) => t.legendgroup === 'adam').visible")
    assert visible(0) == first[1:]
    assert visible(4)[0] == "adam"  # the other task's
    browser.evaluate("document.querySelector('[data-all=all]').click()")
    browser.wait("document.querySelector('.plot').data.every((t) => t.visible)")


def test_figures_shrink_with_the_window(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    for width in (500, 900, 390):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.send("Emulation.setDeviceMetricsOverride", **size)
        browser.wait(
            "[...document.querySelectorAll('.plot')].every((p) => "
            "Math.abs(p.querySelector('.main-svg').getBoundingClientRect().width - p.clientWidth) < 2)"
        )
        assert browser.evaluate(PAGE_WIDTH) == width


def test_exports_are_files(browser: Browser, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    starts = {"png": b"\x89PNG", "svg": b"<svg", "csv": b"method,label,panel,epoch,median"}
    for kind, start in starts.items():
        browser.evaluate(f"document.querySelector('figure [data-format={kind}]').click()")
        file = tmp_path / f"digits-loss.{kind}"
        end = time.monotonic() + 20
        while not file.exists():
            assert time.monotonic() < end, list(tmp_path.iterdir())
            time.sleep(0.05)
        assert file.read_bytes().startswith(start)
    vector = (tmp_path / "digits-loss.svg").read_text(encoding="utf-8")
    assert "NAdamW" in vector  # a figure that leaves the page takes its legend and title along
    assert "Loss per epoch" in vector
    assert browser.complaints() == []


def test_hostile_names_are_text_everywhere(browser: Browser, make_writer: Any, tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><b>ğüşiöçİ</b> & \"quotes\" 'too' \u2028"
    writer = make_writer(tmp_path / "records")
    for key in ("name", "target", "reason", "summary", "best_model"):
        writer.ranking["tasks"][0][key] = hostile
    writer.ranking["title"] = writer.ranking["config"]["key " + hostile] = hostile
    writer.ranking["machine"][hostile] = hostile
    writer.ranking["tasks"][0]["notes"] = [hostile]
    finding = {"code": "NOPT001", "methods": [hostile]} | dict.fromkeys(("title", "cause", "cure"), hostile)
    writer.ranking["tasks"][0]["findings"] = [finding]
    for row in writer.ranking["tasks"][0]["rows"]:
        writer.containers[row["record"]][0]["task"] = hostile
        row["label"] = row["status"] = hostile
    page = build_report(writer.write())
    browser.open(page, width=390)
    assert browser.complaints() == []
    assert browser.evaluate("document.querySelectorAll('main b b, main script, svg b').length") == 0
    assert browser.evaluate("document.querySelectorAll('script').length") == 4  # data, plotly, page, inflated
    text = browser.evaluate("document.body.textContent")
    assert text.count(hostile) >= 14 + 2
    ticks = browser.evaluate(
        "[...document.querySelectorAll('#task-1-final-loss .ytick text')].map((t) => t.textContent)"
    )
    assert len(ticks) == 14
    assert all("<script>" in tick and "<b>" in tick for tick in ticks)
    assert browser.evaluate(PAGE_WIDTH) == 390


def test_without_scripts_the_page_says_so_and_keeps_its_tables(browser: Browser, page: Path) -> None:
    browser.open(page, scripts=False)
    assert browser.evaluate("document.body.innerText.includes('The figures need JavaScript')") is True
    assert browser.evaluate("document.querySelectorAll('tbody tr').length") == 28


def test_a_browser_that_cannot_draw_says_why(browser: Browser, page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    start = text.index('id="plotly">') + len('id="plotly">')
    empty = base64.b64encode(gzip.compress(b"")).decode()
    broken = tmp_path / "broken.html"
    broken.write_text(text[:start] + empty + text[text.index("</script>", start) :], encoding="utf-8")
    browser.open(broken, scripts=False)
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    browser.send("Page.navigate", url=broken.as_uri())
    browser.wait("document.querySelectorAll('.plot').length && document.querySelector('.plot').innerText")
    assert "could not be drawn in this browser" in browser.evaluate(
        "document.querySelector('.plot').innerText"
    )
