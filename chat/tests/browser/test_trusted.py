"""What somebody manages to put into a page does not run, and is not even put into it (MO7)."""

import pytest
from playwright.sync_api import Page, expect

from chat.tests.browser.people import articles, connected, expect_messages, send

pytestmark = pytest.mark.browser

# What a browser says of what it refused, in its words and in ours.
REFUSED = r"require-trusted-types-for|trusted-types|Trusted(HTML|Script)|Refused to|violates the following"
# Each puts a text where it would become elements or code.
WAYS = {
    "innerHTML": "text => { document.createElement('div').innerHTML = text }",
    "outerHTML": "text => { document.querySelector('main').outerHTML = text }",
    "beside": "text => document.body.insertAdjacentHTML('beforeend', text)",
    "written": "text => document.write(text)",
    "frame": "text => { document.createElement('iframe').srcdoc = text }",
    "parsed": "text => new DOMParser().parseFromString(text, 'text/html')",
    "fragment": "text => document.createRange().createContextualFragment(text)",
}
HARMFUL = (
    "<script>document.title = 'taken'</script>",
    "<p>Hello</p><script src='/static/js/app.js' nonce='x'></script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    "<svg><a onclick='1'></a></svg>",
    "<template><p><img src=x ONERROR=1></p></template>",
    "<iframe src='/profile/'></iframe>",
    "<base href='https://example.org/'>",
    "<meta http-equiv='refresh' content='0;url=https://example.org/'>",
    "<p hx-on:click='1'>Hello</p>",
)
CODE = (
    "document.createElement('script').text = 'document.title = \"taken\"'",
    "document.createElement('script').src = '/static/js/app.js'",
    "document.createElement('script').setAttribute('src', '/contacts/')",
    "new Worker('/static/js/app.js')",
    "trustedTypes.createPolicy('mine', { createHTML: text => text })",
    "trustedTypes.createPolicy('default', { createHTML: text => text })",
    "trustedTypes.createPolicy('chatscape', { createHTML: text => text })",
)
TRY = "async ([way, text]) => { try { await eval(way)(text) } catch (error) { return error.name } }"


@pytest.fixture
def page(desk, enter, problems) -> Page:
    problems.forgive(REFUSED)
    alice, _bob, room = desk.pair()
    return connected(enter(alice, f"/rooms/{room}/"))


def test_a_page_takes_no_text_with_code_in_it(page):
    title = page.title()

    for name, way in WAYS.items():
        for text in HARMFUL:
            assert page.evaluate(TRY, [way, text]) == "TypeError", (name, text)

    assert page.title() == title
    assert page.locator("main").count() == 1


def test_nor_code_or_its_address_or_a_policy_that_lets_it_through(page):
    for code in CODE:
        assert page.evaluate(TRY, [f"async () => {{ await ({code}) }}", ""]) == "TypeError", code


def test_harmless_text_becomes_elements(page):
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=new hx-get=\"/\">on = <b>x</b></p>')")

    expect(page.locator("#new b")).to_have_text("x")


def test_a_page_from_the_server_with_code_in_it_is_not_shown(page):
    path = "/contacts/"

    def spoil(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<h1", "<img src=x onerror=1><h1", 1))

    page.route(f"**{path}", spoil)
    before = page.url
    with page.expect_response(f"**{path}"):
        page.locator(f"a[href='{path}']").first.click()
    expect(page.locator("img[onerror]")).to_have_count(0)
    expect(articles(page)).to_have_count(0)
    assert page.url == before

    page.unroute_all()
    send(page, "still here")
    expect_messages(page, ["still here"])
