"""`python -m scimconf`."""

from scimconf.cli.main import entry

if __name__ == "__main__":
    entry()
