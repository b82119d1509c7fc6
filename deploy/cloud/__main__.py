"""``python -m deploy.cloud up|down|plan NAME``; `make` calls it."""

import argparse
import os
import sys
from collections.abc import Sequence

import boto3

from deploy.cloud.down import down
from deploy.cloud.environment import environment
from deploy.cloud.problems import Problem, told_plainly
from deploy.cloud.up import plan, up


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 after a problem (told in a line), 130 when interrupted."""
    flags = _parser().parse_args(arguments)
    try:
        with told_plainly():
            session = boto3.Session()
            chosen = environment(flags.name, flags, session.region_name or os.environ.get("AWS_REGION"))
            session = boto3.Session(region_name=chosen.region)
        if flags.command == "up":
            up(chosen, session, yes=flags.yes)
        elif flags.command == "down":
            down(chosen, session, yes=flags.yes, snapshot=flags.snapshot)
        else:
            plan(chosen, session)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The same command again goes on from here.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.cloud")
    parser.add_argument("command", choices=["up", "down", "plan"])
    parser.add_argument("name", help="the environment, such as prod")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--region", help="kept with the environment, as what follows")
    parser.add_argument("--size", help="small, medium or large: deploy/terraform/sizes")
    parser.add_argument("--domain", help="the name people use; without it CloudFront's own")
    parser.add_argument("--zone-id", help="the domain's zone in Route 53")
    parser.add_argument("--owner-email", help="who is the first administrator")
    parser.add_argument("--alarm-email", help="who is told when something is wrong")
    parser.add_argument("--budget-usd", type=int, help="a month's costs that alarm")
    parser.add_argument("--nat-gateway", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument(
        "--snapshot", action=argparse.BooleanOptionalAction, default=True, help="take one before `down`"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
