"""Build the files of a release in dist/, check them, and try them: `make release`.

Everything is built from the last commit, twice, in two folders: the files must be the same byte for byte. `requirements.txt`
pins the wheel and its dependencies by hash, for pip's hash-checking mode. Both are then installed in an empty environment, where
the demo runs outside of the repository.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

from scimconf.version import __version__

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
SBOM = "sbom.cdx.json"
REQUIREMENTS = "requirements.txt"
EXTRAS = ("blob", "keyvault", "rehearsal")
"""What the CI recipes in ci/ and a rehearsal in CI need."""


class ReleaseError(Exception):
    """What prevents a release."""


def main() -> int:
    try:
        release()
    except ReleaseError as error:
        print(f"No release: {error}", file=sys.stderr)
        return 1
    return 0


def release() -> None:
    """Build, check and try the files of a release; raise ReleaseError with what is wrong."""
    if not is_documented((ROOT / "CHANGELOG.md").read_text("utf-8")):
        raise ReleaseError(f"CHANGELOG.md does not begin with {__version__}: run `make changelog`")
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        built = reproducible_files(Path(folder))
        for file in built:
            shutil.copy(file, DIST)
    run([sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(DIST.iterdir()))])
    check_content(wheel())
    (DIST / REQUIREMENTS).write_text(requirements(wheel(), pinned_dependencies()), "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        python = installed(Path(folder) / "venv")
        write_sbom(python)
        run_demo(python, Path(folder))
    write_checksums()
    print(*(f"dist/{path.name}" for path in sorted(DIST.iterdir())), sep="\n")


def is_documented(changelog: str) -> bool:
    """Return whether the first version in the changelog is that of the package."""
    headings = [line for line in changelog.splitlines() if line.startswith("## ")]
    return headings[:1] == [f"## {__version__}"]


def reproducible_files(folder: Path) -> list[Path]:
    """Return wheel and sdist of the last commit; raise ReleaseError if two builds of it differ."""
    first, second = (sorted(build(folder / name)) for name in ("first", "second"))
    different = [path.name for path, other in zip(first, second, strict=True) if digest(path) != digest(other)]
    if different:
        raise ReleaseError(f"two builds differ: {', '.join(different)}")
    return first


def build(folder: Path) -> list[Path]:
    """Export the last commit to a folder, and return the wheel and the sdist that are built there."""
    folder.mkdir()
    archive = folder.parent / f"{folder.name}.tar"
    git("archive", "--output", str(archive), "HEAD")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    environ = os.environ | {"SOURCE_DATE_EPOCH": git("log", "-1", "--format=%ct")}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist")]
    run(command, cwd=folder, env=environ)
    return list((folder / "dist").iterdir())


def check_content(path: Path) -> None:
    """Raise ReleaseError if the wheel lacks a file of the package, or has one that the repository has not."""
    tracked = {name for name in git("ls-files", "scimconf").splitlines() if Path(name).name != ".gitignore"}
    packed = {name for name in zipfile.ZipFile(path).namelist() if name.startswith("scimconf/")}
    if tracked != packed:
        raise ReleaseError(f"the wheel differs from the repository: {', '.join(sorted(tracked ^ packed))}")


def pinned_dependencies() -> str:
    """Return a line with version and hashes for each dependency, for all platforms and versions of Python.

    The versions are those of constraints.txt; uv reads the hashes from the package index, which UV_INDEX_URL may name.
    """
    options = ["--universal", "--generate-hashes", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    pins = ["--constraint", str(ROOT / "constraints.txt"), str(ROOT / "pyproject.toml")]
    return run([sys.executable, "-m", "uv", "pip", "compile", *options, *extras, *pins])


def requirements(path: Path, dependencies: str) -> str:
    """Return the text of a requirements file that pins a wheel of this version and its dependencies by hash.

    pip looks for the wheel in the package index, and in the folder of the file.
    """
    head = f"# scimconf {__version__} and its dependencies. Install it in a virtual environment:"
    how = f"# python -m pip install --require-hashes --only-binary :all: --requirement {REQUIREMENTS}"
    return (
        f"{head}\n{how}\n--find-links .\nscimconf=={__version__} \\\n    --hash=sha256:{digest(path)}\n{dependencies}"
    )


def installed(folder: Path) -> Path:
    """Return the interpreter of a new environment that has the wheel and its pinned dependencies.

    The hashes are verified as in the CI recipes; what only the demo needs is added.
    """
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pinned = ["--constraint", str(ROOT / "constraints.txt"), f"{wheel()}[{','.join(EXTRAS)}]"]
    install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    verified = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(DIST / REQUIREMENTS)]
    run([*install, *verified])
    run([*install, *pinned])
    return python


def write_sbom(python: Path) -> None:
    """Write a software bill of materials of the environment, in the format CycloneDX."""
    options = [
        "--output-reproducible",
        "--of",
        "JSON",
        "-o",
        str(DIST / SBOM),
        "--pyproject",
        str(ROOT / "pyproject.toml"),
    ]
    run([sys.executable, "-m", "cyclonedx_py", "environment", *options, str(python)])


def run_demo(python: Path, folder: Path) -> None:
    """Run the demo with the installed wheel, from a copy of the examples outside of the repository."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    run([str(python), str(folder / "examples" / "demo.py")], cwd=folder)


def write_checksums() -> None:
    """Write SHA256SUMS, which `sha256sum --check` reads."""
    lines = [f"{digest(path)}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(lines), "utf-8")


def wheel() -> Path:
    """Return the wheel in dist/."""
    return next(DIST.glob("*.whl"))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(*arguments: str) -> str:
    """Return what Git prints in the repository, without the last line end."""
    result = subprocess.run(["git", *arguments], cwd=ROOT, text=True, capture_output=True, check=True)
    return result.stdout.rstrip("\n")


def run(command: Sequence[str], cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a command and return its stdout; raise ReleaseError with its output if it fails."""
    result = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    if result.returncode:
        raise ReleaseError(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
