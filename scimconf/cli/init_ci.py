"""The CI recipe for specs that exist: which paths it plans, and where the paths are written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from scimconf.spec.loaded import ENDING, MAIN

SKIPPED = frozenset({"node_modules", "venv"})
"""Folders without specs, beside those whose names begin with a dot."""
PLACES: Mapping[str, str] = MappingProxyType(
    {
        "github": "gh variable set SCIMCONF_PATHS --body '{paths}'",
        "gitlab": 'under `variables:` of .gitlab-ci.yml: SCIMCONF_PATHS: "{paths}"',
        "azure-devops": 'under `parameters:` of the pipeline that extends the recipe: paths: "{paths}"',
    }
)
"""How the paths are set for each forge."""


def spec_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders at and below `folder` that have specs, relative to it, in order."""
    folders_with_specs: list[Path] = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        if any(name == MAIN or name.endswith(ENDING) for name in names):
            folders_with_specs.append(Path(path).relative_to(folder))
    return tuple(sorted(folders_with_specs))


def spec_paths(folders: Sequence[Path]) -> str:
    """Return the paths to plan, separated by spaces: each folder, or `apps/*` for several folders inside of `apps`."""
    by_parent: dict[Path, list[Path]] = {}
    for folder in folders:
        by_parent.setdefault(folder.parent, []).append(folder)
    paths: list[str] = []
    for parent, inner in by_parent.items():
        is_shared = len(inner) > 1 and parent != Path()
        paths += [(parent / "*").as_posix()] if is_shared else [path.as_posix() for path in inner]
    return " ".join(paths)


def paths_advice(ci: str, folder: Path, root: Path) -> str:
    """Return the lines that say which paths the recipe for specs below `folder` has; `root` is the repository's."""
    base = folder.resolve().relative_to(root.resolve())
    paths = spec_paths([base / path for path in spec_folders(folder)])
    return f"The specs that exist stay as they are. Let the recipe plan them:\n  {PLACES[ci].format(paths=paths)}"
