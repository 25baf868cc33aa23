"""`--hypothesis-profile=long` tries many more specs; `make test-long` does."""

from hypothesis import settings

settings.register_profile("long", deadline=None)
