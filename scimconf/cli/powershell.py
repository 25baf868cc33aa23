"""Completion for PowerShell: the script, and the words that it passes.

PowerShell completes the name of a file itself where a native completer returns nothing.
"""

from __future__ import annotations

import json
import os
from typing import ClassVar

from click.shell_completion import CompletionItem, ShellComplete

SCRIPT = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim('"', "'") })
    $env:COMP_WORDS = ConvertTo-Json -Compress -InputObject $words
    $env:COMP_CWORD = $wordToComplete.Trim('"', "'")
    $env:%(complete_var)s = 'powershell_complete'
    try {
        %(prog_name)s | Where-Object { $_ } | ForEach-Object {
            $value, $help = $_ -split "`t", 2
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    } finally {
        $env:COMP_WORDS = $env:COMP_CWORD = $env:%(complete_var)s = $null
    }
}
"""


class PowerShellComplete(ShellComplete):
    """The words arrive as a JSON list: a path of Windows has backslashes, which no shell splitting would keep."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words after the name of the program, and the one that is completed."""
        words = json.loads(os.environ.get("COMP_WORDS") or "[]")
        return [str(word) for word in words[1:]], os.environ.get("COMP_CWORD", "")

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line `value TAB help`; a tooltip in PowerShell is never empty."""
        return f"{item.value}\t{item.help or item.value}"

    def complete(self) -> str:
        """Return the lines of all completions; files are left to PowerShell."""
        items = self.get_completions(*self.get_completion_args())
        return "\n".join(self.format_completion(item) for item in items if item.type == "plain")
