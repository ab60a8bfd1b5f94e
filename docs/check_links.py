"""Look whether every link within the built site leads somewhere.

Call it by ``python docs/check_links.py build/site``. Sphinx warns of references that it makes; this
looks at what a browser is given: pages, anchors in them, pictures, styles and scripts. Links to
other sites need a network: ``sphinx-build -b linkcheck docs build/links``.
"""

import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = {"", "top"}
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note where a tag leads, and what it can be found by."""
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value or "")
            elif name in ("href", "src") and value:
                self.links.append(value)


@cache
def read(file: Path) -> Page:
    """Return what a page links to."""
    return Page(file)


def pages(site: Path) -> list[Path]:
    """Return the pages of a site, without the theme's own files."""
    return sorted(file for file in site.rglob("*.html") if "_static" not in file.parts)


def broken(site: Path) -> Iterator[str]:
    """Yield each link of a site that leads nowhere."""
    for file in pages(site):
        for link in read(file).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            where = f"{file.relative_to(site)}: {link}"
            if not target.is_file():
                yield f"{where}: no such file"
            elif target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors:
                yield f"{where}: no such anchor"


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    found = sorted(set(broken(folder)))
    print("\n".join([*found, f"{len(pages(folder))} pages, {len(found)} broken links"]))
    sys.exit(bool(found))
