"""The values of secrets in tests: each contains the mark that the watch looks for."""

MARK = "Kanarie7QzV"
"""Letters and digits, which no format escapes."""


def secret(words: str = "token") -> str:
    """Return a secret that the sandbox accepts, unless a word in it is `wrong` or `rejected`."""
    return f"{words}-{MARK}"


TOKEN = secret()
