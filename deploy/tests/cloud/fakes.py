"""Parts of AWS that the emulator only pretends: ECS runs nothing there."""

from typing import Any

ARN = "arn:aws:ecs:eu-central-1:123456789012"


class Logs:
    """CloudWatch's logs of one task."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ResourceNotFoundException(Exception):
            pass

    def get_log_events(self, *, logGroupName: str, logStreamName: str, limit: int) -> Any:  # noqa: N803
        if (logGroupName, logStreamName) != ("/chatscape/trial", "app/chatscape/one"):
            raise self.exceptions.ResourceNotFoundException
        return {"events": [{"message": "relation does not exist"}]}


class Ecs:
    """A service, its task definitions, and tasks that end after two looks."""

    def __init__(self, *, exit_code: int | None = 0, stuck: bool = False, failing: str = "") -> None:
        self.exit_code = exit_code
        self.stuck = stuck
        # How it is with the newest version, the only one there was, when its tasks have ended before.
        self.failing = failing
        self.calls: list[str] = []
        self.running = f"{ARN}:task-definition/chatscape-trial:{2 if failing else 1}"
        self.looks = 0
        self.left_behind: list[str] = []
        self.started: dict[str, Any] = {}

    def describe_services(self, *, cluster: str, services: list[str]) -> Any:
        stuck = self.stuck and self.running.endswith(":2")
        return {
            "services": [
                {
                    "taskDefinition": self.running,
                    "networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}},
                    "deployments": [
                        {
                            "status": "PRIMARY",
                            "taskDefinition": self.running,
                            "rolloutState": self.failing or ("FAILED" if stuck else "COMPLETED"),
                            "failedTasks": 2 if self.failing else 0,
                        }
                    ],
                    "runningCount": 0 if self.failing else 2,
                    "desiredCount": 2,
                    "events": [{"message": "tasks failed their health checks"}],
                }
            ]
        }

    def describe_task_definition(self, *, taskDefinition: str) -> Any:  # noqa: N803
        return {
            "taskDefinition": {
                "taskDefinitionArn": f"{ARN}:task-definition/chatscape-trial:2",
                "containerDefinitions": [
                    {
                        "name": "chatscape",
                        "logConfiguration": {
                            "options": {"awslogs-group": "/chatscape/trial", "awslogs-stream-prefix": "app"}
                        },
                    }
                ],
            }
        }

    def update_service(
        self,
        *,
        cluster: str,
        service: str,
        taskDefinition: str,  # noqa: N803
        forceNewDeployment: bool,  # noqa: N803
    ) -> None:
        self.calls.append("update")
        if self.running != taskDefinition or forceNewDeployment:
            self.failing = ""
        self.running = taskDefinition

    def list_tasks(self, **_: Any) -> Any:
        return {"taskArns": self.left_behind}

    def run_task(self, **wanted: Any) -> Any:
        self.calls.append("migrate")
        self.started = wanted
        self.looks = 0
        if self.exit_code == -1:
            return {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}
        return {"tasks": [{"taskArn": f"{ARN}:task/chatscape-trial/one"}]}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> Any:
        self.looks += 1
        self.calls.append(f"look {tasks[0].rpartition('/')[2]}")
        ended = self.looks > 1
        return {
            "tasks": [
                {
                    "taskArn": tasks[0],
                    "taskDefinitionArn": f"{ARN}:task-definition/chatscape-trial-migrate:1",
                    "lastStatus": "STOPPED" if ended else "RUNNING",
                    "stoppedReason": "CannotPullContainerError",
                    "containers": [{} if self.exit_code is None else {"exitCode": self.exit_code}],
                }
            ]
        }
