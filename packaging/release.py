"""Make a release: ``python packaging/release.py 0.2.0``; see docs/releasing.md.

Everything is checked first; then the number is written wherever it stands, committed and tagged,
and the archives are built.
"""

import argparse
import datetime
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# where the number stands, and around what
PLACES = {
    "pyproject.toml": r'^(version = ")(.*)(")$',
    "CITATION.cff": r"^(version: )(.*)()$",
    "codemeta.json": r'^(  "version": ")(.*)(",)$',
    "packaging/conda/meta.yaml": r'^(\{% set version = ")(.*)(" %\})$',
    "packaging/spack/package.py": r'^(    pypi = "distsim/distsim-)(.*)(\.tar\.gz")$',
}
CITED_ON = r"^(date-released: )(.*)()$"


def write_number(root: Path, number: str, day: datetime.date) -> None:
    """Write a release's number and day wherever they stand.

    Parameters
    ----------
    root : Path
        Of the checkout.
    number : str
    day : date

    Raises
    ------
    ValueError
        If a place is not as it should be; nothing is written then.
    """
    texts = {name: (root / name).read_text() for name in (*PLACES, "CHANGELOG.md")}
    for name, pattern in PLACES.items():
        texts[name] = _replaced(name, texts[name], pattern, number)
    texts["CITATION.cff"] = _dated(texts["CITATION.cff"], day)
    head, news = rf"^(## {re.escape(number)} \()(unreleased)(\))$", "CHANGELOG.md"
    texts[news] = _replaced(news, texts[news], head, day.isoformat())
    for name, text in texts.items():
        (root / name).write_text(text)


def _replaced(name: str, text: str, pattern: str, value: str) -> str:
    new, n = re.subn(pattern, rf"\g<1>{value}\g<3>", text, flags=re.MULTILINE)
    if n != 1:
        raise ValueError(f"{name}: expected one line like {pattern}, found {n}")
    return new


def _dated(citation: str, day: datetime.date) -> str:
    """Return a citation with the day of the release, behind its number."""
    citation = re.sub(CITED_ON + r"\n", "", citation, flags=re.MULTILINE)
    return re.sub(r"^(version: .*)$", rf"\1\ndate-released: {day}", citation, flags=re.MULTILINE)


def main() -> None:
    """Make the release of which the number is given."""
    parser = argparse.ArgumentParser(description="Make a release.")
    parser.add_argument("number", help="as in 0.2.0; CHANGELOG.md has '## 0.2.0 (unreleased)'")
    number = parser.parse_args().number
    if not re.fullmatch(r"\d+\.\d+\.\d+", number):
        sys.exit(f"'{number}' is no number of a release; give one like 0.2.0")
    if _said("git", "status", "--porcelain"):
        sys.exit("there are changes that are not committed; commit or stash them")
    if _said("git", "branch", "--show-current") != "main":
        sys.exit("releases are made of main: `git switch main`")
    _do(".ci/run")
    write_number(ROOT, number, datetime.date.today())
    _do("git", "commit", "--all", "--message", f"Release {number}")
    _do("git", "tag", "--annotate", f"v{number}", "--message", f"distsim {number}")
    _do(sys.executable, "-m", "build", "--outdir", "dist")
    print(f"made v{number} and dist/; `git push --follow-tags` has it published")


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _do(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
