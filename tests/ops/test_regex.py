"""Patterns of RE2, matched by Python's `re`: where the two differ."""

import re

import pytest

import gputape as tf
from gputape.ops import regex as family
from tests.ops.declared import declared
from tests.ops.test_strings import Bad


def replaced(string, pattern, rewrite="x", **options):
    return tf.strings.regex_replace(string, pattern, rewrite, **options).numpy().decode()


def test_both_are_here():
    assert declared(family) == {"regex_full_match", "regex_replace"}


@pytest.mark.parametrize(
    "string, pattern, expected",
    [
        ("a\n", "$", "a\nx"),  # the end of the text, not the line before it
        ("a\nb", "(?m)^", "xa\nxb"),
        ("é1٣", r"\d", "éx٣"),  # ASCII only
        ("a\x0bb", r"\s", "a\x0bb"),
        ("Éa1", r"\p{Lu}", "xa1"),
        ("Éa1", r"\PL", "Éax"),
        ("Éa1", r"[^\pL]", "Éax"),
        ("a]b", "[]]", "axb"),
        ("aé", "[[:alpha:]]", "xé"),
        ("aé.", "[[:^alnum:]]", "axx"),
        ("aBb", "(?i:b)", "axx"),
        ("bBb", "b(?i)b", "xb"),
        ("a.b", r"\Q.\E", "axb"),
        ("axxb", "x*", "xaxbx"),  # no empty match beside the one before it
        ("tab\t", r"\t|\x62", "taxx"),
        ("a-b", r"[a\-]", "xxb"),
        ("ab", r"(?P<one>a)(?:b)", "x"),
    ],
)
def test_what_re2_means(string, pattern, expected):
    assert replaced(string, pattern) == expected


def test_rewrites():
    assert replaced("ab", "(a)(b)", r"\2\1\0\\") == "baab\\"
    assert replaced("aaa", "a", "b", replace_global=False) == "baa"
    assert replaced("abc", "b", r"\1") == "abc"  # no such group: nothing changes
    assert tf.strings.regex_replace([b"\xffa"], "a", "b").numpy().tolist() == [b"\xffb"]


def test_full_match():
    assert tf.strings.regex_full_match([["ab"], ["abc"]], "a|ab").numpy().tolist() == [[True], [False]]


@pytest.mark.parametrize(
    "pattern, text",
    [
        ("(", "missing )"),
        ("a)", "unexpected )"),
        ("(?=a)", "(?="),
        ("(?<!a)", "(?<"),
        (r"(a)\1", r"\1"),
        ("[a", "missing ]"),
    ],
)
def test_bad_patterns(pattern, text):
    with pytest.raises(Bad, match=re.escape(text)):
        replaced("a", pattern)


def test_what_is_not_supported_says_so():
    for pattern in (r"\p{Han}", "(?U)a*", r"\C"):
        with pytest.raises(NotImplementedError):
            replaced("a", pattern)
    with pytest.raises(Bad, match="backslash"):
        replaced("a", "a", r"\q")
