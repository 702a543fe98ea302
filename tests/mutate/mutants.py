"""Ways to break the core: the operators are Cosmic Ray's, and one that leaves a statement out."""

import random
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count, islice
from pathlib import Path
from types import CodeType
from typing import Any, Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Room:
    code: tuple[str, ...]
    """A folder, or modules."""
    tests: tuple[str, ...]


ROOMS: Final = {
    "forwarding": Room(("relay/forwarding",), ("tests/forwarding",)),
    "floor": Room(
        ("relay/speech/floor.py", "relay/speech/people.py"),
        ("tests/speech/test_floor.py", "tests/speech/test_voice.py"),
    ),
    "inbox": Room(("relay/inbox",), ("tests/inbox", "tests/contracts/test_inbox.py", "tests/contracts/test_forms.py")),
    "moderation": Room(("relay/moderation",), ("tests/moderation",)),
    "speech": Room(("relay/speech",), ("tests/speech",)),
    "replies": Room(("relay/replies",), ("tests/replies",)),
    "text": Room(("relay/text",), ("tests/text",)),
    "commands": Room(("relay/commands",), ("tests/commands",)),
    "bus": Room(("relay/bus",), ("tests/bus", "tests/inbox")),
}


class LeaveStatementOut(Operator):  # type: ignore[misc]
    """Puts `pass` in the place of an assignment or a call."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "simple_stmt" and _is_worth_leaving_out(node.children[0]):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.get_first_leaf()
        return get_ast(f"{first.prefix}pass\n")

    @classmethod
    def examples(cls) -> Sequence[Any]:
        return ()


def _is_worth_leaving_out(statement: Any) -> bool:
    is_name = statement.type in ("expr_stmt", "power", "atom_expr", "await_expr")
    return is_name and not statement.get_code(include_prefix=False).startswith(("log.", "assert"))


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    name: str
    """Of the operator."""
    occurrence: int

    @property
    def whole(self) -> str:
        """The module with nothing broken."""
        return (ROOT / self.path).read_text("utf-8")

    @cached_property
    def broken(self) -> str:
        """The module with the break."""
        code: str | None = mutate_code(self.whole, operators()[self.name], self.occurrence)
        assert code is not None, f"{self} breaks nothing"
        return code

    @property
    def is_python(self) -> bool:
        """Whether what it makes of the module can be compiled at all."""
        try:
            self.compiled()
        except SyntaxError:
            return False
        return True

    def compiled(self) -> CodeType:
        """The broken module's code. It may deserve a warning, which tests would take for an error."""
        with warnings.catch_warnings(action="ignore"):
            return compile(self.broken, str(ROOT / self.path), "exec")

    @property
    def change(self) -> str:
        """What the break makes of its line."""
        pairs = zip(self.whole.splitlines(), self.broken.splitlines(), strict=False)
        before, after = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
        return f"{before.strip()}  ->  {after.strip()}"

    @property
    def nearest(self) -> str:
        """Where the tests next to the module would be."""
        module = Path(self.path)
        return f"tests/{module.parent.name}/test_{module.name}"


@cache
def operators() -> dict[str, Operator]:
    """Those of Cosmic Ray that need no arguments. `|` is left out: it joins types nearly everywhere."""
    found: dict[str, Operator] = {"leave statement out": LeaveStatementOut()}
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments() and "Operator_BitOr" not in name and not name.endswith("/NoOp"):
            found[name.removeprefix("core/")] = operator()
    return found


def places(path: str) -> list[list[Mutant]]:
    """For each place inside a function the ways to break it."""
    tree = get_ast((ROOT / path).read_text("utf-8"))
    nodes = list(ast_nodes(tree))
    inside = {id(each) for node in nodes if node.type == "funcdef" for each in ast_nodes(node.children[-1])}
    found: defaultdict[object, list[Mutant]] = defaultdict(list)
    for name, operator in operators().items():
        numbers = count()
        for node in nodes:
            for position in operator.mutation_positions(node):
                mutant = Mutant(path, position[0][0], name, next(numbers))
                if id(node) in inside:
                    found[position].append(mutant)
    return list(found.values())


def draw(name: str, sample: int, seed: int) -> list[Mutant]:
    """So many mutants of a room."""
    codes = [ROOT / code for code in ROOMS[name].code]
    modules = [module for code in codes for module in ([code] if code.is_file() else sorted(code.rglob("*.py")))]
    dice = random.Random(f"{seed} {name}")
    everywhere = [place for module in modules for place in places(module.relative_to(ROOT).as_posix())]
    chosen: list[Mutant] = []
    for ways in dice.sample(everywhere, min(sample, len(everywhere))):
        dice.shuffle(ways)
        chosen += islice((way for way in ways if way.is_python), 1)
    return chosen
