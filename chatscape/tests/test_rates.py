"""How often one person, and one address, may do something (MO5)."""

import logging
import uuid
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import RateLimited
from chatscape import rates
from chatscape.env import Settings
from chatscape.rates import DEFAULTS, Bucket, Limit, Rate, client_address, limits_in, rates_of

ALICE, BOB = uuid.uuid4(), uuid.uuid4()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()
    rates._buckets.clear()
    yield
    cache.clear()
    rates._buckets.clear()


def test_a_person_in_a_hurry_passes_and_a_machine_does_not(clock):
    bucket = Bucket(Rate.parse(DEFAULTS["send"][0]), clock)
    for _message in range(100):
        # As an outbox does that comes back to the net.
        clock.now += 0.01
        assert bucket.wait(ALICE) == 0

    clock.now += 60
    passed = 0
    for _message in range(1_000):
        clock.now += 0.01
        passed += bucket.wait(ALICE) == 0
    assert 230 <= passed <= 240


def test_who_waits_as_long_as_told_passes_and_who_does_not_has_lost_nothing(clock):
    bucket = Bucket(Rate(3, 6), clock)
    assert [bucket.wait(ALICE) for _time in range(3)] == [0, 0, 0]
    assert bucket.wait(ALICE) == bucket.wait(ALICE) == pytest.approx(2)
    clock.now += 1.9
    assert bucket.wait(ALICE) == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.wait(ALICE) == 0
    assert bucket.wait(ALICE) == pytest.approx(2)


def test_one_person_is_nothing_to_another(clock):
    bucket = Bucket(Rate(1, 60), clock)
    assert bucket.wait(ALICE) == 0
    assert bucket.wait(ALICE) > 0
    assert bucket.wait(BOB) == 0


@given(
    rate=st.builds(Rate, st.integers(1, 50), st.integers(1, 100)),
    pauses=st.lists(st.floats(0, 30, allow_nan=False), max_size=200),
)
def test_no_stretch_of_time_has_more_than_twice_the_rate(rate, pauses):
    clock = Clock()
    bucket, passed = Bucket(rate, clock), []
    for pause in pauses:
        clock.now += pause
        if not bucket.wait(ALICE):
            passed.append(clock.now)
    for start in passed:
        within = [at for at in passed if start <= at < start + rate.seconds]
        # All at once, and what flows in meanwhile.
        assert len(within) <= 2 * rate.amount


def test_its_memory_is_bounded_and_emptied(clock, monkeypatch):
    monkeypatch.setattr(rates, "KEYS_MOST", 100)
    bucket = Bucket(Rate(2, 10), clock)
    for key in range(1_000):
        assert bucket.wait(key) == 0
        assert len(bucket) <= 200
    # Who came last is still known.
    assert bucket.wait(999) == 0
    assert bucket.wait(999) > 0
    clock.now += 20
    bucket.wait("later")
    assert len(bucket) == 1


def test_nobody_is_forgotten_while_they_must_wait(clock):
    bucket = Bucket(Rate(1, 100), clock)
    bucket.wait("first")
    clock.now += 99
    assert bucket.wait(ALICE) == 0
    for _step in range(9):
        clock.now += 11
        assert bucket.wait(ALICE) > 0
        bucket.wait(object())
    clock.now += 1
    assert bucket.wait(ALICE) == 0


@pytest.mark.parametrize("name", ["send", "report"])
def test_persons_and_addresses_are_counted_by_themselves(name, settings):
    settings.LIMITS = {name: Limit(Rate(2, 3600), Rate(3, 3600))}
    for _time in range(2):
        rates.check(name, person=ALICE, address="192.0.2.1")
    with pytest.raises(RateLimited) as refusal:
        rates.check(name, person=ALICE, address="192.0.2.2")
    assert 0 < (refusal.value.retry_after or 0) <= 3600
    assert refusal.value.as_dict()["code"] == "rate_limited"
    rates.check(name, person=BOB, address="192.0.2.1")
    with pytest.raises(RateLimited):
        rates.check(name, person=(carol := uuid.uuid4()), address="192.0.2.1")
    # What was refused for the address is not counted against the person.
    for _time in range(2):
        rates.check(name, person=carol, address="192.0.2.3")


def test_what_has_no_limit_is_never_refused(settings):
    settings.LIMITS = {"send": Limit(None, None)}
    for _time in range(100):
        rates.check("send", person=ALICE, address="192.0.2.1")
        rates.check("report", person=ALICE, address="192.0.2.1")


def test_the_words_say_how_long(settings):
    assert "1 second." in str(rates.too_fast(0.2))
    assert "45 seconds." in str(rates.too_fast(44.1))
    assert "2 minutes." in str(rates.too_fast(100))
    assert "90 minutes." in str(rates.too_fast(5_400))
    assert "4 hours." in str(rates.too_fast(12_180))
    assert rates.too_fast(100).retry_after == 100


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        # Without a proxy of ours a client may claim what it likes.
        ("192.0.2.1", "198.51.100.7", 0, "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", 1, "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", 2, "198.51.100.7"),
        # Behind fewer proxies than usual, and behind none.
        ("10.0.0.1", "198.51.100.7", 2, "198.51.100.7"),
        ("10.0.0.1", "", 2, "10.0.0.1"),
        ("10.0.0.1", "nonsense", 1, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", 1, "198.51.100.7"),
        ("10.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "", 0, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "", 0, "fe80::/64"),
        ("::ffff:192.0.2.1", "", 0, "192.0.2.1"),
        ("", "", 0, ""),
        ("/run/socket", "", 0, ""),
    ],
)
def test_an_address_is_the_one_our_outermost_proxy_saw(peer, forwarded, proxies, address):
    assert client_address(peer, forwarded, proxies) == address


def test_requests_and_sockets_come_from_the_same_address(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.1, 10.9.9.9"
    )
    headers = [(b"x-forwarded-for", b"6.6.6.6, 192.0.2.1"), (b"x-forwarded-for", b"10.9.9.9")]
    scope = {"client": ["10.0.0.1", 4711], "headers": headers}
    assert rates.address_of(request) == rates.address_in(scope) == "192.0.2.1"
    assert rates.address_in({"client": None, "headers": []}) == ""


@pytest.mark.parametrize("value", ["30/10s", "1/1s", "5/5m", "100/1d"])
def test_a_rate_is_read(value):
    amount, _slash, span = value.partition("/")
    seconds = int(span[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[span[-1]]
    assert Rate.parse(value) == Rate(int(amount), seconds)


@pytest.mark.parametrize(
    "value", ["", "0/1s", "30", "30/s", "30/0s", "30 / 10s", "30/10", "-1/1s", "30/10w", "٣/1s", "OFF"]
)
def test_a_wrong_rate_is_refused(value):
    with pytest.raises(ValueError, match="no rate"):
        Rate.parse(value)


def test_the_environment_says_what_holds(monkeypatch):
    monkeypatch.setenv("LIMITS", "on")
    monkeypatch.setenv("LIMIT_SEND", "5/1m")
    monkeypatch.setenv("LIMIT_SEND_ADDRESS", "off")
    limits = limits_in(Settings())
    assert limits.keys() == DEFAULTS.keys()
    assert limits["send"] == Limit(Rate(5, 60), None)
    assert rates_of(limits["sign_in"]) == "5/300s/key,10/60s/ip"
    monkeypatch.setenv("LIMIT_SEARCH_ADDRESS", "many")
    with pytest.raises(ImproperlyConfigured, match="LIMIT_SEARCH_ADDRESS: must be like 30/10s, or off"):
        limits_in(Settings())
    monkeypatch.delenv("LIMIT_SEARCH_ADDRESS")
    monkeypatch.setenv("LIMITS", "off")
    assert limits_in(Settings()) == {}


def test_all_processes_count_together(redis_server, settings):
    settings.LIMITS = {"report": Limit(Rate(3, 86400), None)}
    backend = {"BACKEND": "chatscape.cache.TolerantRedisCache", "LOCATION": redis_server.url}
    with override_settings(CACHES={"default": backend}):
        for _time in range(3):
            rates.check("report", person=ALICE)
            # Another process has the cache alone in common.
            rates._buckets.clear()
        with pytest.raises(RateLimited):
            rates.check("report", person=ALICE)


def test_without_redis_nobody_is_refused_and_it_is_said_once(redis_server, settings, caplog, monkeypatch):
    monkeypatch.setattr("chatscape.cache.TolerantRedisCache.gone", False)
    settings.LIMITS = {"report": Limit(Rate(1, 86400), Rate(1, 86400))}
    backend = {
        "BACKEND": "chatscape.cache.TolerantRedisCache",
        "LOCATION": redis_server.url,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    with override_settings(CACHES={"default": backend}), caplog.at_level(logging.INFO, "chatscape.cache"):
        rates.check("report", person=ALICE, address="192.0.2.1")
        redis_server.kill()
        for _time in range(5):
            rates.check("report", person=ALICE, address="192.0.2.1")
        assert len(caplog.records) == 1
        redis_server.restart()
        rates.check("report", person=BOB, address="192.0.2.2")
        with pytest.raises(RateLimited):
            rates.check("report", person=BOB, address="192.0.2.2")
        assert len(caplog.records) == 2


def test_every_limit_is_described():
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    for name, (person, address) in DEFAULTS.items():
        for variable, default in (
            (f"LIMIT_{name.upper()}", person),
            (f"LIMIT_{name.upper()}_ADDRESS", address),
        ):
            assert (f"| `{variable}` | `{default}` |" in text) is (default is not None)
