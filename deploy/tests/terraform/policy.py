"""What deploy/terraform must never allow, and what it must always say; read from its text."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from deploy.tests.terraform.hcl import UNKNOWN, Block, objects, strings

_ANYWHERE = {"0.0.0.0/0", "::/0"}
# What knows no narrower resource, or only tells what there is; not what is inside.
_WIDE = re.compile(
    r"ecs:RegisterTaskDefinition|(?!s3:GetObject|secretsmanager:GetSecretValue|ssm:)[a-z0-9-]+:(Describe|Get|List|View).*"
    r"|cognito-idp:Admin(Get|List).*"
)
# What workflows may do stands apart from what runs.
_APART = "ci.tf"
_WHOLESALE = re.compile(r"FullAccess|AdministratorAccess|PowerUserAccess")
# One an action: `s3:*`, `s3:Get*`; an ARN has more colons.
_WILD_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]*\*[A-Za-z*]*")
_TLS = {"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"}

# Attributes that must be as said here, by kind of resource. What is computed is looked at where it is made.
ALWAYS: dict[str, dict[str, set[Any]]] = {
    "aws_db_instance": {"storage_encrypted": {True}, "publicly_accessible": {False}},
    "aws_elasticache_replication_group": {
        "at_rest_encryption_enabled": {True},
        "transit_encryption_enabled": {True},
        "transit_encryption_mode": {"required"},
    },
    "aws_s3_bucket_public_access_block": {
        name: {True}
        for name in (
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        )
    },
    "aws_ecr_repository": {"image_tag_mutability": {"IMMUTABLE"}},
    "aws_lb": {"drop_invalid_header_fields": {True}, "desync_mitigation_mode": {"defensive"}},
    "aws_kms_key": {"enable_key_rotation": {True}},
    "aws_cloudfront_origin_access_control": {"signing_behavior": {"always"}, "signing_protocol": {"sigv4"}},
    "aws_ecs_service": {"enable_execute_command": {False}},
}
# Attributes that must be there, whatever they are.
NEEDED = {
    "aws_cloudwatch_log_group": {"retention_in_days", "kms_key_id"},
    "aws_sns_topic": {"kms_master_key_id"},
    "aws_db_instance": {"backup_retention_period", "deletion_protection", "multi_az"},
    "aws_lb": {"enable_deletion_protection"},
    "aws_elasticache_replication_group": {"auth_token"},
    "aws_vpc_security_group_ingress_rule": {"description"},
    "aws_iam_role": {"assume_role_policy", "description"},
}
# What stands beside every bucket.
BESIDE_A_BUCKET = {
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_versioning",
    "aws_s3_bucket_policy",
}


def problems(blocks: Sequence[Block]) -> list[str]:
    return [
        *_permissions(blocks),
        *_network(blocks),
        *_settings(blocks),
        *_buckets(blocks),
        *_encrypted_ways(blocks),
        *_house(blocks),
    ]


def _permissions(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        for inner in block.walk():
            statements: list[dict[str, Any]] = []
            if "actions" in inner.attributes or "not_actions" in inner.attributes:
                statements.append(
                    {
                        "Effect": inner.value("effect") or "Allow",
                        "Action": inner.value("actions"),
                        "NotAction": inner.value("not_actions"),
                        "NotResource": inner.value("not_resources"),
                        "Resource": inner.value("resources"),
                        "Principal": [
                            each.value("identifiers") for each in inner.blocks if each.kind == "principals"
                        ],
                    }
                )
            for value in inner.attributes.values():
                statements += [said for said in objects(value) if {"Action", "NotAction"} & said.keys()]
                for text in strings(value):
                    if _WILD_ACTION.fullmatch(text):
                        yield f"{block.where}: wildcard action {text}"
                    if text.startswith("arn:") and _WHOLESALE.search(text):
                        yield f"{block.where}: wholesale policy {text}"
            for said in statements:
                yield from (f"{block.where}: {problem}" for problem in _statement(said, block))


def _statement(said: dict[str, Any], block: Block) -> Iterator[str]:
    actions = _flat(said.get("Action"))
    if said.get("NotAction") is not None or said.get("NotResource") is not None:
        yield "says what is not allowed instead of what is"
    if said.get("Effect") == "Deny":
        return
    if "*" in actions:
        yield "wildcard action *"
    if "*" in _flat(said.get("Principal")):
        yield "everybody is allowed"
    # In the policy of a key or a bucket itself, `*` is that key.
    of_a_key = any(str(action).startswith("kms:") for action in actions)
    wide = [str(action) for action in actions if not _WIDE.fullmatch(str(action))]
    if "*" in _flat(said.get("Resource")) and not of_a_key and wide:
        yield f"wildcard resource for {', '.join(wide)}"


def _network(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        for inner in block.walk():
            if (
                "ingress" in inner.kind
                or "ingress" in "".join(block.labels[:1])
                or inner.value("type") == "ingress"
            ):
                for name, value in inner.attributes.items():
                    if name.startswith("cidr") and _ANYWHERE & set(strings(value)):
                        yield f"{block.where}: lets in everybody"


def _settings(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if block.kind != "resource":
            continue
        for name, allowed in ALWAYS.get(block.labels[0], {}).items():
            if block.value(name) not in allowed:
                yield f"{block.where}: {name} must be {' or '.join(map(str, allowed))}"
        for name in sorted(NEEDED.get(block.labels[0], set()) - block.attributes.keys()):
            yield f"{block.where}: {name} is missing"
        for name in block.attributes:
            written = block.value(name)
            if re.search(r"password|secret_string|auth_token$", name) and isinstance(written, str):
                yield f"{block.where}: {name} is written in the code"


def _buckets(blocks: Sequence[Block]) -> Iterator[str]:
    for bucket in (block for block in blocks if block.labels[:1] == ("aws_s3_bucket",)):
        beside = {
            block.labels[0]
            for block in blocks
            if block.kind == "resource" and block.labels[1] == bucket.labels[1]
        }
        for kind in sorted(BESIDE_A_BUCKET - beside):
            yield f"{bucket.where}: {kind} is missing"


def _encrypted_ways(blocks: Sequence[Block]) -> Iterator[str]:
    """CloudFront redirects to https everywhere; whoever has a certificate speaks TLS 1.2 or newer."""
    for block in blocks:
        for inner in block.walk():
            if "viewer_protocol_policy" in inner.attributes and inner.value("viewer_protocol_policy") not in (
                "redirect-to-https",
                "https-only",
            ):
                yield f"{block.where}: plain http is served"
            if inner.kind == "viewer_certificate" and not _TLS & set(
                strings(inner.attributes["minimum_protocol_version"])
            ):
                yield f"{block.where}: old TLS is spoken"
            if inner.labels[:1] == ("aws_lb_listener",) and not any(
                "TLS13-1-2" in text for text in strings(inner.attributes["ssl_policy"])
            ):
                yield f"{block.where}: old TLS is spoken"
            if inner.kind == "backend" and not (
                inner.value("encrypt") is inner.value("use_lockfile") is True
            ):
                yield f"{inner.file}: the state must be encrypted and locked"


def _house(blocks: Sequence[Block]) -> Iterator[str]:
    """Pinned versions, everything described, one kind of resource in one file."""
    for block in blocks:
        for inner in block.walk():
            if inner.kind == "required_providers":
                for name, value in inner.attributes.items():
                    for said in objects(value):
                        if not re.fullmatch(r"\d+\.\d+\.\d+", str(said.get("version"))):
                            yield f"{inner.file}: provider {name} is not pinned"
        names_providers = "required_providers" in {inner.kind for inner in block.blocks}
        if names_providers and not block.value("required_version"):
            yield f"{block.file}: terraform's version is not said"
        if block.kind in ("variable", "output") and not block.value("description"):
            yield f"{block.where}: has no description"
        if block.kind == "variable" and "type" not in block.attributes:
            yield f"{block.where}: has no type"
    files: dict[str, str] = {}
    for block in blocks:
        if block.kind == "resource":
            first = files.setdefault(block.labels[0], block.file)
            if first != block.file and _APART not in (first, block.file):
                yield f"{block.where}: {block.labels[0]} lives in {first}"


def _flat(value: Any) -> list[Any]:
    if value is None or value is UNKNOWN:
        return []
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _flat(inner)]
    return [each for inner in value for each in _flat(inner)] if isinstance(value, list) else [value]
