"""Divide specs among the jobs of a CI system: one job each, or chunks of several specs of one tenant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal

from scimconf.diagnostics import ScimconfError
from scimconf.spec.loaded import Loaded

CiSystem = Literal["github", "gitlab", "azure-devops"]

MAX_JOBS: Mapping[CiSystem, int] = MappingProxyType({"github": 256, "gitlab": 200})
"""How many jobs a matrix may have. GitHub: documentation of `jobs.<job_id>.strategy.matrix`; GitLab: `parallel:matrix`.
Azure DevOps documents no limit."""

_MAX_NAME = 100
"""The length of a matrix configuration's name in Azure DevOps, which allows letters, digits and underscores."""


@dataclass(frozen=True, slots=True)
class MatrixJob:
    """One job: its name, the tenant of its specs, and their files."""

    name: str
    tenant: str
    paths: tuple[str, ...]


def matrix_jobs(specs: Sequence[Loaded], chunk: int = 1) -> list[MatrixJob]:
    """Return the jobs for specs without errors, in the order of tenant and name; no job has specs of two tenants.

    The name of a job is that of its only spec if `chunk` is 1, with the tenant if two tenants have it, otherwise the
    tenant and a number. Raise ScimconfError for
    a file whose path contains a space: scripts of CI systems divide a list of paths at spaces.
    """
    for spec in specs:
        if re.search(r"\s", spec.paths[0]):
            message = f'"{spec.paths[0]}" contains a space, at which scripts of CI systems divide a list of paths'
            raise ScimconfError(message, "Rename the file or the folder.")
    rows = sorted((spec.spec.tenant or "", spec.spec.name, spec.paths[0]) for spec in specs if spec.spec is not None)
    jobs = [job for tenant, own in groupby(rows, key=lambda row: row[0]) for job in _jobs(tenant, list(own), chunk)]
    times = Counter(job.name for job in jobs)
    return [replace(job, name=f"{job.name}-{job.tenant}") if times[job.name] > 1 else job for job in jobs]


def smallest_chunk(specs: Sequence[Loaded], limit: int) -> int:
    """Return the smallest chunk with which there are at most `limit` jobs, or the number of specs if there is none."""
    sizes = range(1, len(specs))
    return next((chunk for chunk in sizes if len(matrix_jobs(specs, chunk)) <= limit), len(specs))


def _jobs(tenant: str, rows: Sequence[tuple[str, str, str]], chunk: int) -> list[MatrixJob]:
    chunks = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
    digits = len(str(len(chunks)))
    return [
        MatrixJob(
            own[0][1] if chunk == 1 else f"{tenant or 'specs'}-{number:0{digits}}",
            tenant,
            tuple(path for _, _, path in own),
        )
        for number, own in enumerate(chunks, 1)
    ]


def matrix_document(jobs: Sequence[MatrixJob], system: CiSystem) -> Any:
    """Return the matrix of a CI system as JSON.

    GitHub: the value of `strategy.matrix`. GitLab: the value of `parallel.matrix`. Azure DevOps: the value of
    `strategy.matrix`, a mapping of names.
    """
    if system == "github":
        return {"include": [{"name": job.name, "tenant": job.tenant, "paths": " ".join(job.paths)} for job in jobs]}
    variables = [
        {"SCIMCONF_NAME": job.name, "SCIMCONF_TENANT": job.tenant, "SCIMCONF_PATHS": " ".join(job.paths)}
        for job in jobs
    ]
    if system == "gitlab":
        return variables
    return {
        _configuration_name(number, job.name): row
        for number, (job, row) in enumerate(zip(jobs, variables, strict=True), 1)
    }


def _configuration_name(number: int, name: str) -> str:
    """Return a unique name that begins with a letter, of the characters that Azure DevOps allows."""
    return f"job{number}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"[:_MAX_NAME]
