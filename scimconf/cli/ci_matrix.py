"""`scimconf ci-matrix`: print the job matrix of a CI system, so that many specs run on many runners."""

from __future__ import annotations

import json
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.diagnostics import DiagnosticsError, ScimconfError
from scimconf.workflow.ci_matrix import MAX_JOBS, CiSystem, matrix_document, matrix_jobs, smallest_chunk


@click.command("ci-matrix", short_help="Print the job matrix of a CI system for many specs.")
@options.paths
@options.variables
@click.option(
    "--system",
    type=click.Choice(["github", "gitlab", "azure-devops"]),
    required=True,
    help="The CI system whose matrix is printed.",
)
@click.option(
    "--chunk", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Run N specs in each job."
)
def command(system: CiSystem, chunk: int, **params: Any) -> int:
    """Print the job matrix of a CI system as JSON, with one job for each spec or chunk. Does not connect to a tenant.

    No job has specs of two tenants. PATHS are spec files, or folders with scimconf.yaml and *.scimconf.yaml (default:
    the current folder).

    \b
        scimconf ci-matrix --system github apps/*
        scimconf ci-matrix --system gitlab --chunk 50 apps/*
    """
    specs, diagnostics = options.find_specs(options.from_click(options.CommonOptions, params))
    errors = [*diagnostics, *(diagnostic for spec in specs for diagnostic in spec.diagnostics if diagnostic.is_error)]
    if errors:
        raise DiagnosticsError(errors)
    jobs = matrix_jobs(specs, chunk)
    limit = MAX_JOBS.get(system)
    if limit is not None and len(jobs) > limit:
        message = f"{len(specs):,} specs are {len(jobs):,} jobs, but a matrix of {system} has at most {limit}"
        raise ScimconfError(f"{message}. Write --chunk {smallest_chunk(specs, limit)}")
    click.echo(json.dumps(matrix_document(jobs, system)))
    return ExitCode.OK
