"""Check the installed packages: their licences, and known vulnerabilities in the pinned versions. `make audit`.

Vulnerabilities are looked up in a public database. Where it cannot be reached, this check is skipped with a message.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = ("Apache", "BSD", "ISC", "MIT", "MPL", "Mozilla", "PSF", "Python", "Unlicense", "Zope")
"""Parts of the names of licences that allow the use in a program under the Apache License. None is copyleft for a user."""


def main() -> int:
    """Run both checks; skip them with a message where their tools are not installed."""
    if not find_spec("piplicenses") or not find_spec("pip_audit"):
        print("Licences and vulnerabilities: skipped, pip-licenses or pip-audit is not installed.")
        return 0
    return max(check_licences(), check_vulnerabilities())


def check_licences() -> int:
    """Return 1 if a package has another licence, and print its name."""
    command = [
        sys.executable,
        "-m",
        "piplicenses",
        "--from=mixed",
        "--partial-match",
        f"--allow-only={';'.join(ALLOWED)}",
    ]
    result = subprocess.run(command, text=True, capture_output=True, check=False)
    print("Licences: " + ("all are allowed." if result.returncode == 0 else result.stderr.strip()))
    return min(result.returncode, 1)


def check_vulnerabilities() -> int:
    """Return 1 if a pinned version has a known vulnerability, and print it; 0 if the database cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = [
            "--requirement",
            str(ROOT / "constraints.txt"),
            "--no-deps",
            "--disable-pip",
            "--progress-spinner=off",
        ]
        command = [sys.executable, "-m", "pip_audit", *options, "--format=json", f"--output={report}"]
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(report.read_text("utf-8"))["dependencies"] if report.exists() else []
    text, code = judged(found)
    print(f"Vulnerabilities: {text}")
    return code


def judged(dependencies: list[dict]) -> tuple[str, int]:
    """Return the message about an audit, and the exit code."""
    audited = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    if not audited:
        return "skipped, the database cannot be reached.", 0
    lines = [
        f"{dependency['name']} {dependency['version']}: {vulnerability['id']}, fixed in {', '.join(vulnerability['fix_versions']) or 'no version'}"
        for dependency in audited
        for vulnerability in dependency["vulns"]
    ]
    skipped = len(dependencies) - len(audited)
    rest = f" {skipped} of them could not be looked up." if skipped else ""
    return ("\n".join(lines) if lines else f"none in {len(dependencies)} packages.{rest}"), bool(lines)


if __name__ == "__main__":
    sys.exit(main())
