"""Turn the equations of models' records, lines of text, into LaTeX.

A record says its equations as one would type them: ``dv/dt = (v_rest - v) / tau_m``. What stands
side by side is a product; ``/`` divides all of the product before it by the factor after it. A line
may say something in words, too: ``where v >= v_thresh: a spike; v = v_reset for tau_refrac``; then
what is a name of the model, a number or an expression of these is set as mathematics.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

GREEK = ("alpha", "gamma", "eta", "lambda", "mu", "rho", "tau")
SPECIAL = {"delta": r"\Delta", "gbar": r"\bar{g}", **{name: rf"\{name}" for name in GREEK}}
RELATIONS = {"=": "=", "+=": r"\mathrel{+}=", "-=": r"\mathrel{-}=", ">=": r"\ge"}
# letters of an equation that does not fit into a line of a page
LONG = 60
SIGNS = tuple(RELATIONS.values())
# what every model may speak of
COMMON = ("dt", "e", "i_injected", "tau_psc", "w")
TOKEN = re.compile(
    r"\s*(d[a-zA-Z_]\w*/dt|\d+\.?\d*|[A-Za-z_]\w*\(|[A-Za-z_]\w*|\+=|-=|>=|[-+=/^()]|\S)"
)
# what ends a clause: these where no parenthesis is open
ENDS = (",", ";", ":")


class NotMathematicsError(ValueError):
    """A text is no expression."""


class Piece(NamedTuple):
    """A piece of a line, in words or in LaTeX."""

    text: str
    is_mathematics: bool


def latex(equations: Iterable[str], names: Iterable[str]) -> str:
    """Return Markdown: lines that begin with an equation as displays, others as a list.

    Parameters
    ----------
    equations : iterable of str
        A line that begins with a space, or `and`, goes on with the one before.
    names : iterable of str
        Parameters and variables of the model.
    """
    lines: list[str] = []
    for line in equations:
        if line.startswith((" ", "and ")):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    known = known_names(lines, names)
    parts: list[str] = []
    rows: list[str] = []
    for line in lines:
        pieces = [_pieces(clause, known) for clause in clauses(line)]
        if is_equation(pieces[0]):
            rows += _rows(pieces)
            continue
        parts += _display(rows)
        rows = []
        words = (
            f"${text}$" if is_maths else text for clause in pieces for text, is_maths in clause
        )
        parts.append(f"- {''.join(words)}")
    parts += _display(rows)
    return "\n".join(parts).strip("\n")


def known_names(lines: Sequence[str], names: Iterable[str]) -> set[str]:
    """Return all names that can be in equations: the model's, and those that these define."""
    text = "\n".join(lines)
    known = {*COMMON, *names, *re.findall(r"\bd([a-zA-Z]\w*)/dt", text)}
    known |= set(re.findall(r"(?:^|[,;:] )(\w+) [-+]?=", text, re.MULTILINE))
    for arguments in re.findall(r"\b\w+\(([\w, ]+)\) =", text):
        known |= set(arguments.split(", "))
    # what there are several of
    numbered = set(re.findall(r"\b\w+_k\b", text))
    return known | numbered | ({"k"} if numbered else set())


def _display(rows: Sequence[str]) -> list[str]:
    if not rows:
        return []
    body = " \\\\\n".join(rows)
    return [f"\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"]


def is_equation(pieces: Sequence[Piece]) -> bool:
    """Return whether a clause begins with an equation."""
    return pieces[0].is_mathematics and any(f" {sign} " in pieces[0].text for sign in SIGNS)


def _rows(clauses: Iterable[Sequence[Piece]]) -> list[str]:
    """Return a row for each equation, which stand below each other at their first `=`."""
    rows: list[str] = []
    for pieces in clauses:
        if is_equation(pieces) or not rows:
            rows.append("")
        rows[-1] += "".join(text if maths else rf"\text{{{text}}}" for text, maths in pieces)
    aligned = (re.sub(r" (=|\\mathrel|\\ge)", r" &\1", row, count=1) for row in rows)
    return [_broken(row.removesuffix(r"\text{, }")) for row in aligned]


def _broken(row: str) -> str:
    """Return a row, as two if it is long, the second beginning with a sign."""
    visible = re.sub(r"\\[a-z]+|[{}_^ ]", "", row)
    outer, depth = [], 0
    for match in re.finditer(r"\{|\}|\\left|\\right| [-+] ", row):
        depth += {"{": 1, r"\left": 1, "}": -1, r"\right": -1}.get(match[0], 0)
        if depth == 0 and match[0] in (" + ", " - ") and row[match.start() - 1] != "=":
            outer.append(match.start())
    if len(visible) < LONG or not outer:
        return row
    place = min(outer, key=lambda start: abs(start - 0.6 * len(row)))
    return f"{row[:place]} \\\\\n&\\quad{row[place:]}"


def clauses(line: str) -> list[str]:
    """Return the clauses of a line, each with what separates it from the next."""
    found, depth, first = [], 0, 0
    for k, letter in enumerate(line):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and letter in ENDS and line[k + 1 : k + 2] == " ":
            found.append(line[first : k + 2])
            first = k + 2
    return [*found, line[first:]]


def _pieces(clause: str, known: set[str]) -> list[Piece]:
    """Return the pieces of a clause."""
    text = clause.rstrip(" ,;:")
    words, first = text.split(" "), 0
    pieces: list[Piece] = []
    while first < len(words):
        # the longest run of words that is an expression; an article is none
        for last in range(len(words), first, -1):
            run = " ".join(words[first:last])
            if run == "a" or not re.search(r"\w", run):
                continue
            try:
                pieces.append(Piece(expression(run, known), True))
            except NotMathematicsError:
                continue
            first = last
            break
        else:
            pieces.append(Piece(words[first], False))
            first += 1
        pieces.append(Piece(" ", False))
    pieces[-1] = Piece(clause[len(text) :], False)
    return _joined(pieces)


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces, of which no two that follow each other are words."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and not joined[-1].is_mathematics and not piece.is_mathematics:
            joined[-1] = Piece(joined[-1].text + piece.text, False)
        elif piece.text:
            joined.append(piece)
    return joined


def expression(text: str, known: set[str]) -> str:
    """Return an expression, or equations of such, in LaTeX.

    Parameters
    ----------
    text : str
    known : set of str
        All names that it may have.

    Raises
    ------
    NotMathematicsError
    """
    tokens = TOKEN.findall(text)
    rest = _Reader(tokens, known)
    parts = [rest.sum()]
    while rest.next in RELATIONS:
        parts += [RELATIONS[rest.take()], rest.sum()]
    if rest.next:
        raise NotMathematicsError(text)
    return " ".join(parts)


class _Reader:
    """Tokens of an expression, and how far they are read."""

    def __init__(self, tokens: Sequence[str], known: set[str]) -> None:
        self.tokens, self.known, self.place = tokens, known, 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def sum(self) -> str:
        parts = [self.take()] if self.next in ("+", "-") else []
        parts.append(self.product())
        while self.next in ("+", "-"):
            parts += [self.take(), self.product()]
        return " ".join(parts)

    def product(self) -> str:
        factors = [self.factor()]
        while self.next and self.next not in ("+", "-", ")", *RELATIONS, *ENDS):
            if self.next == "/":
                self.take()
                above, below = r" \, ".join(factors), self.factor()
                factors = [rf"\frac{{{_bare(above)}}}{{{_bare(below)}}}"]
            else:
                factors.append(self.factor())
        return r" \, ".join(factors)

    def factor(self) -> str:
        token = self.take() if self.next else ""
        if token == "(":
            inner = self.sum()
            if self.next != ")":
                raise NotMathematicsError(inner)
            self.take()
            base = rf"\left({inner}\right)"
        elif token.endswith("("):
            base = self.function(token[:-1])
        elif re.fullmatch(r"\d.*", token):
            base = token
        elif re.fullmatch(r"d\w+/dt", token):
            base = rf"\frac{{\mathrm{{d}}{symbol(token[1:-3])}}}{{\mathrm{{d}}t}}"
        elif token in self.known:
            base = symbol(token)
        else:
            raise NotMathematicsError(token)
        if self.next == "^":
            self.take()
            return f"{base}^{{{self.factor()}}}"
        return base

    def function(self, name: str) -> str:
        inside = [self.sum()]
        while self.next == ",":
            self.take()
            inside.append(self.sum())
        if self.next != ")":
            raise NotMathematicsError(name)
        self.take()
        sign = r"\exp" if name == "exp" else symbol(name)
        return rf"{sign}\left({', '.join(inside)}\right)"


def _bare(text: str) -> str:
    """Return what is in one pair of parentheses around all of a text, without it."""
    left, right = r"\left(", r"\right)"
    if not (text.startswith(left) and text.endswith(right)):
        return text
    inner, depth = text[len(left) : -len(right)], 0
    for sign in re.findall(r"\\left\(|\\right\)", inner):
        depth += 1 if sign == left else -1
        if depth < 0:
            return text
    return inner


def symbol(name: str) -> str:
    """Return a name in LaTeX: what follows the first `_` as index."""
    base, *index = name.split("_")
    base, digits = base.rstrip("0123456789"), base[len(base.rstrip("0123456789")) :]
    for prefix, letter in (("isyn", "i"), ("gsyn", "g")):
        if base == prefix:
            base, index = letter, ["syn", *index]
    if base == "cm":
        base, index = "c", ["m", *index]
    below = ",".join(_upright(part) for part in [*([digits] if digits else []), *index])
    letter = base if len(base) == 1 else _upright(base)
    return f"{letter}_{{{below}}}" if below else letter


def _upright(text: str) -> str:
    """Return a part of a name: Greek letters as such, words in upright letters."""
    if text in SPECIAL:
        return SPECIAL[text]
    return text if text == "k" or text.isdigit() else rf"\mathrm{{{text}}}"
