"""What the provider knows, of what deploy/terraform uses, so that it can be checked without the provider.

`schema.json` is made where terraform and the provider are::

    terraform -chdir=deploy/terraform providers schema -json |
        .venv/bin/python -m deploy.tests.terraform.schema

An attribute is its type and how it comes: r(equired), o(ptional), c(omputed). A block has attributes,
blocks, and how often it may be there.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("schema.json")
_BUILT_IN = {
    "terraform_data": {
        "attributes": {
            "id": {"type": "string", "computed": True},
            "input": {"type": "dynamic", "optional": True},
            "output": {"type": "dynamic", "computed": True},
            "triggers_replace": {"type": "dynamic", "optional": True},
        }
    }
}


def load() -> Any:
    return json.loads(FILE.read_text())


def extract(told: Any, used: dict[str, set[str]], version: str) -> dict[str, Any]:
    """Return the part of `terraform providers schema -json` that is about the used resources and data."""
    [provider] = [
        schema for name, schema in told["provider_schemas"].items() if name.endswith("/hashicorp/aws")
    ]
    found: dict[str, Any] = {"version": version}
    for kind, names in used.items():
        of_kind = provider["resource_schemas" if kind == "resource" else "data_source_schemas"]
        found[kind] = {
            name: _block(of_kind[name]["block"] if name in of_kind else _BUILT_IN[name])
            for name in sorted(names)
        }
    return found


def _block(block: Any) -> dict[str, Any]:
    return {
        "attributes": {
            name: [
                entry.get("type", "object"),
                "".join(flag[0] for flag in ("required", "optional", "computed") if entry.get(flag)),
            ]
            for name, entry in sorted(block.get("attributes", {}).items())
        },
        "blocks": {
            name: {
                "least": entry.get("min_items", 0),
                "most": entry.get("max_items"),
                **_block(entry["block"]),
            }
            for name, entry in sorted(block.get("block_types", {}).items())
        },
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
    from deploy.tests.terraform import hcl, wrong

    blocks = hcl.read()
    used = {
        kind: {block.labels[0] for block in blocks if block.kind == kind} for kind in ("resource", "data")
    }
    found = extract(json.load(sys.stdin), used, wrong.provider_version(blocks))
    FILE.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
