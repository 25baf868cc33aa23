"""Build the documentation site from the pages of the repository, and check every link in it.

`python tests/tools/build_site.py [--version NAME]` writes build/site/html/NAME, an entry for it in versions.json, and a page that
leads to the newest version. Pages outside docs/ get a place in the site, and files that a page links become pages that
show them.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from scimconf.version import __version__

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "site"
CONFIG = ROOT / "docs" / "site" / "mkdocs.yml"
ROOT_PAGES: Mapping[str, str] = MappingProxyType(
    {
        "README.md": "index.md",
        "ARCHITECTURE.md": "project/architecture.md",
        "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
        "CHANGELOG.md": "project/changelog.md",
        "CONTRIBUTING.md": "project/contributing.md",
        "SECURITY.md": "project/security.md",
    }
)
"""Pages outside docs/, and their places in the site."""
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {".css": "css", ".json": "json", ".py": "python", ".sh": "sh", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml"}
)
_LINK = re.compile(r"""(!?\[[^\]]*\]\(|<(?:img|source)[^>]* src(?:set)?=")([^)\s"]+)([)"])""")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_REDIRECT = (
    '<!doctype html><meta charset="utf-8"><title>scimconf</title><meta http-equiv="refresh" content="0; url={0}/">\n'
)


class SiteError(Exception):
    """Links that lead nowhere; each line of the message names one."""


def place_of(path: str) -> str:
    """Return the path in the site of a file of the repository, or of the page that shows it."""
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    if path.startswith("docs/"):
        place = path.removeprefix("docs/")
        return f"{place}/README.md" if (ROOT / path).is_dir() else place
    return f"files/{path}/index.md" if (ROOT / path).is_dir() else f"files/{path}.md"


class Pages:
    """The pages of the site, as they are written to the source folder; `linked` are the files that pages link."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._linked: set[str] = set()
        self.dead: list[str] = []

    def write_all(self) -> None:
        """Write the pages of the repository, then pages for the files that they link, and so on."""
        written = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*")) if path.is_file()]
        for path in [*written, *ROOT_PAGES]:
            self._write(path)
        done: set[str] = set()
        while remaining := sorted(self._linked - done):
            done.update(remaining)
            for path in remaining:
                self._write_file_page(path)

    def _write(self, path: str) -> None:
        target = self._source / place_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".md"):
            target.write_text(self._rewritten(path, (ROOT / path).read_text("utf-8")), "utf-8")
        else:
            shutil.copyfile(ROOT / path, target)

    def _rewritten(self, path: str, text: str) -> str:
        """Return the text with the links outside of code blocks leading to places in the site."""
        parts = _FENCE.split(text)
        for index in range(0, len(parts), 2):
            parts[index] = _LINK.sub(lambda match: match[1] + self._link(path, match[2]) + match[3], parts[index])
        return "".join(parts)

    def _link(self, page: str, link: str) -> str:
        url = urlsplit(link)
        if url.scheme or url.netloc or not url.path:
            return link
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(url.path)))
        if not (ROOT / target).exists() or target.startswith(".."):
            self.dead.append(f"{page}: {link}")
            return link
        if target not in ROOT_PAGES and not target.startswith("docs/"):
            self._linked.add(target)
        relative = posixpath.relpath(place_of(target), posixpath.dirname(place_of(page)))
        return relative + (f"#{url.fragment}" if url.fragment else "")

    def _write_file_page(self, path: str) -> None:
        """Write a page that shows a file, or lists the files of a folder."""
        target = self._source / place_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            entries = sorted(str(file.relative_to(ROOT)) for file in (ROOT / path).rglob("*") if file.is_file())
            lines = [f"* [{entry}]({posixpath.relpath(entry, path)})" for entry in entries]
            target.write_text(self._rewritten(f"{path}/index.md", "\n".join([f"# {path}", "", *lines, ""])), "utf-8")
        elif path.endswith(".md"):
            target.write_text(self._rewritten(path, (ROOT / path).read_text("utf-8")), "utf-8")
        else:
            content = (ROOT / path).read_text("utf-8")
            fence = "`" * (max(map(len, re.findall("`+", content)), default=2) + 1)
            fence = max(fence, "```", key=len)
            language = LANGUAGES.get(PurePosixPath(path).suffix, "text")
            target.write_text(f"# {path}\n\n{fence}{language}\n{content.rstrip()}\n{fence}\n", "utf-8")


class _Anchors(HTMLParser):
    """The ids of a page, and the links and sources in it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"id", "name"} and value:
                self.ids.add(value)
            elif name in {"href", "src"} and value:
                self.links.append(value)


def dead_links(folder: Path) -> Iterator[str]:
    """Yield each link and source in the HTML of a folder that leads to no file in it, or to no id of its page."""
    pages = {path: _parsed(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme in {"data", "javascript", "mailto"} or path.name == "404.html":
                continue
            name = path.relative_to(folder)
            if url.scheme or url.netloc:
                if not link.startswith("https://"):
                    yield f"{name}: {link} is not encrypted"
                continue
            target = _target(path, url.path)
            fragment = unquote(url.fragment)
            if not target.exists() or (fragment and target in pages and fragment not in pages[target].ids):
                yield f"{name}: {link}"


def _parsed(path: Path) -> _Anchors:
    page = _Anchors()
    page.feed(path.read_text("utf-8"))
    return page


def _target(page: Path, path: str) -> Path:
    if not path:
        return page
    target = Path(os.path.normpath(page.parent / unquote(path)))
    return target / "index.html" if target.is_dir() else target


def build(version: str) -> Path:
    """Build one version of the site, and return its folder; raise SiteError for links that lead nowhere."""
    source = BUILD / "source"
    shutil.rmtree(source, ignore_errors=True)
    pages = Pages(source / "docs")
    pages.write_all()
    if pages.dead:
        raise SiteError("\n".join(pages.dead))
    shutil.copyfile(CONFIG, source / "mkdocs.yml")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", str(source / "mkdocs.yml")]
    built = subprocess.run(command, cwd=source, text=True, capture_output=True, check=False)
    if built.returncode:
        raise SiteError(f"{built.stdout}{built.stderr}".partition("Traceback")[0].rstrip())
    if dead := list(dead_links(source / "html")):
        raise SiteError("\n".join(dead))
    return _publish(source / "html", version)


def _publish(built: Path, version: str) -> Path:
    """Move a built version to its place, list it for the version menu, and lead the start page to it."""
    html = BUILD / "html"
    target = html / version
    shutil.rmtree(target, ignore_errors=True)
    html.mkdir(parents=True, exist_ok=True)
    shutil.move(built, target)
    names = sorted((path.name for path in html.iterdir() if path.is_dir()), reverse=True)
    listed = [{"version": name, "title": name, "aliases": []} for name in names]
    (html / "versions.json").write_text(json.dumps(listed, indent=1) + "\n", "utf-8")
    (html / "index.html").write_text(_REDIRECT.format(version), "utf-8")
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default=__version__, help="the name of the version (default: that of the package)")
    try:
        print(build(parser.parse_args().version).relative_to(ROOT) / "index.html")
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
