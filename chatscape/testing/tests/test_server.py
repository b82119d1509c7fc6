"""ChatScape's own process can be started, killed and started again."""

import pytest


def test_the_process_survives_being_killed(serve):
    server = serve()
    assert server.get("/health/ready")[0] == 200
    address, process = server.url, server.pid
    server.kill()
    with pytest.raises(OSError, match="refused"):
        server.get("/health/live")
    server.start()
    assert (server.url, server.get("/health/ready")[0]) == (address, 200)
    assert server.pid != process


def test_two_processes_share_real_servers(serve, postgres_server, redis_server):
    env = {"DATABASE_URL": postgres_server.url, "REDIS_URL": redis_server.url}
    one, other = serve(env), serve(env)
    assert one.port != other.port
    for server in (one, other):
        status, body = server.get("/health/ready")
        assert (status, '"not configured"' in body) == (200, False)


@pytest.mark.browser
def test_the_browser_shows_it_without_complaint(page):
    answer = page.goto("/")
    assert answer.status == 200
    assert page.title()


@pytest.mark.browser
def test_what_the_browser_complains_of_is_noted(page, problems):
    page.goto("/")
    style = "Object.assign(document.createElement('style'), {textContent: 'p {}'})"
    page.evaluate(f"document.head.append({style})")
    page.evaluate("console.error('mine')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.wait_for_function("true")
    page.evaluate("new Promise((done) => setTimeout(done))")
    for word in ("policy: style-src", "mine", "thrown"):
        assert any(word in problem for problem in problems), word
    problems.clear()
