"""`--history`: where the history is, for the commands that write and read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import MappingProxyType

import click

from scimconf.cli.options import CommonOptions
from scimconf.cli.session import storage_credential
from scimconf.cli.streams import masked
from scimconf.workflow.history import HistoryStore
from scimconf.workflow.history_place import is_address, open_store
from scimconf.workflow.pauses import PauseReader

WORKING_FOLDER = "scimconf.yaml"
"""A spec in the working folder: for a command without a spec, its repository has the history."""
Stores = Callable[[str], HistoryStore]
"""Returns the history of a spec's file."""


def _mask_signature(context: click.Context, _parameter: click.Parameter, history: str) -> str:
    """Return the option; its signature is masked in everything that is printed from now on."""
    if is_address(history):
        from scimconf.graph.blob_storage import blob_address
        from scimconf.graph.secret_masking import SecretMask

        mask = SecretMask()
        for signature in blob_address(history).signatures:
            mask.add(signature)
        context.ensure_object(ExitStack).enter_context(masked(mask.mask_text))
    return history


history = click.option(
    "--history",
    envvar="SCIMCONF_HISTORY",
    default="",
    callback=_mask_signature,
    metavar="DIR|URL",
    help="Folder of the history, or URL of an Azure Blob container. Default: .scimconf/history at the root of the"
    " spec's repository. Set a URL with a signature in the environment variable SCIMCONF_HISTORY, not here.",
)


def pauses(
    place: str,
    common: CommonOptions,
    paths: Mapping[str, str] = MappingProxyType({}),
    sign_in: Mapping[str, str] = MappingProxyType({}),
) -> PauseReader:
    """Return what says who paused applications; `paths` are files of specs by name, others have the history of this folder."""
    opened = stores(place, common, sign_in)
    folder = opened(WORKING_FOLDER)
    known = {name: opened(path) for name, path in paths.items()}
    return PauseReader(lambda spec: known.get(spec, folder))


def stores(place: str, common: CommonOptions, sign_in: Mapping[str, str] = MappingProxyType({})) -> Stores:
    """Return a function that opens the history of a spec; the sign-in is that of the command."""
    return lambda spec: open_store(place, spec, storage_credential(common, sign_in))
