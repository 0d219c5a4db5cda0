from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from dbt_heap.cli.options import rate_option, settings_of
from dbt_heap.errors import SettingsError
from dbt_heap.http.limits import EVENTS_PER_MINUTE
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.settings import Destination, Settings, destination, project_dir_from

US, EU = "https://heapanalytics.com", "https://c.eu.heap-api.com"
WHERE = "find the IDs in Heap under Account > Manage > Projects"

ONE = {"app_id": "111"}
BY_TARGET = {"app_ids": {"prod": "111", "dev": "112"}}
BRAND_B = {"prod": "221", "region": "eu", "events_per_minute": 50}
SEVERAL = {"environments": {"main": {"prod": "111"}, "brand-b": BRAND_B}}


def going(
    block: dict[str, Any],
    target: str = "prod",
    environment: str | None = None,
    *,
    events_per_minute: int | None = None,
    **environ: str,
) -> Destination:
    """Return the destination for this block, these flags and these environment variables."""
    settings = Settings(project_dir=Path(), events_per_minute=events_per_minute, environ=environ)
    return destination(settings, HeapVars(**block), environment, target)


def refusal(block: dict[str, Any], target: str = "prod", environment: str | None = None, **environ: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        going(block, target, environment, **environ)
    return str(refused.value)


# The app id


@pytest.mark.parametrize("target", ["prod", "dev", "any"])
def test_one_app_id_is_for_every_target(target: str) -> None:
    assert going(ONE, target).app_id == "111"


def test_app_ids_are_by_target() -> None:
    assert [going(BY_TARGET, target).app_id for target in ("prod", "dev")] == ["111", "112"]


def test_each_environment_has_its_own_app_ids_and_main_is_the_default() -> None:
    assert [going(SEVERAL, environment=name).app_id for name in (None, "main", "brand-b")] == ["111", "111", "221"]


@pytest.mark.parametrize("block", [{}, ONE, BY_TARGET, {"environments": {"main": {"prod": "111"}}}])
def test_environment_overrides_the_project(block: dict[str, Any]) -> None:
    assert going(block, HEAP_APP_ID="9").app_id == "9"
    assert going(block, HEAP_APP_ID__MAIN="8", HEAP_APP_ID="9").app_id == "8"
    assert going(block, "a target without id", HEAP_APP_ID="9").app_id == "9"


def test_each_of_several_environments_has_a_variable() -> None:
    assert going(SEVERAL, environment="brand-b", HEAP_APP_ID__BRAND_B="9").app_id == "9"
    assert going(SEVERAL, environment="main", HEAP_APP_ID__BRAND_B="9").app_id == "111"
    assert going(SEVERAL, environment="main", HEAP_APP_ID__MAIN="9").app_id == "9"


@pytest.mark.parametrize("environment", ["main", "brand-b", None])
def test_one_variable_for_several_environments_is_refused(environment: str | None) -> None:
    assert refusal(SEVERAL, environment=environment, HEAP_APP_ID="98765432", HEAP_APP_ID__BRAND_B="9") == (
        "HEAP_APP_ID is set, but the project has several environments: "
        "set one of HEAP_APP_ID__MAIN, HEAP_APP_ID__BRAND_B instead"
    )


def test_one_environment_of_a_project_may_have_any_name() -> None:
    block = {"environments": {"shop": {"prod": "111"}}}
    assert going(block, environment="shop").app_id == "111"
    assert going(block, environment="shop", HEAP_APP_ID__SHOP="8", HEAP_APP_ID="9").app_id == "8"
    assert going(block, environment="shop", HEAP_APP_ID="9").app_id == "9"


def test_empty_variable_counts_as_not_set() -> None:
    found = going(BY_TARGET, HEAP_APP_ID="", HEAP_APP_ID__MAIN="", HEAP_REGION="", HEAP_BASE_URL="")
    assert found == Destination("111", US, EVENTS_PER_MINUTE)
    assert going(SEVERAL, HEAP_APP_ID="").app_id == "111"


@pytest.mark.parametrize("variable", ["HEAP_APP_ID", "HEAP_APP_ID__MAIN"])
@pytest.mark.parametrize("value", ["98765432x", "abc", " 1", "-1", "1.5"])
def test_variable_with_an_invalid_app_id_is_reported_without_its_value(variable: str, value: str) -> None:
    assert refusal({}, **{variable: value}) == (f"{variable} is not a valid Environment ID (digits only); {WHERE}")


def test_missing_app_id_is_reported_with_where_to_find_one() -> None:
    assert refusal({}) == (
        'no Environment ID is set: set `vars: dbt_heap: app_ids: {<dbt target>: "…"}` in '
        f"dbt_project.yml, or the variable HEAP_APP_ID; {WHERE}"
    )


NO_ID: dict[str, tuple[dict[str, Any], str]] = {
    "app_ids": (
        BY_TARGET,
        "vars.dbt_heap.app_ids has no Environment ID for the dbt target 'prdo' "
        "(it has one for: dev, prod; did you mean `prod`?). Add it, or set the variable HEAP_APP_ID",
    ),
    "one environment": (
        {"environments": {"main": {"prod": "111"}}},
        "vars.dbt_heap.environments.main has no Environment ID for the dbt target 'prdo' "
        "(it has one for: prod; did you mean `prod`?). Add it, or set the variable HEAP_APP_ID",
    ),
    "several environments": (
        SEVERAL,
        "vars.dbt_heap.environments.main has no Environment ID for the dbt target 'prdo' "
        "(it has one for: prod; did you mean `prod`?). Add it, or set the variable HEAP_APP_ID__MAIN",
    ),
    "an environment without any": (
        {"environments": {"main": {"region": "eu"}}},
        "vars.dbt_heap.environments.main has no Environment ID for the dbt target 'prdo' "
        "(it has none for any). Add it, or set the variable HEAP_APP_ID",
    ),
}


@pytest.mark.parametrize("name", NO_ID)
def test_target_without_app_id_is_reported_with_those_that_have_one(name: str) -> None:
    block, says = NO_ID[name]
    assert refusal(block, "prdo") == f"{says}; {WHERE}"


def test_environment_that_does_not_exist_is_reported_with_the_nearest() -> None:
    assert refusal(SEVERAL, environment="brand_c") == (
        "vars.dbt_heap.environments has no 'brand_c'; did you mean `brand-b`?; it has: main, brand-b"
    )
    assert refusal(ONE, environment="b") == "vars.dbt_heap.environments has no 'b'; it has: main"


# Region and address


def test_region_is_us_unless_project_or_environment_set_it() -> None:
    assert going(ONE).base_url == US
    assert going({**ONE, "region": "eu"}).base_url == EU
    assert going({**ONE, "region": "eu"}, HEAP_REGION="us").base_url == US
    assert going(ONE, HEAP_REGION="eu").base_url == EU


def test_environments_region_overrides_the_blocks() -> None:
    assert [going(SEVERAL, environment=name).base_url for name in ("main", "brand-b")] == [US, EU]
    everywhere_eu = {"region": "eu", "environments": {"main": {"prod": "1"}, "us": {"prod": "2", "region": "us"}}}
    assert [going(everywhere_eu, environment=name).base_url for name in ("main", "us")] == [EU, US]


def test_region_for_all_of_several_environments_is_refused() -> None:
    assert "the project has several environments" in refusal(SEVERAL, HEAP_REGION="us")


def test_app_id_with_an_unset_variable_is_reported_where_needed() -> None:
    ids = {"app_ids": {"dev": "7", "prod": "env_var HEAP_PROD"}}
    assert going(ids, "dev").app_id == "7"
    assert refusal(ids, "prod").startswith("the environment variable HEAP_PROD is not set. vars.dbt_heap uses it")


def test_unknown_region_is_reported_with_the_nearest() -> None:
    assert refusal(ONE, HEAP_REGION="EU") == "HEAP_REGION must be 'us' or 'eu', not 'EU'; did you mean `eu`?"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://heap.example.com", "https://heap.example.com"),
        ("https://heap.example.com/", "https://heap.example.com"),
        (" https://heap.example.com:8443/api-gateway/ ", "https://heap.example.com:8443/api-gateway"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://localhost", "http://localhost"),
        ("http://LOCALHOST:1", "http://LOCALHOST:1"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_base_url_is_https_or_local_and_overrides_every_region(given: str, taken: str) -> None:
    assert going({**ONE, "region": "eu"}, HEAP_BASE_URL=given, HEAP_REGION="eu").base_url == taken


NO_ADDRESS = "must be an address such as https://heapanalytics.com"
NOT_BARE = "must be an address without user, password, query and fragment"
NOT_SAFE = "must use https; plain http is only allowed to this machine (127.0.0.1), such as to the sandbox"

URLS = {
    "s3cret": NO_ADDRESS,
    "s3cret.example.com": NO_ADDRESS,
    "//s3cret.example.com": NO_ADDRESS,
    "ftp://s3cret.example.com": NO_ADDRESS,
    "file:///s3cret": NO_ADDRESS,
    "https://": NO_ADDRESS,
    "https:///s3cret": NO_ADDRESS,
    "https://s3cret.example.com:0": NO_ADDRESS,
    "https://s3cret example.com": NO_ADDRESS,
    "https://s3cret\n.example.com": NO_ADDRESS,
    "https://s3cret.example.com:99999": "is not an address",
    "https://s3cret.example.com:port": "is not an address",
    "https://[s3cret": "is not an address",
    "https://s3cret@example.com": NOT_BARE,
    "https://user:s3cret@example.com": NOT_BARE,
    "https://@example.com": NOT_BARE,
    "https://example.com/?key=s3cret": NOT_BARE,
    "https://example.com/?": NOT_BARE,
    "https://example.com/#s3cret": NOT_BARE,
    "https://example.com/#": NOT_BARE,
    "http://s3cret.example.com": NOT_SAFE,
    "http://127.0.0.1.s3cret.example.com": NOT_SAFE,
    "http://localhost.s3cret.example.com:8765": NOT_SAFE,
    "http://127.0.0.1\\.s3cret.example.com": NOT_SAFE,
    "http://0.0.0.0": NOT_SAFE,
    "http://heapanalytics.com": NOT_SAFE,
    "http://127.0.0.1@s3cret.example.com": NOT_BARE,
}


@pytest.mark.parametrize("url", URLS, ids=ascii)
def test_any_other_base_url_is_refused_without_repeating_it(url: str) -> None:
    assert refusal(ONE, HEAP_BASE_URL=url) == f"HEAP_BASE_URL {URLS[url]}"


# The rate


def test_flag_overrides_the_project_which_overrides_heaps_limit() -> None:
    assert going(ONE).events_per_minute == EVENTS_PER_MINUTE
    assert going(SEVERAL, environment="brand-b").events_per_minute == 50
    assert going(SEVERAL, environment="main").events_per_minute == EVENTS_PER_MINUTE
    assert going(SEVERAL, environment="brand-b", events_per_minute=7).events_per_minute == 7


def test_rate_flag_overrides_its_variable() -> None:
    @click.command
    @rate_option
    def command(**given: Any) -> None:
        click.echo(str(settings_of(**given).events_per_minute))

    def said(*arguments: str, **environ: str) -> str:
        return CliRunner().invoke(command, arguments, env=environ).output.strip()

    assert said(DBT_HEAP_EVENTS_PER_MINUTE="") == "None"
    assert said(DBT_HEAP_EVENTS_PER_MINUTE="6") == "6"
    assert said("--events-per-minute", "5", DBT_HEAP_EVENTS_PER_MINUTE="6") == "5"
    assert "is not in the range x>=1" in said("--events-per-minute", "0")


# Labels


def label(base_url: str, app_id: str = "111") -> str:
    return Destination(app_id, base_url, 1).label


def test_destination_label_has_app_id_and_host() -> None:
    assert label(US) == "111@heapanalytics.com"
    assert label("http://127.0.0.1:8765") == "111@127.0.0.1:8765"
    assert label("https://example.com/gateway/") == "111@example.com/gateway"


def test_labels_distinguish_destinations() -> None:
    places = [
        label(US), label(US, "112"), label(EU), label("http://127.0.0.1:8765"), label("http://127.0.0.1:8766"),
        label("http://localhost:8765"), label("https://example.com:8443"), label("https://example.com"),
        label("https://example.com/gateway"),
    ]  # fmt: skip
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("other", ["https://HeapAnalytics.com", "https://heapanalytics.com:443", f"{US}/"])
def test_one_place_has_one_label_however_it_is_written(other: str) -> None:
    assert going(ONE, HEAP_BASE_URL=other).label == going(ONE).label


# What must not show


def test_repr_shows_neither_app_id_nor_environment_nor_vars() -> None:
    settings = Settings(
        project_dir=Path(), cli_vars={"dbt_heap": {"app_id": "98765432"}}, environ={"DB_PASSWORD": "s3cret"}
    )
    assert "98765432" not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert "98765432" not in repr(Destination("98765432", US, 1))


# Folders


def test_project_is_the_nearest_folder_that_has_a_project_file(tmp_path: Path) -> None:
    inner = tmp_path / "shop" / "models" / "staging"
    inner.mkdir(parents=True)
    assert project_dir_from(inner) == inner
    (tmp_path / "dbt_project.yml").touch()
    assert project_dir_from(inner) == tmp_path
    (tmp_path / "shop" / "dbt_project.yml").touch()
    assert project_dir_from(inner) == project_dir_from(tmp_path / "shop") == tmp_path / "shop"


def test_profiles_are_read_here_then_at_home_then_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, project, home = (tmp_path / name for name in ("here", "project", "home"))
    for folder in (here, project, home):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    settings = Settings(project_dir=project, environ={})
    assert settings.profiles_folder == home / ".dbt"
    (project / "profiles.yml").touch()
    assert settings.profiles_folder == project  # where dbt 2 looks, too
    (home / ".dbt").mkdir()
    (home / ".dbt" / "profiles.yml").touch()
    assert settings.profiles_folder == home / ".dbt"
    (here / "profiles.yml").touch()
    assert settings.profiles_folder == here
    assert Settings(project_dir=project, profiles_dir=home, environ={}).profiles_folder == home


def test_without_flags_the_project_is_searched_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dbt_project.yml").touch()
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path / "models")
    assert Settings().project_dir == settings_of().project_dir == tmp_path
    assert settings_of(project_dir=Path("elsewhere")).project_dir == Path("elsewhere")


def test_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAP_APP_ID", "77")
    assert destination(Settings(), HeapVars(), None, "dev").app_id == "77"


@pytest.mark.parametrize(
    ("given", "selecting"),
    [({}, False), ({"select": ("a",)}, True), ({"exclude": ("a",)}, True), ({"selector": "a"}, True)],
)
def test_selection_is_one_of_three_flags(given: dict[str, Any], selecting: bool) -> None:
    assert Settings(**given).selecting is selecting
