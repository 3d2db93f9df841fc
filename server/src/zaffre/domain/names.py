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

    @staticmethod
    def normal(name: str) -> str:
        """Return `name` as things of that name are stored."""
        return unicodedata.normalize("NFC", name)

    def check(self, name: str) -> str:
        """Return `name` in Unicode form NFC.

        Raises:
            InvalidError: `InvalidName`, quoting the rule.
        """
        normal = self.normal(name)
        if normal.lower() in self.reserved or not self.pattern.fullmatch(normal):
            article = "An" if self.noun[0] in "aeiou" else "A"
            raise InvalidError(
                "InvalidName",
                f"The {self.noun} name {shown(name)} is not allowed.",
                target="name",
                hint=f"{article} {self.noun} name {self.words}.",
            )
        return normal


# Lengths and alphabets follow the limits that Azure ML documents for each resource; experiments
# have the names that MLflow takes, which are nearly any.
_WORD = "has 1 to {} letters, digits, `_`, `-` or `.`, and begins with a letter, digit or `_`"


def _word_rule(noun: str, length: int) -> NameRule:
    return NameRule(
        noun, re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.\-]{{0,{length - 1}}}"), _WORD.format(length)
    )


WORKSPACE = _word_rule("workspace", 64)
RUN = _word_rule("run", 255)
ENVIRONMENT = _word_rule("environment", 255)
VERSION = _word_rule("version", 64)
LABEL = _word_rule("label", 64)
ENDPOINT = NameRule(
    "endpoint",
    re.compile(r"[A-Za-z][A-Za-z0-9\-]{1,30}[A-Za-z0-9]"),
    "has 3 to 32 letters, digits or `-`, begins with a letter and does not end with `-`",
)
DATASTORE = NameRule(
    "datastore",
    re.compile(r"[A-Za-z0-9_]{1,255}"),
    "has 1 to 255 letters, digits or `_`; cases do not matter",
    reserved=frozenset(),
)
COMPUTE = NameRule(
    "compute target",
    re.compile(r"[A-Za-z][A-Za-z0-9_\-]{1,63}"),
    "has 2 to 64 letters, digits, `-` or `_`, and begins with a letter; `local` is this machine",
    reserved=RESERVED | {"local"},
)
SECRET = NameRule(
    "secret",
    re.compile(r"[A-Za-z0-9\-]{1,127}"),
    "has 1 to 127 letters, digits or `-`",
    reserved=frozenset(),
)
# Besides control characters: half characters, and those that turn the direction of writing, with
# which a name can be made to look like another one.
_ODD = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
# A version of a model or dataset is `name:version`, and its files lie in a folder of that name.
MODEL = NameRule(
    "model",
    re.compile(rf"(?! )[^{_ODD}/:\\?#%]{{1,255}}(?<![ .])"),
    "has 1 to 255 characters, none of them `/`, `:`, `?`, `#`, `%`, a backslash or a control "
    "character, does not begin with a space and does not end with a space or a dot",
)
DATASET = NameRule("dataset", MODEL.pattern, MODEL.words)
ALIAS = NameRule(
    "alias",
    re.compile(r"(?![vV][0-9]+\Z)[A-Za-z0-9_\-]{1,255}"),
    "has 1 to 255 letters, digits, `_` or `-`, and is neither `latest` nor like `v1`",
    reserved=frozenset({"latest"}),
)
LOGGED_MODEL = NameRule(
    "logged model",
    re.compile(rf"[^{_ODD}/:.%\"']{{1,255}}"),
    "has 1 to 255 characters, none of them `/`, `:`, `.`, `%`, a quote or a control character",
    reserved=frozenset(),
)
METRIC = NameRule(
    "metric",
    re.compile(rf"(?!(?:.*/)?\.\.?(?:/|$))[^{_ODD}]{{1,255}}"),
    "has 1 to 255 characters, no control character, and no part that is `.` or `..`",
    reserved=frozenset(),
)
PARAM = NameRule("param", METRIC.pattern, METRIC.words, reserved=frozenset())
EXPERIMENT = NameRule(
    "experiment",
    re.compile(rf"[^{_ODD}]{{1,500}}"),
    "has 1 to 500 characters, none of them a control character, and is neither `.` nor `..`",
    reserved=frozenset({".", ".."}),
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
