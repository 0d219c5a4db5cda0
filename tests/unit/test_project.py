from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dbt_heap.cli.group import COMMANDS
from dbt_heap.cloud.credentials import TOKEN
from dbt_heap.cloud.listener.queue import SECRET
from dbt_heap.errors import DeclarationError, SettingsError
from dbt_heap.project.dbt_project import ProjectFile, read_project
from dbt_heap.project.heap_vars import ExposureVars, HeapVars, NeverSend, unset_variable, variable_of
from dbt_heap.project.validation import keys
from dbt_heap.syncs.dbt_plugin import VARIABLE as PARSE_CHECK

CONFIGURATION = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"


def project(folder: Path, text: str, cli_vars: dict[str, Any] | None = None, **environ: str) -> ProjectFile:
    """What is read of a dbt_project.yml."""
    (folder / "dbt_project.yml").write_text(text)
    return read_project(folder, cli_vars or {}, environ)


def heap_vars(folder: Path, block: str, **environ: Any) -> HeapVars:
    """What is read of a block `vars: dbt_heap:`, given as flow YAML."""
    return project(folder, f"name: shop\nvars:\n  dbt_heap: {block}\n", **environ).heap_vars


def mistakes(folder: Path, block: str, **environ: str) -> list[str]:
    """Return the mistakes of a block, without the model and file that all of them share."""
    with pytest.raises(DeclarationError) as refused:
        heap_vars(folder, block, **environ)
    shared = "shop (dbt_project.yml): vars.dbt_heap"
    assert all(str(each).startswith(shared) for each in refused.value.mistakes)
    return [str(each).removeprefix(shared).removeprefix(".") for each in refused.value.mistakes]


def refusal(folder: Path, text: str | bytes) -> str:
    (folder / "dbt_project.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as refused:
        read_project(folder, {}, {})
    return str(refused.value).removeprefix(f"{folder}/")


# The file


def test_without_a_project_file_everything_is_empty(tmp_path: Path) -> None:
    assert read_project(tmp_path, {}, {}) == ProjectFile()
    assert ProjectFile().heap_vars == HeapVars()


def test_vars_on_the_command_line_count_without_a_project_file(tmp_path: Path) -> None:
    assert read_project(tmp_path, {"dbt_heap": {"app_id": "111"}}, {}).heap_vars.app_id == "111"


def test_dbts_own_settings_are_read_with_the_block(tmp_path: Path) -> None:
    found = project(tmp_path, "name: shop\nprofile: work\ntarget-path: built\nvars: {day: 1}\n")
    assert (found.name, found.profile, found.target_path) == ("shop", "work", "built")
    assert found.raw == {"name": "shop", "profile": "work", "target-path": "built", "vars": {"day": 1}}
    assert found.heap_vars == HeapVars()


@pytest.mark.parametrize("odd", ["null", "7", "[a]", "{a: b}", "true"])
def test_odd_values_of_dbts_own_keys_are_left_to_dbt(tmp_path: Path, odd: str) -> None:
    found = project(tmp_path, f"name: {odd}\nprofile: {odd}\ntarget-path: {odd}\nvars: {odd}\n")
    assert (found.name, found.profile, found.target_path, found.heap_vars) == ("", None, "target", HeapVars())


NO_PROJECTS = {
    "a mapping left open": ("name: shop\nvars: {dbt_heap: {\n", "is not valid YAML at line 3, column 1"),
    "a tab": ("name: shop\nvars:\n\tdbt_heap: {}\n", "is not valid YAML at line 3, column 1"),
    "an unknown tag": ("name: shop\nvars: !secret x\n", "is not valid YAML at line 2, column 7"),
    "a key that is a mapping": ("? {a: b}\n: c\n", "is not valid YAML at line 1, column 3"),
    "a control character": ("name: \a\n", "is not valid YAML"),
    "no UTF-8": (b"name: \xff\n", "is not valid YAML"),
    "a day that does not exist": ("started: 2026-13-45\n", "is not valid YAML"),
    "nested too deep": ("[" * 2000, "is not valid YAML"),
}


@pytest.mark.parametrize(("text", "says"), NO_PROJECTS.values(), ids=NO_PROJECTS)
def test_invalid_yaml_is_reported_with_its_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert refusal(tmp_path, text) == f"dbt_project.yml {says}; `dbt parse` says more"


@pytest.mark.parametrize(
    ("text", "says"), [("- a\n", "a list"), ("shop\n", "'shop'"), ("", "nothing"), ("7\n", "the number 7")]
)
def test_yaml_that_is_not_a_mapping_is_reported(tmp_path: Path, text: str, says: str) -> None:
    assert refusal(tmp_path, text) == f"dbt_project.yml contains {says} instead of a dbt project"


def test_folder_instead_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").mkdir()
    with pytest.raises(SettingsError, match=r"dbt_project\.yml cannot be read: Is a directory"):
        read_project(tmp_path, {}, {})


# The block in all its forms


def test_empty_block_is_the_defaults(tmp_path: Path) -> None:
    found = heap_vars(tmp_path, "{}")
    assert found == HeapVars()
    assert (found.schema_name, found.region, found.environment_names) == ("dbt_heap", None, ("main",))
    assert not found.names_destinations


@pytest.mark.parametrize("written", ['"1234567890"', "1234567890"])
def test_one_app_id_may_be_quoted_or_not(tmp_path: Path, written: str) -> None:
    found = heap_vars(tmp_path, f"{{app_id: {written}}}")
    assert found.app_id == "1234567890"
    assert found.names_destinations


def test_quoted_app_id_keeps_its_zeros(tmp_path: Path) -> None:
    assert heap_vars(tmp_path, '{app_id: "007"}').app_id == "007"


def test_app_ids_by_target(tmp_path: Path) -> None:
    found = heap_vars(tmp_path, '{app_ids: {prod: "111", dev: 112}}')
    assert found.app_ids == {"prod": "111", "dev": "112"}
    assert found.environment_names == ("main",)


def test_environments_have_app_ids_a_region_and_a_rate(tmp_path: Path) -> None:
    found = heap_vars(
        tmp_path,
        '{environments: {main: {prod: "111", dev: "112"}, b: {prod: 221, region: eu, events_per_minute: 5000}}}',
    )
    main, b = found.environments.values()
    assert found.environment_names == ("main", "b")
    assert (main.app_ids, main.region, main.events_per_minute) == ({"prod": "111", "dev": "112"}, None, None)
    assert (b.app_ids, b.region, b.events_per_minute) == ({"prod": "221"}, "eu", 5000)


def test_environment_may_leave_its_app_ids_to_environment_variables(tmp_path: Path) -> None:
    assert heap_vars(tmp_path, "{environments: {main: {region: eu}}}").environments["main"].app_ids == {}


def test_all_other_keys(tmp_path: Path) -> None:
    found = heap_vars(
        tmp_path,
        "{region: eu, schema: heap_state, account_id_property: Account ID, retain_days: 30, "
        'never_send: {tags: pii, meta: [contains_pii], columns: ["*ssn*", "*phone*"]}, defaults: {timezone: UTC}}',
    )
    assert found == HeapVars(
        region="eu",
        schema="heap_state",
        account_id_property="Account ID",
        retain_days=30,
        never_send=NeverSend(tags=("pii",), meta=("contains_pii",), columns=("*ssn*", "*phone*")),
        defaults={"timezone": "UTC"},
    )


def test_no_app_id_shows_in_a_repr(tmp_path: Path) -> None:
    for block in ('{app_id: "9876"}', '{app_ids: {prod: "9876"}}', '{environments: {main: {prod: "9876"}}}'):
        found = project(tmp_path, f"name: shop\nvars: {{dbt_heap: {block}}}")
        assert "9876" not in repr(found) + str(found.heap_vars) + repr(found.heap_vars)


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ("main", "HEAP_APP_ID__MAIN"),
        ("brand_b", "HEAP_APP_ID__BRAND_B"),
        ("brand-b", "HEAP_APP_ID__BRAND_B"),
        ("Marke Ü 2", "HEAP_APP_ID__MARKE___2"),
    ],
)
def test_each_environment_has_an_environment_variable(environment: str, variable: str) -> None:
    assert variable_of(environment) == variable


# Which block counts


def test_block_under_the_projects_own_name_is_found(tmp_path: Path) -> None:
    found = project(tmp_path, 'name: shop\nvars: {shop: {dbt_heap: {app_id: "2"}}, b: {dbt_heap: 7}}')
    assert (found.heap_vars.app_id, found.heap_vars_place) == ("2", "dbt_project.yml: vars.shop.dbt_heap")


TWICE = {
    "in both scopes": 'vars: {dbt_heap: {app_id: "1"}, shop: {dbt_heap: {app_id: "2"}}}',
    "as one key twice": 'vars: {dbt_heap: {never_send: {columns: ["*mail*"]}}, dbt_heap: {app_id: "1"}}',
    "under vars twice": 'vars: {dbt_heap: {app_id: "1"}}\nvars: {day: 2}',
    "with a key of its own twice": 'vars: {dbt_heap: {app_id: "1", region: us, region: eu}}',
}


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE)
def test_block_that_is_defined_twice_is_a_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        project(tmp_path, f"name: shop\n{text}")
    (mistake,) = refused.value.mistakes
    assert (mistake.file, mistake.key.split(".")[0]) == ("dbt_project.yml", "vars")
    assert "is defined twice" in mistake.text and mistake.text.endswith("merge them into one")


def test_duplicate_keys_outside_the_block_are_left_to_dbt(tmp_path: Path) -> None:
    text = 'name: shop\nmodels: {a: 1, a: 2}\nvars: {day: 1, day: 2, dbt_heap: {app_id: "1"}}'
    assert project(tmp_path, text).heap_vars.app_id == "1"


# vars.yml, of dbt 1.12 and later


def vars_file(folder: Path, text: str | bytes) -> ProjectFile:
    """Return what is read from a project without vars and a vars.yml."""
    (folder / "vars.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    return project(folder, "name: shop")


@pytest.mark.parametrize("text", ["vars: {dbt_heap: {app_id: '7'}}", "vars: {shop: {dbt_heap: {app_id: '7'}}}"])
def test_block_is_read_from_vars_yml(tmp_path: Path, text: str) -> None:
    found = vars_file(tmp_path, text)
    assert found.heap_vars.app_id == "7"
    assert found.heap_vars_place.startswith("vars.yml: vars.")
    assert found.raw["vars"] == found.jinja_vars == yaml.safe_load(text)["vars"]


@pytest.mark.parametrize("text", ["", "# nothing yet", "vars:", "vars: {}", "other: 1"])
def test_vars_yml_without_vars_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "vars.yml").write_text(text)
    found = project(tmp_path, "name: shop\nvars: {dbt_heap: {app_id: '7'}}")
    assert (found.heap_vars.app_id, found.heap_vars_place) == ("7", "dbt_project.yml: vars.dbt_heap")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- dbt_heap", "vars.yml contains a list instead of a mapping with the key `vars`"),
        ("vars: [dbt_heap]", "vars.yml): vars: must be a mapping of names to values, not a list"),
        ("vars: {", "vars.yml is not valid YAML at line 1"),
        (b"vars: \xff", "vars.yml is not valid YAML"),
    ],
)
def test_vars_yml_that_dbt_could_not_use_is_reported(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises((SettingsError, DeclarationError)) as refused:
        vars_file(tmp_path, text)
    assert says in str(refused.value)


def test_vars_in_both_files_are_reported_as_in_dbt(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("vars: {dbt_heap: {app_id: '7'}}")
    with pytest.raises(DeclarationError, match=r"shop \(vars.yml\): vars: dbt_project.yml defines `vars` too"):
        project(tmp_path, "name: shop\nvars: {day: 1}")


def test_vars_on_the_command_line_replace_the_block_as_a_whole(tmp_path: Path) -> None:
    text = 'name: shop\nvars: {dbt_heap: {app_id: "1", region: eu, oops: 1}, shop: {dbt_heap: {app_id: "2"}}}'
    found = project(tmp_path, text, {"dbt_heap": {"app_id": "3"}, "day": 2})
    assert (found.heap_vars.app_id, found.heap_vars.region) == ("3", None)


def test_other_vars_on_the_command_line_leave_the_block_alone(tmp_path: Path) -> None:
    assert project(tmp_path, 'vars: {dbt_heap: {app_id: "1"}}', {"day": 2}).heap_vars.app_id == "1"


@pytest.mark.parametrize(
    ("text", "cli_vars", "says"),
    [
        ("name: shop\nvars: {dbt_heap: {region: mars}}", {}, "shop (dbt_project.yml): vars.dbt_heap.region"),
        ("vars: {dbt_heap: {region: mars}}", {}, "dbt_project.yml (dbt_project.yml): vars.dbt_heap.region"),
        (
            "name: shop\nvars: {shop: {dbt_heap: {region: mars}}}",
            {},
            "shop (dbt_project.yml): vars.shop.dbt_heap.region",
        ),
        ("name: shop\n", {"dbt_heap": {"region": "mars"}}, "shop (--vars): dbt_heap.region"),
    ],
)
def test_mistake_says_where_the_block_is(tmp_path: Path, text: str, cli_vars: Any, says: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        project(tmp_path, text, cli_vars)
    assert str(refused.value) == (f"1 mistake in the declarations:\n  {says}: must be 'us' or 'eu', not 'mars'")


# env_var


def test_env_var_is_rendered_at_any_depth(tmp_path: Path) -> None:
    found = heap_vars(
        tmp_path,
        """{environments: {main: {prod: "{{ env_var('ID') }}", events_per_minute: "{{ env_var('RATE') }}"}},
           never_send: {tags: ["{{ env_var('TAG') }}s"]}, retain_days: "{{ env_var('DAYS', 30) }}"}""",
        ID="111",
        RATE="5000",
        TAG="secret",
    )
    main = found.environments["main"]
    assert (main.app_ids, main.events_per_minute) == ({"prod": "111"}, 5000)
    assert (found.never_send.tags, found.retain_days) == (("secrets",), 30)


def test_default_counts_if_the_variable_is_not_set(tmp_path: Path) -> None:
    block = """{region: "{{ env_var('REGION', 'eu') }}"}"""
    assert heap_vars(tmp_path, block).region == "eu"
    assert heap_vars(tmp_path, block, REGION="us").region == "us"


def test_rendered_text_is_not_escaped(tmp_path: Path) -> None:
    block = """{account_id_property: "{{ env_var('NAME') }} & <Co>"}"""
    assert heap_vars(tmp_path, block, NAME='"A" <b>').account_id_property == '"A" <b> & <Co>'


def test_keys_and_texts_without_jinja_are_left_as_they_are(tmp_path: Path) -> None:
    found = heap_vars(tmp_path, """{account_id_property: "a } } { b", app_ids: {"{{ env_var('X') }}": "1"}}""")
    assert found.account_id_property == "a } } { b"
    assert list(found.app_ids) == ["{{ env_var('X') }}"]


def test_every_missing_variable_is_named(tmp_path: Path) -> None:
    block = (
        """{schema: "{{ env_var('S') }}", never_send: {tags: ["{{ env_var('T') }}"]}, """
        """region: "{{ env_var('R', none) }}"}"""
    )
    assert mistakes(tmp_path, block) == [
        f"{key}: the environment variable {name} is not set, and it has no default"
        for key, name in (("never_send.tags[0]", "T"), ("region", "R"), ("schema", "S"))
    ]


@pytest.mark.parametrize(
    "block",
    [
        """{app_id: "{{ env_var('ID') }}"}""",
        """{app_ids: {prod: "{{ env_var('ID') }}", dev: "2"}}""",
        """{environments: {main: {prod: "{{ env_var('ID') }}", region: eu}}}""",
    ],
)
def test_app_id_with_an_unset_variable_is_a_mistake_only_if_needed(tmp_path: Path, block: str) -> None:
    found = heap_vars(tmp_path, block)
    ids = [
        found.app_id,
        *found.app_ids.values(),
        *(i for each in found.environments.values() for i in each.app_ids.values()),
    ]
    assert [unset_variable(each) for each in ids if each and unset_variable(each)] == ["ID"]


JINJA = {
    "{{ env_var('SET' }}": "TemplateSyntaxError",
    "{% for %}": "TemplateSyntaxError",
    "{{ var('day') }}": "UndefinedError",
    "{{ target.name }}": "UndefinedError",
    "{{ env_var('SET').x.y }}": "UndefinedError",
    "{{ env_var('SET') | as_number }}": "TemplateAssertionError",
    "{{ '{:d}'.format(env_var('SET')) }}": "ValueError",
    "{{ env_var('SET') / 2 }}": "TypeError",
    "{{ env_var('SET')() }}": "TypeError",
    "{{ env_var() }}": "TypeError",
    "{% include env_var('SET') %}": "TypeError",
    "{{ 1 // 0 }}": "ZeroDivisionError",
    "{{ ''.__class__.__mro__ }}": "SecurityError",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}": "RecursionError",
}


@pytest.mark.parametrize("text", JINJA)
def test_jinja_that_does_not_render_says_so_and_repeats_no_value(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, f'{{region: "{text}"}}', SET="5ecret") == [
        f"region: its Jinja does not render ({JINJA[text]}); only env_var can be used here"
    ]


def test_target_path_is_passed_to_dbt_unchanged(tmp_path: Path) -> None:
    text = """target-path: "{{ env_var('OUT') }}/dbt" """
    assert project(tmp_path, text).target_path == "{{ env_var('OUT') }}/dbt"


# Mistakes

NO_ID = "is not a valid Environment ID (digits only); find the IDs in Heap under Account > Manage > Projects"
QUOTE = "YAML reads on, yes and true as true, off, no and false as false, null and ~ as null; quote it"
RENAME = "another environment has the same environment variable, HEAP_APP_ID__BRAND_B: rename one"
ALL_KEYS = "app_id, app_ids, environments, region, schema, never_send, account_id_property, retain_days, "
ALL_KEYS += "exposures, defaults"

MALFORMED: dict[str, str | list[str]] = {
    # not a mapping
    "7": ": must be a mapping, not a single value",
    '"1234567890"': ": must be a mapping, not a single value",
    "[app_id]": ": must be a mapping, not a list",
    "": ": must be a mapping, not null",
    "&a {defaults: *a}": ": it contains itself, by a YAML alias",
    # keys
    "{App-ID: 1}": "App-ID: unknown key; did you mean `app_id`?",
    "{appids: {prod: 1}}": "appids: unknown key; did you mean `app_ids`?",
    "{schema_name: x}": "schema_name: unknown key; did you mean `schema`?",
    "{environment: {}}": "environment: unknown key; did you mean `environments`?",
    "{never_sent: {}}": "never_sent: unknown key; did you mean `never_send`?",
    "{xyz: 1}": f"xyz: unknown key. Keys: {ALL_KEYS}",
    "{on: 1}": f": true is not a valid key: {QUOTE}",
    "{5: 1}": f": the number 5 is not a valid key: {QUOTE}",
    # app ids
    "{app_id: abc}": f"app_id: {NO_ID}",
    '{app_id: "12 34"}': f"app_id: {NO_ID}",
    '{app_id: "\uff11\uff12"}': f"app_id: {NO_ID}",
    '{app_id: ""}': f"app_id: {NO_ID}",
    "{app_id: }": f"app_id: {NO_ID}",
    "{app_id: true}": f"app_id: {NO_ID}",
    "{app_id: 1.5}": f"app_id: {NO_ID}",
    "{app_id: -5}": f"app_id: {NO_ID}",
    '{app_id: {prod: "111"}}': f"app_id: {NO_ID}",
    '{app_ids: "1234567890"}': "app_ids: must be a mapping, not a single value",
    "{app_ids: [111]}": "app_ids: must be a mapping, not a list",
    "{app_ids: }": "app_ids: must be a mapping, not null",
    "{app_ids: {prod: , dev: x}}": [f"app_ids.dev: {NO_ID}", f"app_ids.prod: {NO_ID}"],
    "{app_ids: {prod: {main: 111}}}": f"app_ids.prod: {NO_ID}",
    # environments
    "{environments: main}": "environments: must be a mapping, not a single value",
    "{environments: [main]}": "environments: must be a mapping, not a list",
    '{environments: {main: "1234567890"}}': "environments.main: must be a mapping, not a single value",
    "{environments: {main: }}": "environments.main: must be a mapping, not null",
    "{environments: {main: {prod: x}}}": f"environments.main.prod: {NO_ID}",
    "{environments: {main: {region: mars}}}": "environments.main.region: must be 'us' or 'eu', not 'mars'",
    "{environments: {main: {events_per_minute: 0}}}": (
        "environments.main.events_per_minute: must be a whole number from 1, not the number 0"
    ),
    "{environments: {brand-b: {prod: 1}, brand_b: {prod: 2}}}": [
        f"environments.brand-b: {RENAME}", f"environments.brand_b: {RENAME}",
    ],
    # contradictions
    "{app_id: 1, app_ids: {prod: 2}}": (
        ": only one of app_id, app_ids and environments can be set, not app_id and app_ids"
    ),
    "{app_ids: {prod: 2}, environments: {main: {prod: 3}}}": (
        ": only one of app_id, app_ids and environments can be set, not app_ids and environments"
    ),
    # the other keys
    "{region: EU}": "region: must be 'us' or 'eu', not 'EU'; did you mean `eu`?",
    "{region: no}": "region: must be 'us' or 'eu', not false",
    "{region: }": "region: must be 'us' or 'eu', not null",
    '{schema: " "}': "schema: must not be blank",
    "{schema: }": "schema: must be text, not null: if you mean the word, quote it",
    "{schema: 2026}": "schema: must be text, not the number 2026: quote it",
    "{schema: 'a\"b'}": "schema: 'a\"b' contains '\"', which cannot be quoted safely",
    "{schema: [heap]}": "schema: must be text, not a list",
    "{never_send: pii}": "never_send: must be a mapping, not 'pii'",
    "{never_send: {tag: pii}}": "never_send.tag: unknown key; did you mean `tags`?",
    "{never_send: {tags: []}}": "never_send.tags: must be text or a list of texts, not an empty list",
    "{never_send: {tags: [pii, no]}}": f"never_send.tags: must be text, not false: {QUOTE}",
    "{never_send: {meta: {pii: true}}}": "never_send.meta: must be text, not a mapping",
    "{never_send: {columns: 7}}": "never_send.columns: must be text, not the number 7: quote it",
    "{account_id_property: yes}": f"account_id_property: must be text, not true: {QUOTE}",
    "{account_id_property: }": (
        "account_id_property: must be text, not null: if you mean the word, quote it"
    ),
    "{retain_days: 30 days}": "retain_days: must be a whole number from 1, not '30 days'",
    "{retain_days: 1.5}": "retain_days: must be a whole number from 1, not the number 1.5",
    "{defaults: [nulls]}": "defaults: must be a mapping, not a list",
    "{environments: {main: {events_per_min: 5000}}}": (
        "environments.main.events_per_min: this is read as the Environment ID of a dbt target with this name; "
        "did you mean `events_per_minute`?"
    ),
    # several at once
    """{region: mars, schema: 7, account_id_property: "{{ env_var('ID') }}", xyz: 1}""": [
        "account_id_property: the environment variable ID is not set, and it has no default",
        "region: must be 'us' or 'eu', not 'mars'",
        "schema: must be text, not the number 7: quote it",
        f"xyz: unknown key. Keys: {ALL_KEYS}",
    ],
}  # fmt: skip


@pytest.mark.parametrize("block", MALFORMED)
def test_malformed_block_is_reported_in_one_sentence_per_mistake(tmp_path: Path, block: str) -> None:
    expected = MALFORMED[block]
    assert mistakes(tmp_path, block) == ([expected] if isinstance(expected, str) else expected)


@pytest.mark.parametrize("key", ["on", "2026"])
@pytest.mark.parametrize("block", ["{{app_ids: {{{key}: 1}}}}", "{{environments: {{{key}: {{prod: 1}}}}}}"])
def test_target_or_environment_that_yaml_does_not_read_as_text_is_reported(
    tmp_path: Path, block: str, key: str
) -> None:
    (reported,) = mistakes(tmp_path, block.format(key=key))
    assert f"a key must be text, not {'true' if key == 'on' else 'the number 2026'}: {QUOTE}" in reported


@pytest.mark.parametrize(
    "block",
    [
        "app_id: 98765432x",
        "app_id: [98765432]",
        "app_ids: 98765432",
        'app_ids: "98765432"',
        "app_ids: [98765432]",
        "app_ids: {prod: 98765432x}",
        "environments: 98765432",
        "environments: {main: 98765432}",
        "environments: {main: {prod: 98765432x}}",
        "app_id: 98765432, app_ids: {prod: 98765432}",
        "app_id: 98765432, region: mars",
    ],
)
def test_no_app_id_is_repeated_in_a_message(tmp_path: Path, block: str) -> None:
    assert "98765432" not in " ".join(mistakes(tmp_path, f"{{{block}}}"))


@given(
    st.dictionaries(
        st.sampled_from(keys(HeapVars)) | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5) | st.integers() | st.booleans() | st.none(), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_any_block_is_read_or_reported(block: dict[str, Any]) -> None:
    nowhere = Path("there is no such folder")
    try:
        assert isinstance(read_project(nowhere, {"dbt_heap": block}, {}).heap_vars, HeapVars)
    except DeclarationError as refused:
        assert refused.mistakes


# docs/reference/configuration.md


def blocks() -> list[str]:
    found = re.findall(r"^ *```yaml\n(.*?)^ *```", CONFIGURATION.read_text(), re.DOTALL | re.MULTILINE)
    return [each for each in found if "vars:" in each]


def first_column(heading: str) -> list[str]:
    """Return the names in backticks in the first column of the first table under a heading."""
    section = CONFIGURATION.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("block", blocks())
def test_each_example_of_the_page_is_read(tmp_path: Path, block: str) -> None:
    examples: dict[str, Any] = dict.fromkeys(re.findall(r"env_var\('(\w+)'\)", block), "1234567890")
    found = project(tmp_path, block, **examples)
    assert found.heap_vars != HeapVars()


def test_page_has_examples() -> None:
    assert len(blocks()) >= 4
    assert all(isinstance(yaml.safe_load(each)["vars"]["dbt_heap"], dict) for each in blocks())


def test_page_names_exactly_the_keys_of_the_block() -> None:
    assert first_column("The block") == list(keys(HeapVars))
    assert first_column("What is never sent") == list(keys(NeverSend))
    assert first_column("Exposures") == list(keys(ExposureVars))


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    """Those of a command and of the commands within."""
    yield from command.params
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        yield from parameters(inner)


def _plain(envvar: str | Sequence[str]) -> str:
    """A variable's older name: the page says once that `DBT_ENGINE_X` is preferred to each `DBT_X`."""
    return envvar if isinstance(envvar, str) else envvar[-1]


def test_page_names_exactly_the_environment_variables_of_the_commands() -> None:
    commands = [importlib.import_module(f"dbt_heap.cli.{name}").command for name in COMMANDS]
    of_commands = {_plain(each.envvar) for command in commands for each in parameters(command) if each.envvar}
    of_heap = {"HEAP_APP_ID", "HEAP_APP_ID__BRAND_B", "HEAP_REGION", "HEAP_BASE_URL", "HEAP_API_KEY"}
    beside = {TOKEN, SECRET, PARSE_CHECK}  # no flag shows a secret, and dbt itself reads the last one
    assert set(first_column("Environment variables")) == of_commands | of_heap | beside
