"""Texts that YAML would read as something else, or not at all, are quoted."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dbt_heap.project.files import scalar


@pytest.mark.parametrize("text", ["user_id", "Lifetime Value", "ref", "self-serve", "_loaded"])
def test_plain_word_is_unchanged(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text", ["on", "Yes", "NULL", "~", "1", "0o17", "1e3", "12:30", "2026-01-01", "", " a", "a: b", "a #b", "y", "{{ x"]
)
def test_text_that_some_yaml_versions_reinterpret_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_on_one_line(text: str) -> None:
    assert yaml.safe_load(f"- {scalar(text)}") == [text]
    assert len(scalar(text).split("\n")) == 1
