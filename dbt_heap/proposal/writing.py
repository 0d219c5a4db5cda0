"""A proposal as YAML to paste, each guess with its reason beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbt_heap.errors import printable
from dbt_heap.proposal.evidence import Found
from dbt_heap.proposal.nouns import Guess, Proposal
from dbt_heap.scalars import scalar

_KEYS = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}


def as_yaml(found: Found, proposal: Proposal, notes: Sequence[str]) -> str:
    """The whole text: what it is, notes, and the block at its place in the file."""
    where, head = _head(found)
    lines = [
        f"# Guessed by dbt-heap from names, types and tests, for {found.model.name}: each guess says why.",
        f"# Read it, mend it, put it into {where}, then run: dbt parse && dbt-heap check",
        *(f"# {note}" for note in notes),
        *head,
    ]
    margin = " " * (len(head[-1]) - len(head[-1].lstrip()) + 2)
    lines += [margin + line for line in (*_keys(proposal), *_properties(proposal), *_alternative(found, proposal))]
    return "".join(f"{printable(line)}\n" for line in lines)


def _head(found: Found) -> tuple[str, list[str]]:
    """The file to paste into, and the keys above the block there."""
    model, name = found.model, scalar(found.model.name)
    if found.foreign:  # no YAML file here can speak of a package's models, dbt_project.yml can
        key = "sources" if model.resource_type == "source" else _KEYS[model.resource_type]
        steps = [key, *map(scalar, found.fqn), "+meta", "heap"]
        return "dbt_project.yml", [f"{'  ' * depth}{step}:" for depth, step in enumerate(steps)]
    below = ["config:", "  meta:", "    heap:"]
    if model.resource_type == "source":
        outer = ["sources:", f"  - name: {scalar(model.source)}", "    tables:", f"      - name: {name}"]
    elif model.version is not None:
        version = scalar(model.version) if isinstance(model.version, str) else str(model.version)
        outer = ["models:", f"  - name: {name}", "    versions:", f"      - v: {version}"]
    else:
        outer = [f"{_KEYS[model.resource_type]}:", f"  - name: {name}"]
    margin = " " * (outer[-1].index("- ") + 2)
    is_yaml = model.file.endswith((".yml", ".yaml"))
    return model.file if is_yaml else "a YAML file beside it", outer + [margin + each for each in below]


def _keys(proposal: Proposal) -> Iterator[str]:
    for guess in proposal.keys:
        if guess.value is None:
            yield f"# {guess.key}:  # missing: {guess.why}"
        else:
            yield f"{guess.key}: {_value(guess)}  # guess: {guess.why}"


def _value(guess: Guess) -> str:
    if isinstance(guess.value, tuple) and len(guess.value) > 1:
        return f"[{', '.join(map(scalar, guess.value))}]"
    return scalar(guess.value if isinstance(guess.value, str) else "".join(guess.value or ()))


def _properties(proposal: Proposal) -> Iterator[str]:
    if any(not each.doubt for each in proposal.properties):
        yield "properties:  # guess: all other columns, under names for people"
    for each in proposal.properties:
        pair = f"{scalar(each.name)}: {scalar(each.column)}"
        yield f"  # {pair}  # left out: {each.doubt}" if each.doubt else f"  {pair}"
    for column, why in proposal.left_out.items():
        yield f"  # {scalar(column)} is left out: {why}"


def _alternative(found: Found, proposal: Proposal) -> Iterator[str]:
    """The short form, where the YAML lists all that is sent and something has to be left out."""
    listed = {column.name.casefold() for column in found.model.columns}
    sent = [each for each in proposal.properties if not each.doubt]
    excepted = [each.column for each in proposal.properties if each.doubt and each.column.casefold() in listed]
    if sent and excepted and all(each.column.casefold() in listed for each in sent):
        yield "# Or all listed columns under their own names, but these:"
        yield '# properties: "*"'
        yield f"# except: [{', '.join(map(scalar, excepted))}]"
