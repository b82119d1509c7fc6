"""The running service: migrate before, replace, wait."""

import time
from collections.abc import Callable
from typing import Any

from deploy.cloud.problems import Problem
from deploy.cloud.terraform import Outputs

_STARTED_BY = "make-up"
_LINES_SHOWN = 60
MIGRATE_SECONDS = 1800
STABLE_SECONDS = 1200
_LOOK_SECONDS = 5.0


def migrate(ecs: Any, logs: Any, made: Outputs, *, look: float = _LOOK_SECONDS) -> None:
    """Run the migrations as a task of their own and wait for its end; on failure show what it said.

    Two must not migrate at once: one that an interrupted run left behind is awaited first.
    """
    for task in _left_behind(ecs, made):
        print("Waiting for the migrations of an earlier run")
        _ended(ecs, made, task, look)
    answer = ecs.run_task(
        cluster=made.cluster,
        taskDefinition=made.migrate_task,
        launchType="FARGATE",
        startedBy=_STARTED_BY,
        networkConfiguration=_network(ecs, made),
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer.get("failures", []))
        raise Problem(f"The migrations could not be started: {reasons or 'ECS says no reason'}.")
    task = answer["tasks"][0]["taskArn"]
    ended = _ended(ecs, made, task, look)
    code = next((one.get("exitCode") for one in ended["containers"] if one.get("exitCode") is not None), None)
    if code == 0:
        return
    _show(ecs, logs, ended)
    why = f"exit code {code}" if code is not None else ended.get("stoppedReason", "it never started")
    raise Problem(f"The migrations failed ({why}); the service still runs what it ran before.")


def roll(ecs: Any, made: Outputs, *, look: float = _LOOK_SECONDS) -> None:
    """Put the newest task definition into service and wait until only that one runs.

    Tasks that ended before the database was migrated must not count against it: ECS gives up after three,
    and a first version has none before it to go back to. So ECS is asked anew.
    """
    running = _service(ecs, made)
    family = running["taskDefinition"].rpartition("/")[2].partition(":")[0]
    newest = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["taskDefinitionArn"]
    first = _primary(running)
    failing = first.get("rolloutState") != "COMPLETED" and first.get("failedTasks", 0) > 0
    anew = failing or first.get("rolloutState") == "FAILED"
    if running["taskDefinition"] != newest or anew:
        ecs.update_service(
            cluster=made.cluster, service=made.service, taskDefinition=newest, forceNewDeployment=anew
        )
    said = ""

    def stable() -> bool:
        nonlocal said
        service = _service(ecs, made)
        newer = _primary(service)
        if newer.get("taskDefinition") != newest or newer.get("rolloutState") == "FAILED":
            raise Problem(f"The new version did not start, the old one serves: {_newest_event(service)}")
        now = f"{service['runningCount']} of {service['desiredCount']} tasks run"
        if now != said:
            print(now)
            said = now
        return len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"] > 0

    if not _until(stable, STABLE_SECONDS, look):
        event = _newest_event(_service(ecs, made))
        raise Problem(f"The service was not stable after {STABLE_SECONDS // 60} minutes: {event}")


def _service(ecs: Any, made: Outputs) -> Any:
    services = ecs.describe_services(cluster=made.cluster, services=[made.service])["services"]
    if not services:
        raise Problem(f"There is no service {made.service} in {made.cluster}.")
    return services[0]


def _primary(service: Any) -> Any:
    """Return the deployment that ECS is bringing about, or has."""
    return next((one for one in service["deployments"] if one["status"] == "PRIMARY"), {})


def _network(ecs: Any, made: Outputs) -> dict[str, Any]:
    """Return the service's own network: whether it has public addresses depends on the NAT gateway."""
    own = _service(ecs, made).get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    return {
        "awsvpcConfiguration": {
            "subnets": list(made.subnets),
            "securityGroups": list(made.security_groups),
            "assignPublicIp": own.get("assignPublicIp", "DISABLED"),
        }
    }


def _left_behind(ecs: Any, made: Outputs) -> list[str]:
    found: list[str] = ecs.list_tasks(
        cluster=made.cluster, family=made.migrate_task.partition(":")[0], desiredStatus="RUNNING"
    )["taskArns"]
    return found


def _ended(ecs: Any, made: Outputs, task: str, look: float) -> Any:
    seen: list[Any] = []

    def stopped() -> bool:
        seen[:] = ecs.describe_tasks(cluster=made.cluster, tasks=[task])["tasks"]
        return bool(seen) and seen[0]["lastStatus"] == "STOPPED"

    if not _until(stopped, MIGRATE_SECONDS, look):
        raise Problem(
            f"The migrations did not end within {MIGRATE_SECONDS // 60} minutes; they still run: {task}."
        )
    return seen[0]


def _show(ecs: Any, logs: Any, task: Any) -> None:
    """Print the last lines of a task's log, when there is one."""
    definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    for container in definition["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        stream = "/".join(
            [options.get("awslogs-stream-prefix", ""), container["name"], task["taskArn"].rpartition("/")[2]]
        )
        try:
            events = logs.get_log_events(
                logGroupName=options.get("awslogs-group", ""), logStreamName=stream, limit=_LINES_SHOWN
            )["events"]
        except logs.exceptions.ResourceNotFoundException:
            continue
        for event in events:
            print(f"  {event['message']}")


def _newest_event(service: Any) -> str:
    return next((event["message"] for event in service.get("events", [])), "ECS says nothing.")


def _until(true: Callable[[], bool], seconds: float, look: float) -> bool:
    """Look until it is true, at most so many seconds; say whether it became true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= end:
            return False
        time.sleep(look)
    return True
