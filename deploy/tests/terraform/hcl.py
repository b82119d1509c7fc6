"""Read deploy/terraform as it is written: blocks, attributes, and what expressions name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import hcl2
from django.conf import settings
from lark import Token, Tree

FOLDER = Path(settings.BASE_DIR) / "deploy/terraform"
Expression = Tree[Any]
# A value that is known only when terraform runs.
UNKNOWN = object()
_CHAINS = ("get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term")


@dataclass
class Block:
    """`kind "label" ... { attributes and blocks }`."""

    kind: str
    labels: tuple[str, ...]
    file: str
    line: int
    attributes: dict[str, Expression] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    @property
    def address(self) -> str:
        return ".".join((*(() if self.kind == "resource" else (self.kind,)), *self.labels))

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line} {self.address}"

    def walk(self) -> Iterator["Block"]:
        yield self
        for block in self.blocks:
            yield from block.walk()

    def value(self, name: str) -> Any:
        """Return an attribute as far as it is written down; UNKNOWN when it is computed, None without it."""
        return literal(self.attributes[name]) if name in self.attributes else None


@dataclass(frozen=True)
class Reference:
    """Something an expression names: `var.x`, `aws_lb.front[*].arn`. An index or a splat is None."""

    parts: tuple[str | None, ...]

    def __str__(self) -> str:
        return ".".join(part or "[]" for part in self.parts)


def read(folder: Path = FOLDER) -> list[Block]:
    """Return the outermost blocks of all files of a module."""
    blocks: list[Block] = []
    for file in sorted(folder.glob("*.tf")):
        blocks += _parsed(file.read_text(), file.name)
    return blocks


@lru_cache
def _parsed(text: str, file: str) -> list[Block]:
    """Parse a file, once however often it is read. Nobody changes what is returned."""
    return _body(hcl2.parses_to_tree(text).children[0], file).blocks


def literal(node: Any) -> Any:
    """Return what is written, with UNKNOWN for what is computed."""
    node = _bare(node)
    if isinstance(node, Token):
        return str(node)
    match node.data:
        case "string":
            parts = node.children[1:-1]
            if any(isinstance(part.children[0], Tree) for part in parts):
                return UNKNOWN
            return "".join(str(part.children[0]) for part in parts)
        case "int_lit":
            return int(node.children[0])
        case "float_lit":
            return float(node.children[0])
        case "unary_op":
            number = literal(node.children[1])
            return -number if isinstance(number, int | float) else UNKNOWN
        case "literal_value":
            return {"true": True, "false": False, "null": None}[str(node.children[0])]
        case "tuple":
            return [literal(child) for child in node.children if isinstance(child, Tree) and _said(child)]
        case "object":
            return {key: literal(value) for key, value in pairs(node)}
    return UNKNOWN


def pairs(node: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield keys and values of an object as it is written."""
    for element in node.children:
        if isinstance(element, Tree) and element.data == "object_elem":
            key, value = (child for child in element.children if isinstance(child, Tree))
            name = _bare(key.children[0])
            yield str(name.children[0] if name.data == "identifier" else literal(name)), value


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object written anywhere in an expression, with what is computed as UNKNOWN."""
    for tree in node.iter_subtrees_topdown():
        if tree.data == "object":
            yield {key: literal(value) for key, value in pairs(tree)}


def strings(node: Any) -> Iterator[str]:
    """Yield every string written in an expression, without what is filled in."""
    for tree in node.iter_subtrees_topdown():
        if tree.data == "string":
            yield "".join(
                str(part.children[0]) for part in tree.children[1:-1] if isinstance(part.children[0], Token)
            )


def references(node: Any, known: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Yield what an expression names, except the `known`: variables of its own and of `for`."""
    if not isinstance(node, Tree):
        return
    if node.data in ("for_tuple_expr", "for_object_expr"):
        intro = next(
            child for child in node.children if isinstance(child, Tree) and child.data == "for_intro"
        )
        names = {
            _name(child) for child in intro.children if isinstance(child, Tree) and child.data == "identifier"
        }
        for child in intro.children:
            if isinstance(child, Tree) and child.data != "identifier":
                yield from references(child, known)
        for child in node.children:
            if child is not intro:
                yield from references(child, known | names)
        return
    if node.data in _CHAINS:
        yield from _chain(node, known)
        return
    if node.data == "identifier":
        if _name(node) not in known:
            yield Reference((_name(node),))
        return
    if node.data in ("heredoc_template", "heredoc_template_trim"):
        for inner in re.findall(r"(?<!\$)\$\{([^}]*)\}", str(node.children[0])):
            yield from references(
                hcl2.parses_to_tree(f"x = {inner}\n").children[0].children[0].children[-1], known
            )
        return
    children: Sequence[Any] = node.children
    if node.data == "function_call":
        children = children[1:]
    if node.data == "object_elem" and _is_name(node.children[0]):
        children = children[1:]
    for child in children:
        yield from references(child, known)


def _chain(node: Expression, known: frozenset[str]) -> Iterator[Reference]:
    parts: list[str | None] = []
    inner: Any = node
    while isinstance(inner, Tree) and inner.data in _CHAINS:
        step = inner.children[1]
        if step.data == "get_attr":
            parts.append(_name(step.children[-1]))
        else:
            yield from references(step, known)
            parts += [None] if step.data != "attr_splat" else [*_names_after(step), None]
            if step.data == "full_splat":
                parts[-1:] = [*_names_after(step), None]
        inner = _bare(inner.children[0])
    if isinstance(inner, Tree) and inner.data == "identifier":
        if _name(inner) not in known:
            yield Reference((_name(inner), *reversed(parts)))
    else:
        yield from references(inner, known)


def _names_after(step: Expression) -> list[str]:
    return [
        _name(child.children[-1])
        for child in step.children
        if isinstance(child, Tree) and child.data == "get_attr"
    ][::-1]


def _body(tree: Expression, file: str) -> Block:
    """Return a nameless block with what is in a body."""
    own = Block("", (), file, 0)
    for child in tree.children:
        if not isinstance(child, Tree):
            continue
        if child.data == "attribute":
            own.attributes[_name(child.children[0])] = child.children[-1]
        elif child.data == "block":
            *words, inner = (
                part
                for part in child.children
                if isinstance(part, Tree) and part.data != "new_line_or_comment"
            )
            kind, *labels = (literal(word) if word.data == "string" else _name(word) for word in words)
            held = _body(inner, file)
            own.blocks.append(Block(kind, tuple(labels), file, child.meta.line, held.attributes, held.blocks))
    return own


def _bare(node: Any) -> Any:
    """Take off brackets, and what the grammar wraps around a single thing."""
    while isinstance(node, Tree) and node.data == "expr_term":
        node = next(child for child in node.children if isinstance(child, Tree) and _said(child))
    return node


def _said(node: Expression) -> bool:
    return node.data != "new_line_or_comment"


def _name(node: Any) -> str:
    return str(node.children[0]) if isinstance(node, Tree) else str(node)


def _is_name(key: Any) -> bool:
    return (
        isinstance(key, Tree)
        and _bare(key.children[0]).data == "identifier"
        and len(key.children[0].children) == 1
    )
