"""The secrets that tests use, and the watch for them in everything that the product writes."""

from canary.values import MARK, TOKEN, secret
from canary.watch import WATCH

__all__ = ["MARK", "TOKEN", "WATCH", "secret"]
