"""What a project declares: syncs that can run, and declarations with mistakes, which cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import DeclarationError, Mistake, SettingsError
from dbt_heap.manifest import Model
from dbt_heap.spelling import did_you_mean

_FEW = 10  # names that a sentence lists


@dataclass(frozen=True)
class Mistaken:
    """A declared sync that cannot run, because its declaration has mistakes."""

    name: str  # unique within its model; the sync's own name if the block has a usable one
    type: str  # empty if unknown
    model: Model
    mistakes: tuple[Mistake, ...]
    enabled: bool = True

    @property
    def message(self) -> str:
        """Return the mistakes as one sentence."""
        count = len(self.mistakes)
        told = "; ".join(f"{each.file}: {each.key}: {each.text}" for each in sorted(self.mistakes))
        return f"not sent, its declaration has {'a mistake' if count == 1 else f'{count} mistakes'}: {told}"


@dataclass(frozen=True)
class Warned:
    """A sentence about a model's declaration that no one has to act on."""

    unique_id: str
    text: str


@dataclass(frozen=True)
class Declarations:
    """All that a project declares, or what a selection leaves of it."""

    syncs: tuple[Sync, ...]  # deletions, users, accounts, events; by name
    disabled: frozenset[str]  # names of those that are switched off
    mistaken: tuple[Mistaken, ...] = ()
    warned: tuple[Warned, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings as sentences."""
        return tuple(each.text for each in self.warned)

    def of_models(self, unique_ids: Collection[str]) -> Declarations:
        """Return what these models declare."""
        return replace(
            self,
            syncs=tuple(each for each in self.syncs if each.model.unique_id in unique_ids),
            mistaken=tuple(each for each in self.mistaken if each.model.unique_id in unique_ids),
            warned=tuple(each for each in self.warned if each.unique_id in unique_ids),
        )

    def named(self, names: Sequence[str]) -> Declarations:
        """Return the syncs of these names. Raises SettingsError if there is none of a name."""
        known = {each.name for each in self.syncs} | {each.name for each in self.mistaken}
        for name in names:
            if name in self.disabled:
                raise SettingsError(f"--sync {name}: this sync is switched off (`enabled: false`)")
            if name not in known:
                raise SettingsError(f"--sync {name}: no selected sync has this name{self._instead(name, known)}")
        return replace(
            self,
            syncs=tuple(each for each in self.syncs if each.name in names),
            mistaken=tuple(each for each in self.mistaken if each.name in names),
        )

    def _instead(self, name: str, known: Collection[str]) -> str:
        """Return the end of a sentence: how to select by a model's name, the nearest name, or the few there are."""
        models = {each.model.name for each in self.syncs} | {each.model.name for each in self.mistaken}
        if name in models:
            return f"; for the syncs of a model, use --select {name}"
        few = f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else ""
        return did_you_mean(name, known) or few

    def correct(self) -> Declarations:
        """Return self. Raises DeclarationError with all mistakes if there are any."""
        if self.mistaken:
            raise mistakes_of(self.mistaken)
        return self


def mistakes_of(mistaken: Collection[Mistaken]) -> DeclarationError:
    """Return the error that lists each mistake of these declarations once."""
    return DeclarationError([mistake for each in mistaken for mistake in each.mistakes])
