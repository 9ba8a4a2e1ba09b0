"""``make audit``: known vulnerabilities of the locked packages. Fails on findings; without data to compare with, it says so and passes."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE_S = 240


def audit(command: list[str], patience_s: float = PATIENCE_S) -> tuple[int, str]:
    """The status to end with, and the line to say. ``command`` writes pip-audit's JSON."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        return 0, "audit: no data; the service that knows of vulnerabilities did not answer in time"
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, f"audit: no data; {(ran.stderr.strip().splitlines() or ['nothing was said'])[-1][:200]}"
    found = [f"  {each['name']} {each['version']}: {bug['id']}" for each in packages for bug in each.get("vulns", ())]
    if found:
        return 1, "audit: known vulnerabilities\n" + "\n".join(found)
    return 0, f"audit: none known in {len(packages)} packages"


def main() -> int:
    given = ["--requirement", str(ROOT / "requirements.lock"), "--require-hashes", "--disable-pip", "--no-deps"]
    command = [sys.executable, "-m", "pip_audit", *given, "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    status, line = audit(command)
    print(line)
    return status


if __name__ == "__main__":
    sys.exit(main())
