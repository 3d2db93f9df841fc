"""Which names things may have."""

import re
import unicodedata
from dataclasses import dataclass

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

RESERVED = frozenset({".", "..", "latest", "health"})


@dataclass(frozen=True, slots=True)
class NameRule:
    """The rule for the names of one noun.

    Attributes:
        noun: What is named.
        pattern: The whole name must match it.
        words: The rule in words, for the error message.
        reserved: Words that nothing of this noun is called, since addresses use them.
    """

    noun: str
    pattern: re.Pattern[str]
    words: str
    reserved: frozenset[str] = RESERVED

    def check(self, name: str) -> str:
        """Return `name` in Unicode form NFC.

        Raises:
            InvalidError: `InvalidName`, quoting the rule.
        """
        normal = unicodedata.normalize("NFC", name)
        if normal.lower() in self.reserved or not self.pattern.fullmatch(normal):
            article = "An" if self.noun[0] in "aeiou" else "A"
            raise InvalidError(
                "InvalidName",
                f"The {self.noun} name {shown(name)} is not allowed.",
                target="name",
                hint=f"{article} {self.noun} name {self.words}.",
            )
        return normal


# Lengths and alphabets follow the limits that Azure ML documents for each resource; where Azure
# rejects long names for no reason of ours (experiments over 36), the limit is what paths allow.
_WORD = "has 1 to {} letters, digits, `_`, `-` or `.`, and begins with a letter, digit or `_`"


def _word_rule(noun: str, length: int) -> NameRule:
    return NameRule(
        noun, re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.\-]{{0,{length - 1}}}"), _WORD.format(length)
    )


WORKSPACE = _word_rule("workspace", 64)
EXPERIMENT = _word_rule("experiment", 255)
RUN = _word_rule("run", 255)
MODEL = _word_rule("model", 255)
ENVIRONMENT = _word_rule("environment", 255)
VERSION = _word_rule("version", 64)
ENDPOINT = NameRule(
    "endpoint",
    re.compile(r"[A-Za-z][A-Za-z0-9\-]{1,30}[A-Za-z0-9]"),
    "has 3 to 32 letters, digits or `-`, begins with a letter and does not end with `-`",
)
# Besides control characters: half characters, and those that turn the direction of writing, with
# which a name can be made to look like another one.
_ODD = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
METRIC = NameRule(
    "metric",
    re.compile(rf"(?!(?:.*/)?\.\.?(?:/|$))[^{_ODD}]{{1,255}}"),
    "has 1 to 255 characters, no control character, and no part that is `.` or `..`",
    reserved=frozenset(),
)
TAG = NameRule(
    "tag",
    re.compile(rf"[^{_ODD}]{{1,255}}"),
    "has 1 to 255 characters, none of them a control character",
    reserved=frozenset(),
)
SCOPE = NameRule(
    "subscription or resource group",
    re.compile(rf"[^{_ODD}/\\]{{1,90}}"),
    "has 1 to 90 characters, none of them a slash or a control character",
)
