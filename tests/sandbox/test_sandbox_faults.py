from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox.options import Fault, Faults, FaultSequence, parse_faults


def test_faults_are_read_with_their_rates_and_counts() -> None:
    assert parse_faults(" 500:0.1, reset-after:.02 ,429x2,truncated:0.5") == Faults(
        first=(Fault("429"), Fault("429")),
        rates=((Fault("500"), 0.1), (Fault("reset", after=True), 0.02), (Fault("truncated", after=True), 0.5)),
    )


def test_empty_text_means_no_fault() -> None:
    assert list(islice(FaultSequence(parse_faults(""), seed=7), 100)) == [None] * 100


@pytest.mark.parametrize(
    "text",
    ["500", "200:0.1", "600:0.1", "5000:0.1", "rest:0.1", "500:2", "500:-0.1", "500:", "500:0.6,429:0.5", "500x", "x2",
     "reset-before:0.1", "reset-within-after:0.1", "500-date:0.1", "truncated:0.1;429:0.1"],
)  # fmt: skip
def test_invalid_fault_is_an_error_that_quotes_it(text: str) -> None:
    with pytest.raises(SettingsError, match=text.split(",")[0]):
        parse_faults(text)


def test_same_seed_draws_the_same_faults_and_another_seed_others() -> None:
    faults = parse_faults("500:0.2,reset:0.2")
    first, again, other = (list(islice(FaultSequence(faults, seed), 200)) for seed in (7, 7, 8))
    assert first == again != other


def test_faults_occur_about_as_often_as_their_rates_say() -> None:
    drawn_faults = Counter(
        str(fault) for fault in islice(FaultSequence(parse_faults("500:0.1,timeout:0.3"), seed=1), 10_000)
    )
    assert drawn_faults["500"] == pytest.approx(1000, rel=0.1)
    assert drawn_faults["timeout"] == pytest.approx(3000, rel=0.1)
    assert drawn_faults["None"] == pytest.approx(6000, rel=0.1)


def test_counted_faults_come_first_and_in_order() -> None:
    counts = [str(fault) for fault in islice(FaultSequence(parse_faults("500x2,html-afterx1"), seed=0), 4)]
    assert counts == ["500", "500", "html-after", "None"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("503", 503), ("429-date", 429), ("429-bare", 429), ("html", 502), ("garbage", 200), ("truncated", 200),
     ("slow", 200), ("reset", None), ("reset-within", None), ("timeout", None)],
)  # fmt: skip
def test_fault_knows_the_status_the_client_reads(kind: str, status: int | None) -> None:
    assert Fault(kind).status == status


def test_only_a_reset_within_comes_while_the_body_does() -> None:
    assert [Fault(kind).within for kind in ("reset-within", "reset", "timeout")] == [True, False, False]


@pytest.mark.parametrize("kind", ["truncated", "garbage", "slow"])
def test_corrupt_answer_comes_after_the_body_was_accepted(kind: str) -> None:
    assert parse_faults(f"{kind}x1").first == (Fault(kind, after=True),)
