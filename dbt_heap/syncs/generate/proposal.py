"""From a model's columns to a proposed block. Nothing is read here, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbt_heap.errors import printable
from dbt_heap.project.files import scalar
from dbt_heap.project.heap_vars import MAIN
from dbt_heap.syncs.generate import roles, vocabulary
from dbt_heap.syncs.generate.model import Column, Found, Guess, Proposal, Subject
from dbt_heap.syncs.generate.roles import properties
from dbt_heap.syncs.sync import SyncType

EVENTS, USERS, ACCOUNTS = SyncType.EVENTS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES
_IS_HEAPS = "it must hold what your product gives to `heap.identify`"


def propose(subject: Subject, asked: SyncType | None = None) -> Proposal:
    """What `meta.heap` of a model may be; of the type that is asked for, if any."""
    sync_type, why = (asked, "as asked for") if asked else _type(subject)
    keys = [*_name(subject), Guess("type", str(sync_type), why), *_environment(subject)]
    if sync_type is EVENTS:
        keys += _event(subject)
    elif sync_type is USERS:
        keys.append(_identity(subject, roles.identity(subject), one_row="user"))
    else:
        keys.append(_account(subject))
    used = {name for guess in keys for name in _columns(guess)}
    environment = next((str(guess.value) for guess in keys if guess.key == "environment"), _default(subject))
    mapped, left_out = properties(subject, sync_type, environment, used)
    speaking = any(column.speaks for column in subject.columns)
    if sync_type is not EVENTS and not speaking and all(each.doubt for each in mapped):
        keys.append(Guess("properties", None, "no column is left to be sent"))
    return Proposal(sync_type, tuple(keys), mapped, left_out)


def _type(subject: Subject) -> tuple[SyncType, str]:
    """What the rows are to Heap, and why."""
    identity, account, time = roles.identity(subject), roles.account(subject), roles.time(subject)
    key = roles.own_key(subject, (identity, account))
    happens = f"rows have a time, {time.name}" if time else ""
    if subject.snapshot:
        return EVENTS, "a row of a snapshot is a change"
    if account and (identity is None or (account.unique and not identity.unique)) and not (time and key):
        return ACCOUNTS, f"{account.name} {'is the only id' if identity is None else 'is unique, as dbt says'}"
    if identity and identity.unique:
        return USERS, f"dbt says that {identity.name} is unique: a row is a user"
    if time and key:
        return EVENTS, f"{happens}, and a key other than whom they are about, {' and '.join(_columns(key))}"
    return USERS, "nothing speaks for events: there is no time, or no key beside whom the rows are about"


def _event(subject: Subject) -> Iterator[Guess]:
    identity, sdk_id = roles.identity(subject), roles.sdk_id(subject)
    if identity is None and sdk_id is not None:
        yield Guess("heap_user_id", sdk_id.name, "its name: the id of Heap's own SDK")
    else:
        yield _identity(subject, identity)
    if (named := roles.event_name(subject)) is not None:
        yield Guess("event_name_column", named.name, "its name")
    else:
        what = vocabulary.nice(vocabulary.subject(subject.name))
        yield Guess("event_name", what, "the model's name: say what happened instead, such as Order Completed")
    if (time := roles.time(subject)) is not None:
        yield Guess("timestamp", time.name, f"its name{_of_class(time)}")
    yield _unique_key(subject, identity)
    if (column := roles.json_properties(subject)) is not None:
        yield Guess("properties_column", column.name, "it holds JSON, whose keys become properties")


def _unique_key(subject: Subject, identity: Column | None) -> Guess:
    if key := roles.own_key(subject, (identity, roles.account(subject))):
        return key
    if identity and identity.unique:
        return Guess("unique_key", identity.name, "dbt says that it is unique: one event a user")
    return Guess("unique_key", None, "no column looks like one that no two events share: name it, or several")


def _identity(subject: Subject, column: Column | None, one_row: str = "") -> Guess:
    if column is None:
        emails = [each.name for each in subject.columns if vocabulary.EMAIL.fullmatch(vocabulary.snake(each.name))]
        but = f"; {emails[0]} is an email, which changes, and makes another user when it does" if emails else ""
        return Guess("identity", None, f"no column looks like an internal id of users{but}")
    return Guess("identity", column.name, f"its name{column.tested}{_one_row(column, one_row)}; {_IS_HEAPS}")


def _account(subject: Subject) -> Guess:
    column = roles.account(subject)
    if column is None:
        return Guess("account_id", None, "no column looks like an id of accounts")
    equal = "it must equal the user property that is set as Account ID in Heap"
    return Guess("account_id", column.name, f"its name{column.tested}{_one_row(column, 'account')}; {equal}")


def _one_row(column: Column, whom: str) -> str:
    return f", but no test says that it is unique, and one row a {whom} is needed" if whom and not column.unique else ""


def _of_class(column: Column) -> str:
    return f", and it holds a {column.value_class}" if column.value_class else ", of an unknown type"


def _name(subject: Subject) -> Iterator[Guess]:
    if subject.sync_name:
        yield Guess("name", subject.sync_name, "the model's own name is that of another sync, or cannot be one")


def _environment(subject: Subject) -> Iterator[Guess]:
    if len(subject.environments) > 1 and MAIN not in subject.environments:
        yield Guess("environment", subject.environments[0], f"the project has {', '.join(subject.environments)}")


def _default(subject: Subject) -> str:
    return subject.environments[0] if len(subject.environments) == 1 else MAIN


def _columns(guess: Guess) -> tuple[str, ...]:
    """The columns that a key names."""
    if guess.key in ("name", "type", "environment", "event_name") or guess.value is None:
        return ()
    return (guess.value,) if isinstance(guess.value, str) else guess.value


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
