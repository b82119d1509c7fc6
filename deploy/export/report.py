"""What the command says."""

from collections.abc import Iterable
from typing import IO

from deploy.export.files import human
from deploy.export.plan import Plan
from deploy.export.target import Target

Rows = Iterable[tuple[str, int]]


def tell_plan(out: IO[str], target: Target, plan: Plan, *, all_names: bool, prune_age: int | None) -> None:
    """Print what is there and what is to be done, each kind with its number and size."""
    groups: dict[str, list[tuple[str, int]]] = {
        "added": [(file.key, file.size) for file in plan.added],
        "changed": [(file.key, file.size) for file in plan.changed],
        "unchanged": [(key, entry.size) for key, entry in plan.unchanged.items()],
        "stale": [(key, entry.size) for key, entry in plan.stale.items()],
    }
    out.write(f"Export to s3://{target.bucket}/{target.prefix}\n")
    for name, rows in groups.items():
        out.write(f"  {name:<9}  {_files(rows)}\n")
        if all_names and name != "unchanged":
            for key, size in sorted(rows):
                since = f"  since {plan.stale[key].stale[:10]}" if name == "stale" else ""
                out.write(f"    {human(size):>12}  {key}{since}\n")
    if prune_age is not None:
        old = [(key, plan.stale[key].size) for key in plan.old_enough(prune_age)]
        days = "day" if prune_age == 1 else "days"
        out.write(f"  to prune   {_files(old)}, stale for {prune_age} {days} or more\n")


def _files(rows: Rows) -> str:
    rows = list(rows)
    total = human(sum(size for _key, size in rows))
    return f"{len(rows)} file{'' if len(rows) == 1 else 's'}, {total}"
