"""What is wrong with deploy/terraform, as far as that can be told without terraform."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.tests.terraform.hcl import UNKNOWN, Block, Expression, Reference, literal, references

_META = {"count", "for_each", "provider", "depends_on"}
_META_BLOCKS = {"lifecycle", "timeouts", "dynamic"}
# What every expression may name.
_GIVEN = {"path", "terraform", "self"}
Schema = Mapping[str, Any]


def problems(blocks: Sequence[Block], schema: Schema) -> list[str]:
    """Return a line for each thing terraform would refuse, and for what is declared and never used."""
    return [*_against_schema(blocks, schema), *_names(blocks, schema), *_declared_twice(blocks)]


def provider_version(blocks: Sequence[Block]) -> str:
    """Return the version of the provider that is asked for."""
    for block in blocks:
        for inner in block.walk():
            if inner.kind == "required_providers":
                return str(inner.value("aws")["version"])
    return ""


def _against_schema(blocks: Sequence[Block], schema: Schema) -> Iterator[str]:
    for block in blocks:
        if block.kind in ("resource", "data"):
            known = schema[block.kind].get(block.labels[0])
            if known is None:
                yield f"{block.where}: the provider's schema in the tests has no {block.labels[0]}"
            else:
                yield from _block(block, known, block.where, outermost=True)


def _block(block: Block, schema: Schema, where: str, *, outermost: bool = False) -> Iterator[str]:
    for name, value in block.attributes.items():
        if outermost and name in _META:
            continue
        if name in schema["blocks"]:
            yield f"{where}: {name} is a block, not an attribute"
        elif name not in schema["attributes"]:
            yield f"{where}: there is no attribute {name}"
        else:
            kind, flags = schema["attributes"][name]
            if flags == "c":
                yield f"{where}: {name} is computed and cannot be set"
            elif not _fits(literal(value), kind):
                yield f"{where}: {name} must be {kind}"
    for name, (_kind, flags) in schema["attributes"].items():
        if flags == "r" and name not in block.attributes:
            yield f"{where}: {name} is missing"
    yield from _blocks(block, schema, where, outermost)


def _blocks(block: Block, schema: Schema, where: str, outermost: bool) -> Iterator[str]:
    written: dict[str, int] = {}
    computed = set()
    for inner in block.blocks:
        if inner.kind == "dynamic":
            name = inner.labels[0]
            computed.add(name)
            held = [each for each in inner.blocks if each.kind == "content"]
            if len(held) != 1 or "for_each" not in inner.attributes:
                yield f"{where}: dynamic {name} needs for_each and one content"
        elif outermost and inner.kind in _META_BLOCKS:
            continue
        else:
            name, held = inner.kind, [inner]
            written[name] = written.get(name, 0) + 1
        if name not in schema["blocks"]:
            yield f"{where}: there is no block {name}"
            continue
        for each in held:
            yield from _block(each, schema["blocks"][name], f"{where}.{name}")
    for name, known in schema["blocks"].items():
        count = written.get(name, 0)
        if known["most"] and count > known["most"]:
            yield f"{where}: at most {known['most']} blocks {name}, not {count}"
        if count < known["least"] and name not in computed:
            yield f"{where}: block {name} is missing"


def _fits(value: Any, kind: Any) -> bool:
    """Say whether what is written can be of a type; terraform turns numbers into texts and back."""
    if value is UNKNOWN or value is None or kind == "dynamic":
        return True
    if kind == "string":
        return isinstance(value, str | int | float | bool)
    if kind == "number":
        return not isinstance(value, bool) and (isinstance(value, int | float) or _is_number(value))
    if kind == "bool":
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(kind, list) and kind[0] in ("list", "set"):
        return isinstance(value, list) and all(_fits(each, kind[1]) for each in value)
    if isinstance(kind, list) and kind[0] == "map":
        return isinstance(value, dict) and all(_fits(each, kind[1]) for each in value.values())
    return isinstance(value, dict | list)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def _names(blocks: Sequence[Block], schema: Schema) -> Iterator[str]:
    """Check that what is named is there, has such an attribute, and is indexed if there are several."""
    variables = {block.labels[0]: block for block in blocks if block.kind == "variable"}
    locals_ = {name: block for block in blocks if block.kind == "locals" for name in block.attributes}
    things = {block.labels: block for block in blocks if block.kind == "resource"}
    data = {block.labels: block for block in blocks if block.kind == "data"}
    used: set[str] = set()
    for block in blocks:
        for expression, known in _expressions(block):
            for found in references(expression, frozenset(known | _GIVEN)):
                root, *rest = found.parts
                used.add(".".join(str(part) for part in found.parts[: 3 if root == "data" else 2]))
                where = f"{block.where}: {found}"
                if root == "var":
                    missing = rest[:1] and rest[0] not in variables
                elif root == "local":
                    missing = rest[:1] and rest[0] not in locals_
                elif root == "data":
                    missing = tuple(rest[:2]) not in data
                    if not missing:
                        yield from _attribute(found, data[rest[0], rest[1]], schema["data"], rest[2:], where)
                else:
                    missing = (root, *rest[:1]) not in things
                    if not missing:
                        yield from _attribute(
                            found, things[root, rest[0]], schema["resource"], rest[1:], where
                        )
                if missing or not rest:
                    yield f"{where} is not declared"
    for name, block in variables.items():
        if f"var.{name}" not in used:
            yield f"{block.where}: is never used"
    for name, block in locals_.items():
        if f"local.{name}" not in used:
            yield f"{block.file}: local.{name} is never used"
    for labels, block in data.items():
        if f"data.{'.'.join(labels)}" not in used:
            yield f"{block.where}: is never used"


def _attribute(
    found: Reference, block: Block, schema: Schema, rest: Sequence[str | None], where: str
) -> Iterator[str]:
    several = bool({"count", "for_each"} & block.attributes.keys())
    if not rest:
        return
    if several and rest[0] is not None:
        yield f"{where}: there are several, say which"
    elif not several and rest[0] is None:
        yield f"{where}: there is one only, it has no index"
    names = rest[1:] if rest[0] is None else rest
    known = schema.get(block.labels[0])
    if names and names[0] and known and names[0] not in (known["attributes"] | known["blocks"]):
        yield f"{where}: {block.labels[0]} has no {names[0]}"


def _expressions(
    block: Block, known: frozenset[str] = frozenset()
) -> Iterator[tuple[Expression, frozenset[str]]]:
    """Yield each expression below a block, with the names that are its own there."""
    own = known
    if {"count", "for_each"} & block.attributes.keys() and block.kind in ("resource", "data"):
        own = own | {"each", "count"}
    if block.kind == "dynamic":
        if "for_each" in block.attributes:
            yield block.attributes["for_each"], own
        name = block.value("iterator") or block.labels[0]
        own = own | {str(name)}
    for name, value in block.attributes.items():
        if (
            name in ("provider", "ignore_changes", "type", "iterator")
            and block.kind
            in (
                "resource",
                "data",
                "lifecycle",
                "variable",
                "dynamic",
            )
            and not (name == "type" and block.kind != "variable")
        ):
            continue
        if block.kind == "dynamic" and name == "for_each":
            continue
        yield value, own
    for inner in block.blocks:
        yield from _expressions(inner, own)


def _declared_twice(blocks: Sequence[Block]) -> Iterator[str]:
    seen: dict[str, Block] = {}
    for block in blocks:
        if block.kind in ("resource", "data", "variable", "output"):
            first = seen.setdefault(block.address, block)
            if first is not block:
                yield f"{block.where}: is declared in {first.file}:{first.line}, too"
