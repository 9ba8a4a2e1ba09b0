"""The audit of dependencies fails on what it finds, passes with a clear line where it knows nothing, and never hangs."""

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simkeeper_audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def saying(text: str, status: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({status})"]


def test_a_finding_fails_and_is_named(audit: ModuleType) -> None:
    said = {"dependencies": [{"name": "good", "version": "1", "vulns": []}, {"name": "bad", "version": "2", "vulns": [{"id": "X-1"}]}]}
    status, line = audit.audit(saying(json.dumps(said), 1))
    assert status == 1
    assert "bad 2: X-1" in line
    assert "good" not in line


def test_none_passes(audit: ModuleType) -> None:
    assert audit.audit(saying('{"dependencies": [{"name": "good", "version": "1", "vulns": []}]}')) == (
        0,
        "audit: none known in 1 packages",
    )


def test_no_data_passes_and_says_so(audit: ModuleType) -> None:
    for command in (saying("no network", 1), [sys.executable, "-c", "raise SystemExit('cannot connect')"], saying("[]")):
        status, line = audit.audit(command)
        assert status == 0
        assert line.startswith("audit: no data")


def test_it_does_not_wait_for_ever(audit: ModuleType) -> None:
    status, line = audit.audit([sys.executable, "-c", "import time; time.sleep(60)"], patience_s=0.5)
    assert (status, "did not answer" in line) == (0, True)


def test_ci_runs_it_after_the_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines.index("make test") < lines.index("make audit")
