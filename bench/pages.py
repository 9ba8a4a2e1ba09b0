"""The compare page as a whole: reruns on the server, clicks in Chromium, cold start, memory. ``python -m bench.pages [--quick]``.

Each figure stands beside the floor: an empty page under the same launcher, measured in the same run.
Aims: rerun p50 20 and p95 40 ms with the real file, p95 120 ms at 100,000 plans; click to changed DOM p95 80 ms; first
health answer 1 s, first usable page 3 s; memory idle 200 MB, with 100,000 plans 400 MB.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.compare import REAL_FILE, real_plans
from bench.dashboard import Running, dashboard, reruns, with_plans
from bench.generated_plans import generated_plans
from tests.browser.conftest import installed_chromium

FLOOR = "bench/empty_page/app.py"
QUERY = "in=DE,AT&from=2027-03-01&to=2027-03-14&gb=1&cur=USD&lang=en"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CLICK = """label => new Promise(done => {
  const button = [...document.querySelectorAll('button')].find(found => found.innerText.trim() === label);
  const began = performance.now();
  new MutationObserver((_, watcher) => { watcher.disconnect(); done(performance.now() - began); })
    .observe(document.querySelector('[data-testid=stMain]'), {subtree: true, childList: true, characterData: true});
  button.click();
})"""


def spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"p50 {statistics.median(ordered):6.1f}   p95 {ordered[int(len(ordered) * 0.95)]:6.1f} ms"


def clicks(browser: Browser, url: str, labels: tuple[str, ...], count: int) -> list[float]:
    """Milliseconds from a click to the first change of the page, for buttons pressed in turn."""
    page = browser.new_page(locale="en-US")
    page.goto(url)
    page.get_by_role("button", name=labels[0]).or_(page.get_by_role("radio", name=labels[0])).first.wait_for()
    page.wait_for_timeout(2000)
    times = []
    for number in range(count):
        times.append(float(page.evaluate(CLICK, labels[number % len(labels)])))
        page.wait_for_timeout(400)
    page.close()
    return times


def usable(browser: Browser, running: Running, address: str, began: float) -> float:
    """Seconds from ``began`` until the page's heading is drawn and its first run is over, in a cold browser context."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{running.url}{address}")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning] h1").wait_for()
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def main() -> None:
    quick = "--quick" in sys.argv
    count = 10 if quick else 40
    catalogues = {"100,000 generated": generated_plans(100_000)}
    if REAL_FILE.exists():
        catalogues = {"10,318 real": real_plans(), **catalogues}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as empty:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=FLAGS)
        rows: list[tuple[str, str]] = []
        for label, script, address in (("empty page", FLOOR, "/"), ("first start", "app.py", "/compare?in=JP&lang=en")):
            health, first = [], []
            for _ in range(2 if quick else 5):
                with tempfile.TemporaryDirectory() as fresh:
                    began = time.perf_counter()
                    with dashboard(Path(fresh), script) as running:
                        health.append(running.health_s)
                        first.append(usable(browser, running, address, began))
            rows.append((f"{label}: start to health answer", f"{statistics.median(health):.2f} s"))
            rows.append((f"{label}: start to usable page in a cold browser", f"{statistics.median(first):.2f} s"))
        with dashboard(Path(empty), FLOOR) as running:
            rows.append(("empty page: rerun on the server", spread(reruns(running.url, "", "", count))))
            rows.append(("empty page: click to changed page", spread(clicks(browser, running.url, ("Again",), count))))
            rows.append(("empty page: memory", f"{running.memory_mb():.0f} MB"))
        for label, plans in catalogues.items():
            with with_plans(plans) as data_dir, dashboard(data_dir) as running:
                time.sleep(3)
                idle = running.memory_mb()
                rows.append((f"{label}: rerun on the server", spread(reruns(running.url, "compare", QUERY, count))))
                taken = clicks(browser, f"{running.url}/compare?{QUERY}", ("Short stay", "Best value"), count)
                rows.append((f"{label}: click to changed page", spread(taken)))
                rows.append((f"{label}: memory idle, after use", f"{idle:.0f}, {running.memory_mb():.0f} MB"))
        browser.close()
    for name, value in rows:
        print(f"{name:<58} {value}")


if __name__ == "__main__":
    main()
