"""Draft a block from a model's columns: which column is what, by its name, its class and dbt's tests."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from dbt_heap.project.heap_vars import MAIN
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.fields import property_name
from dbt_heap.syncs.generate import vocabulary
from dbt_heap.syncs.generate.model import Column, Guess, Property, Proposal, Subject
from dbt_heap.syncs.sync import SyncType

EVENTS, USERS, ACCOUNTS = SyncType.EVENTS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES
_TIMES = (ValueClass.DATE, ValueClass.TIMESTAMP, ValueClass.TIMESTAMPTZ)
_NO_TEST = "no test says that it is unique, so add one"


def propose(subject: Subject, asked: SyncType | None = None) -> Proposal:
    """Return a draft of `meta.heap` for a model, of the type that is asked for, if any."""
    roles = Roles(subject)
    sync_type, why = (asked, "as requested") if asked else roles.type()
    several = len(subject.environments) > 1
    environment = subject.environments[0] if MAIN not in subject.environments or not several else MAIN
    keys = [Guess("type", str(sync_type), why)]
    if subject.sync_name:
        keys.insert(0, Guess("name", subject.sync_name, "another sync has the model's name, or it cannot be a sync's"))
    if several and environment != MAIN:
        keys.append(Guess("environment", environment, f"the project has {', '.join(subject.environments)}"))
    keys += {EVENTS: roles.event, USERS: roles.user, ACCOUNTS: roles.account}[sync_type]()
    used = {column for guess in keys for column in _columns(guess)}
    properties, left_out = _properties(subject, sync_type, environment, used)
    declared = any(column.declared for column in subject.columns)
    if sync_type is not EVENTS and not declared and all(each.doubt for each in properties):
        keys.append(Guess("properties", None, "no column is left to send"))
    return Proposal(sync_type, tuple(keys), properties, left_out)


def _columns(guess: Guess) -> tuple[str, ...]:
    """Return the columns that a key names."""
    if guess.key in ("name", "type", "environment", "event_name") or guess.value is None:
        return ()
    return (guess.value,) if isinstance(guess.value, str) else guess.value


class Roles:
    """The columns of a model by what they can be in a block."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        name, plain = subject.name, vocabulary.PLAIN_IDS
        self._identity = self._likeliest("identity", vocabulary.IDENTITIES)
        self._account = self._likeliest("account_id", vocabulary.ACCOUNT_IDS)
        if self._identity is None and vocabulary.is_about_users(name):
            self._identity = self._likeliest("identity", plain)
        if self._account is None and vocabulary.is_about_accounts(name):
            self._account = self._likeliest("account_id", plain)
        self._time = self._best(self._sendable("timestamp"), self._rank_of_time)
        self._key = self._own_key()

    def type(self) -> tuple[SyncType, str]:
        """Return what the rows are to Heap, and why."""
        identity, account = self._identity, self._account
        is_event = self._time is not None and self._key is not None
        if self._subject.snapshot:
            return EVENTS, "each row of a snapshot is a change"
        if account and (identity is None or (account.unique and not identity.unique)) and not is_event:
            return ACCOUNTS, f"{account.name} is {'the only ID' if identity is None else 'unique according to dbt'}"
        if identity and identity.unique:
            return USERS, f"{identity.name} is unique according to dbt, so each row is a user"
        if self._time and self._key:
            return EVENTS, f"rows have a time ({self._time.name}) and a key ({', '.join(_columns(self._key))})"
        return USERS, "not events: rows have no time, or no key of their own"

    def user(self) -> Iterator[Guess]:
        """Yield the keys of user properties."""
        yield self._identity_guess(f", but {_NO_TEST}: a user has one row")

    def account(self) -> Iterator[Guess]:
        """Yield the keys of account properties."""
        if self._account is None:
            yield Guess("account_id", None, "no column looks like an account ID")
            return
        untested = "" if self._account.unique else f", but {_NO_TEST}: an account has one row"
        equal = "must equal the user property that is set as Account ID in Heap"
        yield Guess("account_id", self._account.name, f"{self._account.evidence}{untested}; {equal}")

    def event(self) -> Iterator[Guess]:
        """Yield the keys of events."""
        sdk_id = self._likeliest("heap_user_id", vocabulary.SDK_IDS)
        if self._identity is None and sdk_id is not None:
            yield Guess("heap_user_id", sdk_id.name, "its name: the ID that Heap's SDK assigns")
        else:
            yield self._identity_guess()
        texts = (None, ValueClass.TEXT, ValueClass.OTHER)
        if (named := self._likeliest("event_name_column", vocabulary.EVENT_NAMES, texts)) is not None:
            yield Guess("event_name_column", named.name, "its name")
        else:
            about = vocabulary.nice(vocabulary.subject(self._subject.name))
            yield Guess("event_name", about, "the model's name; say what happened instead, such as Order Completed")
        if self._time is not None:
            yield Guess("timestamp", self._time.name, f"its name; type {self._time.value_class or 'unknown'}")
        if self._key is None and self._identity and self._identity.unique:
            yield Guess("unique_key", self._identity.name, "unique according to dbt: one event per user")
        else:
            yield self._key or Guess("unique_key", None, "no column looks unique per event: name one, or several")
        if column := self._likeliest("properties_column", vocabulary.JSON_PROPERTIES, (ValueClass.JSON,)):
            yield Guess("properties_column", column.name, "it holds JSON; its keys become properties")

    def _identity_guess(self, if_untested: str = "") -> Guess:
        column = self._identity
        if column is None:  # never an email
            names = [each.name for each in self._subject.columns]
            emails = [each for each in names if vocabulary.EMAIL.fullmatch(vocabulary.snake(each))]
            but = f"; {emails[0]} is an email, which changes, and Heap would then create another user" if emails else ""
            return Guess("identity", None, f"no column looks like an internal user ID{but}")
        untested = "" if column.unique else if_untested
        return Guess(
            "identity", column.name, f"{column.evidence}{untested}; must match what your app passes to `heap.identify`"
        )

    def _own_key(self) -> Guess | None:
        """Return the key of the rows, without the columns that name the user or account."""
        subject, about = self._subject, {each.name for each in (self._identity, self._account) if each}
        fit = [each for each in subject.columns if each.fits("unique_key") and each.name not in about]
        free = [each for each in fit if vocabulary.personal(each.name) is None]
        if subject.snapshot and (ours := next((each for each in free if each.name.lower() == "dbt_scd_id"), None)):
            return Guess("unique_key", ours.name, "dbt's key for the rows of a snapshot")
        if unique := next((each for each in free if each.unique), None):
            return Guess("unique_key", unique.name, "unique according to dbt")
        several = self._all_of(subject.key)
        if not about.issuperset(several):
            return Guess("unique_key", several, "dbt's guess of the primary key")
        own = (f"{vocabulary.noun(subject.name)}_{end}" for end in vocabulary.PLAIN_IDS)
        known = (*vocabulary.EVENT_IDS, *own, *vocabulary.PLAIN_IDS)
        if named := self._best(free, lambda each: vocabulary.rank(each.name, known)):
            return Guess("unique_key", named.name, f"its name; {_NO_TEST}")
        first = subject.columns[0] if subject.columns else None
        if first in free and vocabulary.is_id(first.name) and not vocabulary.names_someone(first.name):
            return Guess("unique_key", first.name, f"the first column; {_NO_TEST}")
        merged = self._all_of(subject.merged_by)
        if any(each.name in merged for each in free):
            return Guess("unique_key", merged, "the model's own `unique_key`, which may as well be a day: check it")
        return None

    def _all_of(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns of a key, spelled and ordered as in the model; empty if one is missing or does not fit."""
        wanted = {name.lower() for name in key}
        fit = [each.name for each in self._subject.columns if each.fits("unique_key") and each.name.lower() in wanted]
        return tuple(fit) if {name.lower() for name in fit} == wanted else ()

    def _rank_of_time(self, column: Column) -> int | None:
        named = vocabulary.rank_of_time(column.name, self._subject.name)
        if named is None and column.value_class in _TIMES and not vocabulary.is_no_time(column.name):
            return 100  # by its class alone: after all that have a telling name
        return named

    def _sendable(self, key: str) -> list[Column]:
        return [each for each in self._subject.columns if each.forbidden_by is None and each.fits(key)]

    def _likeliest(
        self, key: str, known: tuple[str, ...], classes: tuple[ValueClass | None, ...] = (None, *ValueClass)
    ) -> Column | None:
        fit = [each for each in self._sendable(key) if each.value_class in classes]
        return self._best(fit, lambda each: vocabulary.rank(each.name, known))

    def _best(self, columns: Iterable[Column], rank: Callable[[Column], int | None]) -> Column | None:
        """Return the likeliest column; of several, one that is unique, else the first."""
        ranked = [(place, each) for each in columns if (place := rank(each)) is not None]
        return min(ranked, key=lambda pair: (pair[0], not pair[1].unique), default=(0, None))[1]


def _properties(
    subject: Subject, sync_type: SyncType, environment: str, used: Container[str]
) -> tuple[tuple[Property, ...], Mapping[str, str]]:
    """Return all columns but the used ones as properties, and those that cannot be one, with the reason."""
    mapped: dict[str, Property] = {}
    left_out: dict[str, str] = {}
    for column in subject.columns:
        if column.name in used:
            continue
        if why := _unsendable(column):
            left_out[column.name] = why
            continue
        plain = name = _property_name(column, subject, sync_type)
        count = 2
        while name in mapped:
            name, count = f"{plain} {count}", count + 1
        taken = subject.taken.get((sync_type, environment, name))
        doubt = _doubt(column, sync_type) or (f"the sync {taken} sends this property" if taken else "")
        mapped[name] = Property(name, column.name, doubt)
    return tuple(mapped.values()), left_out


def _unsendable(column: Column) -> str | None:
    if column.unsafe:
        return column.unsafe
    if column.forbidden_by:
        return f"vars.dbt_heap.never_send forbids it by {column.forbidden_by}"
    if column.declared:
        return "it is declared by its own `meta.heap`"
    return "bytes are never sent" if column.value_class is ValueClass.BYTES else None


def _doubt(column: Column, sync_type: SyncType) -> str:
    """Return why a property should not be sent unless someone has looked at it."""
    personal = vocabulary.personal(column.name)
    if vocabulary.snake(column.name) == "name" and sync_type is USERS:
        personal = "a person's name"
    if personal:
        return f"may hold {personal}"
    return "describes how the row was loaded" if vocabulary.is_from_loader(column.name) else ""


def _property_name(column: Column, subject: Subject, sync_type: SyncType) -> str:
    """Return a property's readable name; Heap's own, or the project's, if there is one."""
    if vocabulary.snake(column.name) == "email" and sync_type is USERS:
        return "email"
    of_account = vocabulary.rank(column.name, vocabulary.ACCOUNT_IDS) == 0 and sync_type is USERS
    name = subject.account_id_property if of_account and subject.account_id_property else vocabulary.nice(column.name)
    try:
        return property_name(name)
    except ValueError:  # Heap reserves it
        return f"{vocabulary.nice(vocabulary.noun(subject.name))} {name}"
