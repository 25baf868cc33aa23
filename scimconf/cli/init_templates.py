"""The presets of `scimconf init`: each file of `presets/` has the values of a spec, and comments by dotted path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from scimconf.render.yaml import CommentNotes, write_spec

SCHEMA = ".scimconf/spec.schema.json"
HEAD = f"""\
yaml-language-server: $schema={SCHEMA}
$schema: {SCHEMA}

What this file does not mention is not managed.

  scimconf validate    checks this file, offline
  scimconf plan        shows what would change, writes nothing
  scimconf apply       shows the plan, asks, applies it
"""
"""The first line is read by the YAML language server (VS Code, Neovim, Helix, Emacs, Zed …), the second by JetBrains."""
PRESETS = ("blank", "writer")


@dataclass(frozen=True, slots=True)
class Answers:
    """The values of a new spec; "" if they were skipped."""

    name: str
    display_name: str
    tenant: str = ""
    base_address: str = ""

    @property
    def token(self) -> str:
        """The environment variable of the secret token."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII).upper()
        return f"{'' if name[:1].isalpha() else 'APP_'}{name}_SCIM_TOKEN"


def read_preset(name: str) -> dict[str, Any]:
    """Return `name`, `display_name` and `base_address` as defaults of the prompts, `spec`, and both kinds of comments."""
    preset: dict[str, Any] = json.loads((files("scimconf.cli") / "presets" / f"{name}.json").read_text("utf-8"))
    return preset


def spec_text(preset: dict[str, Any], answers: Answers) -> str:
    """Return the text of the preset's spec with the answers; a comment stands for an answer that was skipped."""
    tree, above, beside = preset["spec"], preset["comments_above"], preset["comments_beside"]
    tree["name"] = answers.name
    tree["application"]["display_name"] = answers.display_name
    tree["connection"]["secret_token"] = {"env": answers.token}
    if answers.tenant:
        tree["tenant"] = answers.tenant
    else:
        above["application"] = "tenant: contoso.com\nWith it, apply refuses to run in any other tenant.\n"
    if answers.base_address:
        tree["connection"]["base_address"] = answers.base_address
    else:
        token_comment = above["connection.secret_token"]
        above["connection.secret_token"] = f"base_address: https://app.example.com/scim\n{token_comment}"
    return write_spec(tree, CommentNotes(HEAD, _by_path(above), _by_path(beside)))


def _by_path(comments: dict[str, str]) -> dict[tuple[str | int, ...], str]:
    return {tuple(path.split(".")): comment for path, comment in comments.items()}
