"""Search everything that people read for the worst patterns of unnatural English.

List what is left in a path: `python tests/test_prose.py dbt_heap/cli macros`
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The paths that have to be clean. Add a path as soon as it is.
COVERED = (
    "README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks", "docs",
    "tests/test_docs.py", "tests/test_site.py", "tests/test_tutorial.py",
    "dbt_heap", "tests/sandbox",
    "macros", "models", "dbt_project.yml", "integration_tests/macros",
)  # fmt: skip
NOT_PROSE = {"tests/test_prose.py"}

# A pattern and what to write instead. Patterns ignore case and see a paragraph as one line.
PATTERNS = {
    r"\b(?:stands?|stood)\b(?!-| in for| out| is )": "is, are, was",
    r"\b(?:bears?|bore)\b": "has",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\btold\b|\btells? of\b": "report, say",
    r"\bwhom\b": "who, that",
    r"\bfates?\b": "outcome",
    r"\bat work\b|\bunder way\b": "running, in progress, in flight",
    r"\bbec(?:omes?|ame) of\b": "happens to",
    r"\b(?:is|are|was|were) said to\b": "is, are",
    r"\b(?:no|some|any|every)body\b": "no one, someone, anyone, everyone",
    r"\bno more\b(?! than| \w+s\b)": "no longer",
    r"\bof (?:dbt|Heap|Hightouch|Census|Postgres|Spark|ours)(?: Cloud)?'s(?! [\w`])": "Heap's, dbt's",
    r"(?<![\w,] )\b(?-i:Where) [^.?!:|]+, ": "If, When",
    r", so that\b": ", so",
    r"\b(?:rows?|events?|requests?|users?|records?|keys?|properties|entry|entries|lines?|statements?|files?) "
    r"an? (?:second(?! time)|minute|hour|day|user|request|account|event|key)\b": "per",
    r"\bone (?:row|line|statement|object|record|request|entry) an? ": "per",
    r"(?:^|[.!?:;] )(?-i:Of) (?:an?|the|all|users|accounts|events|those|each|every|models|people|rows)\b": "For",
    r"(?:^|[.!?] )(?-i:Who)(?:ever)? [^.?!]+, (?:is|has|gets)\b": "a subject first",
    r"\bguilty\b": "bad record",
    r"\bpatience\b": "retries, waiting",
    r"\b(?:ledger|horizon)\b": "state, sent-up-to mark",
    r"\bfold(?:s|ed|ing)?\b": "merge",
    r"\b(?:all is|ends?|ended|built) well\b": "success, succeeds",
    r"\bin good order\b": "cleanly",
    r"\bto be had\b": "available",
    r"\bbeside\b": "next to, with",
    r"\b(?:holds?|held) [^.]{0,60}\bagainst\b": "compare with, validate against",
    r"\bgo(?:es)? on\b": "continue",
    r"\banew\b|\bafresh\b": "again",
    r"\btag(?:s|ged)? (?:an?|the|one|your|his)? ?(?:dbt )?models?\b": "declare a sync on a model",
    r"\b(?:the house|the rooms|twins?)\b": "package, module, duplicate",
    r"\bthis is none\b|\bthere is no such key\b": "is not, unknown",
    r"\bwhere(?:by|in|upon)\b|\bthere(?:of|upon)\b|\bhereby\b": "plain words",
    r"\b(?:is|are) to (?:be|go|have|reach|send|read|delete)\b": "will, must, should",
}


def findings(path: Path) -> Iterator[str]:
    """Yield a line for each match in a file: where, what, and what to write instead."""
    for line, text in prose(path):
        flat = " ".join(re.sub(r"`+[^`]*`+", "`", text).split())
        for pattern, instead in PATTERNS.items():
            for match in re.finditer(pattern, flat, re.IGNORECASE):
                yield f"{path.relative_to(ROOT)}:{line}: {match[0].strip()!r}: write: {instead}"


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the parts of a file that people read, each with its line."""
    readers = {".md": markdown, ".py": python, ".sql": sql, ".yml": plain, ".html": plain, ".toml": comments}
    if reader := readers.get(path.suffix):
        yield from reader(path.read_text(encoding="utf-8"))


def markdown(text: str) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, table rows and headings, without code blocks and the targets of links."""
    fenced = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
    text = fenced.sub(lambda block: "\n" * block[0].count("\n"), text)
    yield from paragraphs(re.sub(r"\]\([^)]*\)", "]", text))


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield runs of lines; a table row, a list item and a heading are runs of their own."""
    start = 0
    run: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if run and (not line.strip() or re.match(r" *(?:[-*|#] ?|\d+\. )", line)):
            yield start, " ".join(run)
            run = []
        if line.strip():
            start = start if run else number
            run.append(line.strip(" |#-*"))


def python(text: str) -> Iterator[tuple[int, str]]:
    """Yield string literals, docstrings and runs of comments."""
    tokens = [
        token for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type != tokenize.NL and token.string.strip()
    ]  # fmt: skip
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for kind, run in groupby(tokens, key=lambda token: token.type):
        if kind in kinds:
            found = list(run)
            strip = "# " if kind == tokenize.COMMENT else "rbfRBF\"'"
            text = " ".join(token.string.strip(strip) for token in found)
            if " " in text:  # a single word is a value, not prose
                yield found[0].start[0], text


SQL = re.compile(r"""\{#(.*?)#\}|'([^'\n]* [^'\n]* [^'\n]*)'|"([^"\n]* [^"\n]* [^"\n]*)\"""", re.DOTALL)


def sql(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments, and texts of several words."""
    for found in SQL.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, next(group for group in found.groups() if group is not None)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments that begin with #."""
    for number, line in enumerate(text.splitlines(), 1):
        if "#" in line:
            yield number, line.partition("#")[2]


def plain(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line."""
    yield from enumerate(text.splitlines(), 1)


def files(path: Path) -> list[Path]:
    """Return the files in a path that people read."""
    found = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return [each for each in found if each.relative_to(ROOT).as_posix() not in NOT_PROSE]


@pytest.mark.parametrize("name", COVERED)
def test_prose_has_none_of_the_worst_patterns(name: str) -> None:
    assert "\n".join(each for file in files(ROOT / name) for each in findings(file)) == ""


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "# A page\n\nEvery row\nhas one fate. `fate` is code.\n\n```\nfate\n```\n"),
        (".py", '"""Every row has one fate."""\n\nfate = 1\n'),
        (".py", "x = 1\n# Every row\n# has one fate.\n"),
        (".sql", "{# Every row has\n   one fate. #}\nselect fate from t\n"),
    ],
)
def test_each_kind_of_file_is_searched_for_prose_alone(tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"page{suffix}"
    file.write_text(text)
    assert [" ".join(found.split()).count("fate") for _, found in prose(file) if "one fate" in " ".join(found.split())]
    assert sum("fate" in re.sub(r"`[^`]*`", "", found) for _, found in prose(file)) == 1


if __name__ == "__main__":
    for name in sys.argv[1:] or COVERED:
        for file in files((ROOT / name).resolve()):
            for found in findings(file):
                print(found)
