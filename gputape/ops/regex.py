"""tf.strings.regex_replace and regex_full_match: RE2's patterns, matched by Python's `re`.

RE2 and `re` agree on most of a pattern. Where they do not, `translated` writes what RE2 means in Python's words: `$` and
`\\z` are the end of the text only, `\\s` has no vertical tab, `\\d \\w \\s \\b` are ASCII, `\\pN` and `\\p{Lu}` are
Unicode categories, `[[:alpha:]]` is a class, `(?i)` holds from where it stands to the end of its group. What RE2 does
not have (looking around, references to groups) is refused, as RE2 refuses it.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, UnimplementedError
from ..op import public
from ..ragged.dispatch import FLAT
from .strings import _bytes, per_string, text

POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t\ ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": r"\ -~", "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r\ ", "upper": "A-Z", "word": r"0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
PERL = {"d": "0-9", "s": r"\t\n\f\r\ ", "w": "0-9A-Za-z_"}
ESCAPES = {"a": r"\x07", "f": r"\x0c", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\x0b"}
LAST = chr(sys.maxunicode)


def _spans(letters: list[str]) -> str:
    """Sorted characters as ranges of a character class."""
    ranges: list[list[int]] = []
    for code in map(ord, letters):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges)


def _others(letters: list[str]) -> list[str]:
    known = set(letters)
    return [c for c in map(chr, range(sys.maxunicode + 1)) if c not in known]


@functools.cache
def category(name: str, inverse: bool) -> str:
    """The characters of a Unicode category such as "L" or "Lu" (or all others) as ranges of a character class."""
    if len(name) > 2:
        raise UnimplementedError(
            f"regex: \\p{{{name}}} names a script; here only categories such as \\p{{L}} and \\p{{Lu}} are known"
        )
    matched = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c).startswith(name)]
    if not matched:
        raise InvalidArgumentError(f"regex: invalid character class range: \\p{{{name}}}")
    return _spans(_others(matched) if inverse else matched)


def _complement(inside: str) -> str:
    """The characters that an ASCII class does not hold."""
    matched = re.compile(f"[{inside}]")
    kept = [c for c in map(chr, range(128)) if not matched.match(c)]
    return _spans(kept) + f"\\x80-{LAST}"


class _Reader:
    """Goes through a pattern of RE2 and writes it for `re`."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0

    def bad(self, why: str) -> InvalidArgumentError:
        return InvalidArgumentError(f"Invalid pattern: {self.pattern}, error: {why}")

    def more(self) -> bool:
        return self.at < len(self.pattern)

    def starts(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self) -> str:
        if not self.more():
            raise self.bad("it ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def until(self, end: str) -> str:
        stop = self.pattern.find(end, self.at)
        if stop < 0:
            raise self.bad(f"missing {end}")
        found, self.at = self.pattern[self.at : stop], stop + len(end)
        return found

    def group(self, depth: int, multiline: bool) -> str:
        """Up to the parenthesis that closes the group, or to the end of the pattern at depth 0."""
        made, closing = "", ""
        while self.more():
            c = self.take()
            if c == ")":
                if not depth:
                    raise self.bad("unexpected ): " + self.pattern)
                return made + closing + ")"
            if c == "(":
                opened, flags = self.opening()
                if flags is None:
                    made += opened + self.group(depth + 1, multiline)
                    continue
                multiline = ("m" in flags[0] or multiline) and "m" not in flags[1]
                scope = flags[2]
                told = "".join(f for f in flags[0] if f in "ims") + "".join(
                    "-" * (k == 0) + f for k, f in enumerate([f for f in flags[1] if f in "ims"])
                )
                if scope:
                    made += f"(?{told}:" + self.group(depth + 1, multiline)
                elif told:
                    made, closing = made + f"(?{told}:", closing + ")"
            elif c == "[":
                made += self.character_class()
            elif c == "\\":
                made += self.escape()
            elif c == "$":
                made += "$" if multiline else r"\Z"
            else:
                made += c
        if depth:
            raise self.bad(f"missing ): {self.pattern}")
        return made + closing

    def opening(self) -> tuple[str, tuple[str, str, bool] | None]:
        """What opens a group; or flags switched on and off, and whether they hold for a group of their own."""
        if not self.starts("?"):
            return "(", None
        self.take()
        if self.starts("P<") or self.starts("<"):
            if self.starts("<=") or self.starts("<!"):
                raise self.bad("invalid perl operator: (?<")
            return f"(?P<{self.until('>').lstrip('P<')}>", None
        flags = re.compile(r"([imsU]*)(?:-([imsU]*))?([:)])").match(self.pattern, self.at)
        if not flags:
            raise self.bad(f"invalid perl operator: (?{self.pattern[self.at : self.at + 1]}")
        self.at = flags.end()
        if "U" in flags[1] + (flags[2] or ""):
            raise UnimplementedError("regex: the flag U (ungreedy) is not supported: write `*?` for `*`")
        if flags[3] == ":" and not flags[1] and not flags[2]:
            return "(?:", None
        return "", (flags[1], flags[2] or "", flags[3] == ":")

    def escape(self) -> str:
        c = self.take()
        if c == "Q":
            stop = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at : stop if stop >= 0 else len(self.pattern)]
            self.at = stop + 2 if stop >= 0 else len(self.pattern)
            return re.escape(quoted)
        if c in "AbB":
            return "\\" + c
        if c == "z":
            return r"\Z"
        if c == "C":
            raise UnimplementedError(r"regex: \C (a single byte) is not supported")
        if c.isdigit() and c != "0":
            raise self.bad(f"invalid escape sequence: \\{c}")
        inside = self.escaped(c)
        return f"[{inside}]" if c in "dswDSWpP" else inside

    def escaped(self, c: str) -> str:
        """An escape as it stands in a character class of `re`."""
        if c in PERL:
            return PERL[c]
        if c.lower() in PERL:
            return _complement(PERL[c.lower()])
        if c in "pP":
            name = self.take()
            name = self.until("}") if name == "{" else name
            negated = name.startswith("^")
            return category(name.removeprefix("^"), (c == "P") != negated)
        if c == "x":
            digits = self.until("}") if self.starts("{") else self.take() + self.take()
            return f"\\U{int(digits.lstrip('{'), 16):08x}"
        if c.isdigit():
            octal = c
            while self.more() and len(octal) < 3 and self.pattern[self.at] in "01234567":
                octal += self.take()
            return f"\\U{int(octal, 8):08x}"
        if c in ESCAPES:
            return ESCAPES[c]
        if c.isalpha():
            raise self.bad(f"invalid escape sequence: \\{c}")
        return "\\" + c

    def character_class(self) -> str:
        inside = "[^" if self.starts("^") else "["
        self.at += len(inside) - 1
        first = True
        while True:
            if not self.more():
                raise self.bad(f"missing ]: {self.pattern}")
            if self.starts("[:"):
                self.at += 2
                name = self.until(":]")
                known = POSIX.get(name.removeprefix("^"))
                if known is None:
                    raise self.bad(f"invalid character class range: [:{name}:]")
                inside += _complement(known) if name.startswith("^") else known
            else:
                c = self.take()
                if c == "]" and not first:
                    return inside + "]"
                inside += self.escaped(self.take()) if c == "\\" else "\\" + c if c in "[]&~|^ " else c
            first = False


@functools.lru_cache(256)
def translated(pattern: bytes) -> Any:
    """The compiled pattern; bytes that are no UTF-8 match as single characters. InvalidArgumentError if it is bad."""
    source = pattern.decode(errors="surrogateescape")
    try:
        return re.compile(_Reader(source).group(0, False))
    except re.error as error:
        raise InvalidArgumentError(f"Invalid pattern: {source}, error: {error}") from None


def _rewritten(rewrite: str) -> list[Any]:
    """The rewrite as texts and numbers of groups."""
    parts: list[Any] = []
    for piece in re.findall(r"\\.|\\$|[^\\]+", rewrite, re.DOTALL):
        if piece[0] != "\\":
            parts.append(piece)
        elif piece[1:].isdigit():
            parts.append(int(piece[1:]))
        elif piece[1:] == "\\":
            parts.append("\\")
        else:
            raise InvalidArgumentError(
                f"regex_replace: rewrite {rewrite!r}: after a backslash comes a digit or a backslash"
            )
    return parts


def replaced(value: bytes, pattern: Any, parts: list[Any], everywhere: bool) -> bytes:
    """The string with its matches rewritten, as RE2's GlobalReplace does: an empty match may not touch the one before."""
    source = value.decode(errors="surrogateescape")
    made: list[str] = []
    end = 0
    for match in pattern.finditer(source):
        if match.start() == match.end() == end and end > 0 and made:
            continue
        made += [source[end : match.start()], *[match[p] or "" if type(p) is int else p for p in parts]]
        end = match.end()
        if not everywhere:
            break
    return ("".join(made) + source[end:]).encode(errors="surrogateescape") if made else value


@public
def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    r"""Each string with what matches `pattern` (RE2's syntax) replaced by `rewrite`; `\1` is the first group, `\0` all.

    replace_global: False replaces the first match only. InvalidArgumentError for a bad pattern.

    >>> import gputape as tf
    >>> tf.strings.regex_replace("Text with <b>tags</b>.", "<[^>]+>", "").numpy()
    b'Text with tags.'
    """
    compiled, parts = translated(_bytes(pattern)), _rewritten(_bytes(rewrite).decode(errors="surrogateescape"))
    if any(p > compiled.groups for p in parts if type(p) is int):
        return text(input, "regex_replace")
    return per_string(text(input, "regex_replace"), make=lambda v: replaced(v, compiled, parts, bool(replace_global)))


@public
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether `pattern` (RE2's syntax) matches the whole of each string, a bool tensor.

    >>> import gputape as tf
    >>> tf.strings.regex_full_match(["TF lib", "lib TF"], ".*lib$").numpy()
    array([ True, False])
    """
    match = translated(_bytes(pattern)).fullmatch
    return per_string(
        text(input, "regex_full_match"),
        make=lambda v: match(v.decode(errors="surrogateescape")) is not None,
        dtype=np.dtype(bool),
    )


FLAT |= {"regex_full_match", "regex_replace"}
NAMES = {"tf.strings.regex_full_match": regex_full_match, "tf.strings.regex_replace": regex_replace}
