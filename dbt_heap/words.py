"""Words of which there are a few, written alike in SQL, in JSON and to people."""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """A word that is its own text."""

    def __str__(self) -> str:
        return str(self.value)


class ToldWord(Word):
    """A word for machines that bears a sentence for people."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> ToldWord:
        """One that equals its word."""
        told = str.__new__(cls, word)
        told._value_ = word
        told.sentence = sentence
        return told

    @classmethod
    def tell(cls, word: str) -> str:
        """The sentence of a word; the word itself where it is another version's."""
        return next((each.sentence for each in cls if each == word), word)
