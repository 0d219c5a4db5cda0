"""The sandbox's page in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Error, Page, expect

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.browser import SECONDS
from tests.project import HANGS_SECONDS

HOSTILE = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    '"><svg/onload=window.hit=1>',
    "</pre></li></script><iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "javascript:window.hit=1",
    "${window.hit=1} {{constructor.constructor('window.hit=1')()}}",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "\u202e\u0000\u2028 right to left",
    "__proto__",
    "<a href='javascript:window.hit=1' autofocus onfocus='window.hit=1'>look</a>",
    "<details open ontoggle='window.hit=1'><summary>more</summary></details>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=window.hit=1&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "<base href='//example.org/'><meta http-equiv='refresh' content='0;url=//example.org'>",
    "<style>*{display:none}</style><link rel='stylesheet' href='//example.org'>",
    "<object data='//example.org'></object><template><b>none</b></template>",
    "\ufeff+ADw-script+AD4-window.hit=1+ADw-/script+AD4-",
    "]]><!--><script>window.hit=1//--></script>",
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with running(SandboxOptions(rate_limits=False)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.reset()
    shared.misbehave("")
    return shared


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    """Yield the page. At the end, the browser must have logged no errors."""
    context = browser.new_context(base_url=sandbox.url, reduced_motion="reduce")  # animations take time
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    yield page
    context.close()
    assert [each for each in errors if "400 (Bad Request)" not in each] == []  # the sandbox refused faults


def send(sandbox: Sandbox, endpoint: str, **records: Any) -> int:
    return requests.post(
        f"{sandbox.url}/api/{endpoint}", json={"app_id": "11", **records}, timeout=HANGS_SECONDS
    ).status_code


def user(sandbox: Sandbox, identity: str, **properties: object) -> int:
    return send(sandbox, "add_user_properties", users=[{"identity": identity, "properties": properties}])


def new_page(browser: Browser) -> Page:
    page = browser.new_page()
    page.set_default_timeout(SECONDS * 1000)
    return page


def view(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.locator("nav a[aria-current=page]")).to_contain_text(name)


def subjects(page: Page) -> Any:
    return page.locator("#list h3")


def test_empty_page_shows_a_command_to_start_with(page: Page, sandbox: Sandbox) -> None:
    expect(page.get_by_role("status").first).to_have_text("Live")
    expect(page.locator("#example")).to_have_text(f"HEAP_BASE_URL={sandbox.url} HEAP_APP_ID=11 dbt-heap sync")


def test_page_updates_itself_with_the_newest_first(page: Page, sandbox: Sandbox) -> None:
    user(sandbox, "ana", Plan="team", Seats=3)
    expect(subjects(page)).to_have_text(["ana"])
    expect(page.locator("#list dl")).to_have_text("PlanteamSeats3")
    user(sandbox, "ben")
    user(sandbox, "ana", Seats=4)
    expect(subjects(page)).to_have_text(["ana", "ben"])
    expect(page.locator("nav")).to_contain_text("Users 2")
    expect(page.locator("nav")).to_contain_text("Requests 3")


def test_accounts_and_events_have_their_own_lists(page: Page, sandbox: Sandbox) -> None:
    send(sandbox, "add_account_properties", account_id="north", properties={"MRR": 480})
    send(sandbox, "track", identity="ana", event="Paid", idempotency_key="k1", properties={"Total": 9.5})
    view(page, "Accounts")
    expect(subjects(page)).to_have_text(["north"])
    view(page, "Events")
    expect(subjects(page)).to_have_text(["Paid"])
    expect(page.locator("#list li")).to_contain_text("ana")
    expect(page.locator("#list .keys")).to_have_text("idempotency_keyk1")


def test_search_covers_everything_and_includes_what_arrives_later(page: Page, sandbox: Sandbox) -> None:
    people = [{"identity": f"u{number:03}", "properties": {"Plan": f"p{number}"}} for number in range(250)]
    send(sandbox, "add_user_properties", users=people)
    expect(page.locator("#found")).to_have_text("Showing the latest 100. Search covers everything.")
    page.get_by_role("searchbox").fill("P7")
    expect(page.locator("#found")).to_have_text("11 found")
    user(sandbox, "later", Plan="p7")
    expect(page.locator("#found")).to_have_text("12 found")
    expect(subjects(page).first).to_have_text("later")
    page.get_by_role("searchbox").fill("unknown")
    expect(page.locator("#found")).to_have_text("0 found")


def test_show_more_lists_more_items(page: Page, sandbox: Sandbox) -> None:
    send(sandbox, "add_user_properties", users=[{"identity": f"u{number:03}"} for number in range(150)])
    expect(subjects(page)).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(subjects(page)).to_have_count(150)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_request_shows_its_verdict_reason_and_body(page: Page, sandbox: Sandbox) -> None:
    body = '{"app_id":"11","identity":"ana","properties":{"n":12345678901234567890}}'
    headers = {"Content-Type": "application/json"}
    requests.post(f"{sandbox.url}/api/add_user_properties", data=body, headers=headers, timeout=HANGS_SECONDS)
    send(sandbox, "track", identity="ana")
    expect(page.locator("#list dd")).to_have_text("12345678901234567890")
    view(page, "Requests")
    verdicts = page.locator("#list .verdict")
    expect(verdicts).to_have_text(["400 refused", "200 accepted"])
    expect(page.locator("#list .reason").first).to_have_text("postBody.events[0] should have required property 'event'")
    page.locator("summary").last.press("Enter")
    expect(page.locator("#list pre")).to_contain_text('"n": 12345678901234567890\n')
    user(sandbox, "ben")
    expect(verdicts).to_have_count(3)
    expect(page.locator("details[open] pre")).to_be_visible()


def test_records_link_to_the_request_that_sent_them(page: Page, sandbox: Sandbox) -> None:
    user(sandbox, "ana", Plan="team")
    user(sandbox, "ben", Plan="free")
    page.get_by_role("link", name="request 1").click()
    expect(page.locator("summary .number")).to_have_text(["1"])
    expect(page.locator("#list pre")).to_contain_text("team")
    view(page, "Requests")
    expect(page.locator("summary .number")).to_have_text(["2", "1"])


def test_fault_is_turned_on_and_off_on_the_page(page: Page, sandbox: Sandbox) -> None:
    page.get_by_label("500 server error").select_option("every request")
    expect(page.get_by_label("All faults")).to_have_value("500:1")
    assert user(sandbox, "ana") == 500
    view(page, "Requests")
    expect(page.locator("#list .verdict")).to_have_text(["500 fault"])
    page.get_by_role("button", name="Turn all off").click()
    expect(page.get_by_label("500 server error")).to_have_value("")
    assert user(sandbox, "ana") == 200


def test_panel_shows_faults_that_are_used_up_or_set_elsewhere(page: Page, sandbox: Sandbox) -> None:
    sandbox.misbehave("429x1,html:0.07", seed=3)
    expect(page.get_by_label("429 too many")).to_have_value("x1")
    expect(page.get_by_label("html a proxy")).to_have_value(":0.07")
    assert user(sandbox, "ana") == 429
    expect(page.get_by_label("429 too many")).to_have_value("")
    expect(page.get_by_label("All faults")).to_have_value("html:0.07")


def test_faults_can_be_entered_and_invalid_ones_are_reported(page: Page, sandbox: Sandbox) -> None:
    errors = page.locator("#faults-error")
    page.get_by_label("All faults").fill("503x1")
    page.get_by_label("All faults").press("Enter")
    expect(page.get_by_role("button", name="Turn all off")).to_be_visible()
    assert user(sandbox, "ana") == 503
    page.get_by_label("All faults").fill("often")
    page.get_by_role("button", name="Apply").click()
    expect(errors).to_contain_text("'often' is not a valid fault")


def test_reset_asks_for_confirmation_and_deletes_everything(page: Page, sandbox: Sandbox) -> None:
    for sure in (True, False):
        user(sandbox, "ana")
        expect(subjects(page)).to_have_text(["ana"])
        page.get_by_role("button", name="Reset …").click()
        if sure:
            page.get_by_role("dialog").get_by_role("button", name="Reset").click()
            expect(page.locator("#nothing")).to_be_visible()
            assert sandbox.counts()["requests"] == 0
        else:
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
            assert sandbox.counts()["requests"] == 1


def test_page_pauses_and_continues(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pulse")).to_have_text("Paused")
    user(sandbox, "ana")
    page.wait_for_timeout(1200)  # longer than the interval between refreshes
    expect(subjects(page)).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(subjects(page)).to_have_text(["ana"])


def test_manual_actions_work_while_the_page_is_paused(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Pause").click()
    user(sandbox, "ana")
    page.get_by_label("500 server error").select_option("next request")
    expect(page.locator("nav")).to_contain_text("Users 1")
    expect(page.locator("#pulse")).to_have_text("Paused")
    view(page, "Requests")
    expect(page.locator("#list .verdict")).to_have_text(["200 accepted"])


def test_keyboard_skips_the_list_and_the_view_stays(page: Page, sandbox: Sandbox) -> None:
    for who in ("ana", "ben"):
        user(sandbox, who)
    page.goto("/#requests/1")
    expect(page.locator("summary .number")).to_have_text(["1"])
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Faults")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("500 server error")).to_be_focused()
    expect(page.locator("summary .number")).to_have_text(["1"])


def test_undocumented_values_are_shown_as_json(browser: Browser) -> None:
    with running(SandboxOptions(strict=False)) as lenient:
        body = '{"app_id":"11","identity":"ana","properties":{"p":{"n":[1.10,"1",true,null]}}}'
        headers = {"Content-Type": "application/json"}
        requests.post(f"{lenient.url}/api/add_user_properties", data=body, headers=headers, timeout=HANGS_SECONDS)
        page = new_page(browser)
        page.goto(lenient.url)
        expect(page.locator("#list dd")).to_have_text('{"n":[1.10,"1",true,null]}')
        page.close()


def test_hostile_values_are_text(page: Page, sandbox: Sandbox) -> None:
    properties = {text: text for text in HOSTILE}
    for text in HOSTILE:
        user(sandbox, text, **properties)
        send(sandbox, "add_account_properties", account_id=text, properties=properties)
        send(sandbox, "track", identity=text, event=text, properties=properties)
        assert send(sandbox, "track", identity=text, event=text, properties={text: {}}) == 400
    for name in ("Users", "Accounts", "Events"):
        view(page, name)
        expect(page.locator("#title")).to_have_text(name.lower())
        expect(subjects(page)).to_have_count(len(HOSTILE))
        assert set(subjects(page).all_text_contents()) == set(HOSTILE)
        assert page.locator("#list .properties dt").all_text_contents() == HOSTILE * len(HOSTILE)
        assert page.locator("#list .properties dd").all_text_contents() == HOSTILE * len(HOSTILE)
        assert_nothing_ran(page)
    view(page, "Requests")
    expect(page.locator("#list .reason").filter(has_text="<script>window.hit = 1</script>")).to_have_count(1)
    page.locator("summary").first.click()
    expect(page.locator("#list pre")).to_contain_text(f'"identity": {json.dumps(HOSTILE[-1])}')
    assert_nothing_ran(page)


def test_typed_search_and_address_are_shown_as_text(page: Page, sandbox: Sandbox) -> None:
    for text in HOSTILE[:4]:
        page.get_by_role("searchbox").fill(text)
        page.get_by_label("All faults").fill(text)
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("#faults-error")).to_contain_text("is not a valid fault")
        page.evaluate("text => location.hash = `#requests/${text}`", text)
        expect(page.locator("#found")).to_contain_text("does not exist")
        page.evaluate("location.hash = '#users'")
        expect(page.locator("#found")).to_have_text("0 found")
    assert_nothing_ran(page)


def assert_nothing_ran(page: Page) -> None:
    assert page.evaluate("window.hit") is None
    assert (
        page.locator("body :is(script, svg, iframe, object, style, base, meta, math, template, [onfocus])").count() == 0
    )
    assert page.locator("#list :is(img, b, a:not([href^='#requests/'], [href^='sandbox/requests/']))").count() == 0
    assert page.url.startswith(page.evaluate("location.origin"))


def test_browser_refuses_to_turn_text_into_html_or_code(browser: Browser, sandbox: Sandbox) -> None:
    page = new_page(browser)
    page.goto(sandbox.url)
    for slip in (
        "document.body.innerHTML = '<b>'",
        "document.body.setAttribute('onclick', 'window.hit = 1')",
        "document.createElement('script').text = 'window.hit = 1'",
    ):
        with pytest.raises(Error, match="requires 'Trusted"):
            page.evaluate(slip)
    page.close()


def test_form_on_another_website_is_refused(browser: Browser, sandbox: Sandbox) -> None:
    user(sandbox, "ana")
    page = new_page(browser)
    page.set_content(f"<form method='post' action='{sandbox.url}/sandbox/reset'><button>Win a prize</button></form>")
    page.get_by_role("button").click()
    expect(page.locator("body")).to_have_text("The sandbox refuses requests from other websites.")
    assert sandbox.counts()["users"] == 1
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_and_nothing_overflows_on_a_phone(page: Page, sandbox: Sandbox, scheme: Any) -> None:
    user(sandbox, "a" * 255, Plan="v" * 1023, **{"n" * 300: 1})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    expect(subjects(page)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for selector in ("body", "#pulse", "nav a", "#list dt", "#list dd.other", ".origin a", "aside p", "button.danger"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio, with the nearest background that is not transparent
CONTRAST = """element => {
    const luminance = color => {
        const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
            .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    const [low, high] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
        .map(luminance).sort((one, other) => one - other);
    return (high + 0.05) / (low + 0.05);
}"""


def test_page_notices_when_the_sandbox_stops_and_returns(browser: Browser) -> None:
    with running(SandboxOptions()) as first:
        page = new_page(browser)
        page.goto(first.url)
        expect(page.locator("#pulse")).to_have_text("Live")
    expect(page.locator("#pulse")).to_have_text("The sandbox does not answer")
    with running(SandboxOptions(port=int(first.url.rpartition(":")[2]))) as second:
        user(second, "ana")
        expect(subjects(page)).to_have_text(["ana"])
        expect(page.locator("#pulse")).to_have_text("Live")
    page.close()
