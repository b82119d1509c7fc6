"""What deploy/terraform takes for granted of the app. Runs without terraform."""

import json
import re

import pytest
from django.conf import settings
from django.urls import reverse

from chatscape.metrics.reporter import embedded
from chatscape.variables import KNOWN
from chatscape.workers import END_PATIENCE
from deploy.cloud import image
from deploy.tests.terraform import hcl

# Python's own.
NOT_OURS = {"TMPDIR"}


def resource(kind, name):
    [found] = [block for block in hcl.read() if block.labels == (kind, name)]
    return found


def local(name):
    """Return the expression of a local value."""
    [found] = [
        block.attributes[name] for block in hcl.read() if block.kind == "locals" and name in block.attributes
    ]
    return found


def first_object(name):
    return next(hcl.objects(local(name)))


def objects_as_written(name):
    """Yield the objects of a local value with what is computed in them, too."""
    return (tree for tree in local(name).iter_subtrees_topdown() if tree.data == "object")


@pytest.fixture(scope="module")
def container():
    """The container's definition; what only the server has is in it, too."""
    definition = resource("aws_ecs_task_definition", "each").attributes["container_definitions"]
    return {key: value for found in hcl.objects(definition) for key, value in found.items()}


def test_the_server_knows_every_variable_that_it_is_told():
    told = set(first_object("environment"))

    assert "PUBLIC_URL" in told
    assert told - set(KNOWN) == NOT_OURS
    assert not [name for name in told - NOT_OURS if KNOWN[name].secret]


def test_every_secret_is_one_that_the_server_reads():
    names = set(first_object("secrets"))

    assert names == set(hcl.strings(local("secret_names")))
    assert {name for name in names if name in KNOWN and KNOWN[name].secret} == names


def test_what_it_is_told_the_server_takes():
    for name, value in first_object("environment").items():
        variable = KNOWN.get(name)
        if variable is None or value is hcl.UNKNOWN:
            continue
        assert not variable.choices or value in variable.choices, name
        assert variable.least is None or variable.least <= int(value) <= variable.most, name


def test_whether_it_lives_is_asked_by_a_program_that_is_in_the_image(container):
    dockerfile = (settings.BASE_DIR / image.DOCKERFILE).read_text()
    [said] = re.findall(r"^HEALTHCHECK .*\\\n +CMD (.*)$", dockerfile, re.MULTILINE)
    asked = container["healthCheck"]["command"]

    assert asked == ["CMD", *json.loads(said)]
    [program] = [word.removeprefix("/srv/app/") for word in asked if word.startswith("/srv/app/")]
    assert settings.BASE_DIR / program in set(image.files(settings.BASE_DIR))


def test_the_authorities_that_the_database_is_believed_by_come_into_the_image(tmp_path):
    for name in (image.DOCKERFILE, image.IGNORED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((settings.BASE_DIR / name).read_bytes())
    authorities = tmp_path / hcl.literal(local("authorities"))
    authorities.write_text("-----BEGIN CERTIFICATE-----\n")

    assert authorities in set(image.files(tmp_path))


def test_the_pool_leads_back_to_where_the_server_waits():
    client = resource("aws_cognito_user_pool_client", "web")
    callback = reverse("openid_connect_callback", kwargs={"provider_id": "sso"})

    assert list(hcl.strings(client.attributes["callback_urls"])) == [callback]
    assert list(hcl.strings(client.attributes["logout_urls"])) == [reverse("home")]


def test_it_grows_with_the_number_that_the_server_writes(settings):
    settings.METRICS_LOG_NAMESPACE, settings.METRICS_LOG_SERVICE = "Namespace", "chatscape-trial"
    said = json.loads(embedded())
    [written] = said["_aws"]["CloudWatchMetrics"]
    [metric], [names] = written["Metrics"], written["Dimensions"]
    [specification] = [
        inner
        for inner in resource("aws_appautoscaling_policy", "web").walk()
        if inner.labels == ("customized_metric_specification",)
    ]
    [content] = [block for block in specification.blocks if block.kind == "content"]
    [dimension] = content.blocks

    assert list(hcl.strings(specification.attributes["for_each"])) == ["connections", metric["Name"]]
    assert content.value("unit") == metric["Unit"]
    assert [dimension.value("name")] == names
    # Each by the same local value on both sides.
    told = dict(hcl.pairs(next(objects_as_written("environment"))))
    for mine, name in (
        (content.attributes["namespace"], "METRICS_LOG_NAMESPACE"),
        (dimension.attributes["value"], "METRICS_LOG_SERVICE"),
    ):
        assert [*map(str, hcl.references(mine))] == [*map(str, hcl.references(told[name]))]


def test_alarms_watch_the_number_that_the_server_writes(settings):
    settings.METRICS_LOG_NAMESPACE = "Namespace"
    [written] = json.loads(embedded())["_aws"]["CloudWatchMetrics"]
    [alarm] = [
        found
        for found in hcl.objects(local("alarms"))
        if found.get("metric") == written["Metrics"][0]["Name"]
    ]

    assert [*alarm["of"]] == written["Dimensions"][0]


def test_connections_outlive_those_who_use_them():
    """Each closes later than whoever sends requests into it; sockets are heard of before anybody gives up."""
    seconds = {name: hcl.literal(local(name)) for name in ("heartbeat", "balancer_idle", "server_idle")}
    origins = list(resource("aws_cloudfront_distribution", "front").walk())
    [kept] = [
        inner.value("origin_keepalive_timeout")
        for inner in origins
        if "origin_keepalive_timeout" in inner.attributes
    ]

    assert kept < seconds["balancer_idle"] < seconds["server_idle"]
    assert seconds["heartbeat"] * 3 <= seconds["balancer_idle"]


def test_the_end_of_a_task_has_the_time_that_the_server_takes():
    assert hcl.literal(local("stopping")) > END_PATIENCE + settings.DRAIN_SECONDS
