"""What the project promises about itself: settings of Streamlit, one opener of connections, locks without hosts."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit import config

from tests.conftest import ROOT
from tests.once_more import second_chance

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
OPENERS = {
    "httpx",
    "requests",
    "urllib3",
    "aiohttp",
    "websockets",
    "http.client",
    "urllib.request",
    "ftplib",
    "smtplib",
    "socket",
    "telnetlib",
    "apprise",
}
MAY_OPEN = {
    "services/channels/post.py": {"apprise", "requests", "smtplib"},
    "services/providers/http.py": {"httpx"},
    "services/providers/sandbox/server.py": {"socket"},
}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("browser.gatherUsageStats", False),
        ("server.address", "127.0.0.1"),
        ("client.showErrorDetails", "none"),
        ("client.toolbarMode", "minimal"),
        ("runner.postScriptGC", False),
        ("runner.magicEnabled", False),
    ],
)
def test_streamlit_knows_each_option_that_we_rely_on(option: str, value: object) -> None:
    """``runner.postScriptGC`` is hidden: an upgrade that drops it must not go unseen."""
    section, name = option.split(".")
    assert CONFIG[section][name] == value
    assert option in config._config_options_template


def test_both_themes_are_there_and_the_fonts_show_chinese_on_every_system() -> None:
    assert {"light", "dark"} <= set(CONFIG["theme"])
    for family in ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"):
        assert family in CONFIG["theme"]["font"]
    assert "http" not in CONFIG["theme"]["font"]


def test_one_module_opens_connections() -> None:
    found: dict[str, set[str]] = {}
    for folder in ("services", "ui", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            names = opened_by(path) & OPENERS
            if names:
                found[path.relative_to(ROOT).as_posix()] = names
    assert found == MAY_OPEN


def test_what_takes_long_to_import_is_not_imported_at_the_start() -> None:
    """Apprise takes a second."""
    loaded = "import sys, services.use.channels, services.channels.post; print('apprise' in sys.modules, 'requests' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]


def opened_by(path: Path) -> set[str]:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return imported | {name.split(".")[0] for name in imported if name.split(".")[0] in OPENERS}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert len(pins) > 50
    assert all(line.rstrip().endswith("\\") for line in pins)
    assert text.count("--hash=sha256:") > len(pins)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    locked = (ROOT / "requirements.lock").read_text("utf-8")
    for dependency in project["project"]["dependencies"]:
        name = re.split(r"[=>;\[]", dependency)[0]
        assert f"\n{name}" in f"\n{locked}".lower(), name


def test_pages_stay_small_and_know_neither_store_nor_providers() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        source = path.read_text("utf-8")
        assert len(source.splitlines()) <= 160, path.name
        assert "services.store" not in source, path.name
        assert "services.providers" not in source, path.name


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        ({}, []),
        ({"tests/browser/test_trips.py::test_one[zh]"}, ["tests/browser/test_trips.py::test_one[zh]"]),
        (
            {"tests/browser/test_b.py::test_two", "tests/browser/test_a.py::test_one"},
            ["tests/browser/test_a.py::test_one", "tests/browser/test_b.py::test_two"],
        ),
        ({"tests/browser/test_trips.py"}, []),  # its collection failed
        ({"tests/browser/test_trips.py::test_one", "tests/unit/test_web.py::test_two"}, []),
        ({f"tests/browser/test_trips.py::test_{number}" for number in range(4)}, []),
    ],
)
def test_only_a_few_browser_tests_are_run_once_more(failed: set[str], again: list[str]) -> None:
    assert second_chance(failed) == again
