"""A script costs its limit and no more, whatever it does, and what went wrong is told with file and line."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.companion.scenario import flags
from relay.companion.scenario.files import ScriptLimits
from relay.companion.scripting.sandbox import Scripts, warm_up
from relay.companion.state.chat import MessageRole
from relay.companion.state.orders import AddMessage, ChangeFlags, Log, Order
from tests.companion.scripting.stage import EVENT, IMPORT, orders, run, state, trigger, well
from tests.support import examples

SHORT = ScriptLimits(seconds=0.1)
"""What ends by itself does so in this time on a busy machine too, and what does not is stopped soon."""
WORST = 1.0
"""Seconds of the processor within which a script that wants to go on for ever is stopped; its limit is 0.025 s."""


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """What a process loads for its first script is not counted as time of that script."""
    warm_up()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("for (;;);", "scripts/t.js:2:"),
        ("for (;;);", "it took longer than 25 ms and was stopped"),
        ("const f = (n) => f(n + 1) + 1; f(0);", "called itself without end"),
        ("const a = []; for (;;) a.push({ a });", "was stopped"),
        ("let a = 'x'; for (;;) a += a;", "string too long"),
        ("/(a+)+$/.test('a'.repeat(40) + 'b')", "was stopped"),
        ("new Uint8Array(1e9)", "out of memory"),
        ("\ne.foo.bar()", "scripts/t.js:3:"),
        ("e.foo.bar()", "TypeError: cannot read property 'bar' of undefined"),
        ("throw 'a string'", "a string"),
        ("throw null", "null"),
    ],
)
def test_a_script_that_fails_is_stopped_and_named(body: str, problem: str) -> None:
    began = time.thread_time()
    error = run(body, limits=ScriptLimits()).error
    assert error is not None and problem in error
    assert time.thread_time() - began < WORST


@pytest.mark.parametrize(
    "body",
    [
        "new Array(1e9).join(',')",
        "let b = 2n; for (;;) b = b * b;",
        "[...Array(1e7).keys()].sort(() => 1)",
        "'x'.repeat(5e6).replaceAll('x', 'yy').split('y')",
        "'a'.repeat(1e6).match(/(.*)*b/)",
        "eval('['.repeat(1e6))",
    ],
)
def test_one_long_step_is_stopped_as_well_and_the_other_scripts_go_on(body: str) -> None:
    sources = {"scripts/a.js": f"export function trigger() {{ {body} }}", "scripts/b.js": COUNTER}
    engine = Scripts(sources, seed=0, limits=SHORT)
    engine.trigger("scripts/b.js", EVENT, state())
    began = time.thread_time()

    stopped = engine.trigger("scripts/a.js", EVENT, state())

    taken = time.thread_time() - began
    after = engine.trigger("scripts/b.js", EVENT, state())
    engine.close()
    assert stopped.error is not None and stopped.error.startswith("scripts/a.js")
    assert after.orders == (Log("1" if stopped.restarted else "2"),)
    assert taken < WORST


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("export function trigger(e) {\n let x = ;\n}", "scripts/t.js:2:16: SyntaxError"),
        ("for (;;);", "scripts/t.js:1: what stands outside its functions"),
        ("await new Promise(() => 0);", "scripts/t.js:1: what stands outside its functions"),
        ("await null; for (;;);", "scripts/t.js: it took longer than 100 ms and was stopped"),
        ("\nthrow new Error('boom');", "scripts/t.js:2:11: Error: boom"),
        ("await null;\nnull.x;", "scripts/t.js:2:1: TypeError: cannot read property 'x' of null"),
        ("throw 'a string';", "scripts/t.js: a string"),
        ("throw null;", "scripts/t.js: null"),
        ("export const x = 1;", "scripts/t.js exports no function called trigger"),
        ("import fs from 'fs';", "scripts/t.js: there is no 'fs'"),
        ("import x from '../../secrets';", "there is no '../../secrets'"),
        ("import x from 'https://example.com/x.js';", "there is no 'https://example.com/x.js'"),
        ("export async function trigger(e) {\n await null;\n e.foo.bar();\n}", "scripts/t.js:3:"),
        ("export async function trigger(e) { await null; for (;;); }", "was stopped"),
        ("export function trigger(e) { Promise.resolve().then(() => { for (;;); }); }", "was stopped"),
    ],
)
def test_what_is_wrong_with_a_whole_script_is_named(source: str, problem: str) -> None:
    error = trigger({"t": source}, limits=SHORT).error
    assert error is not None and problem in error


def test_what_an_imported_script_throws_outside_its_functions_is_named_whenever_it_is_called() -> None:
    sources = {
        "scripts/t.js": "import './lib'; export function trigger() {}",
        "scripts/lib.js": f"{IMPORT}chat.note('before');\nnull.x;",
    }
    engine = Scripts(sources, seed=0, limits=SHORT)
    results = [engine.trigger("scripts/t.js", EVENT, state()) for _ in range(2)]
    engine.close()
    assert [result.error for result in results] == [
        "scripts/lib.js:3:1: TypeError: cannot read property 'x' of null"
    ] * 2
    assert [result.orders for result in results] == [(AddMessage(MessageRole.NOTE, "before"),), ()]


def test_a_script_may_wait_outside_its_functions() -> None:
    source = f"{IMPORT}await null; chat.note('now'); export function trigger() {{ chat.note('then'); }}"
    assert well(trigger({"t": source})) == [AddMessage(MessageRole.NOTE, text) for text in ("now", "then")]


def test_what_was_ordered_before_a_failure_counts() -> None:
    result = run("chat.note('before'); e.foo.bar(); chat.note('after')")
    assert [order.text for order in result.orders if isinstance(order, AddMessage)] == ["before"]


def test_what_was_ordered_before_the_time_was_up_counts() -> None:
    result = run("chat.note('before'); for (;;);", limits=SHORT)
    assert [order.text for order in result.orders if isinstance(order, AddMessage)] == ["before"]


def test_an_async_function_runs_to_its_end() -> None:
    source = f"{IMPORT}export async function trigger(e) {{ await null; await null; chat.note('late'); }}"
    assert [order.text for order in well(trigger({"t": source})) if isinstance(order, AddMessage)] == ["late"]


def test_other_scripts_go_on_after_one_that_never_ends() -> None:
    engine = Scripts(
        {"scripts/a.js": "export function trigger() { for (;;); }", "scripts/b.js": COUNTER}, seed=0, limits=SHORT
    )
    texts = []
    for path in ("scripts/b.js", "scripts/a.js", "scripts/b.js"):
        texts += [order.text for order in engine.trigger(path, EVENT, state()).orders if isinstance(order, Log)]
    engine.close()
    assert texts == ["1", "2"], "variables of a script live as long as the session"


def test_after_endless_recursion_all_scripts_begin_anew() -> None:
    recursion = "export function trigger() { const f = (n) => f(n + 1) + 1; f(0); }"
    engine = Scripts({"scripts/a.js": recursion, "scripts/b.js": COUNTER}, seed=0, limits=SHORT)
    first = engine.trigger("scripts/b.js", EVENT, state())
    lost = engine.trigger("scripts/a.js", EVENT, state())
    again = engine.trigger("scripts/b.js", EVENT, state())
    engine.close()
    assert (first.orders, lost.restarted, again.orders, again.restarted) == ((Log("1"),), True, (Log("1"),), False)


COUNTER = "let n = 0; export function trigger() { n++; console.log(n); }"


def test_two_sessions_share_nothing() -> None:
    sources = {"scripts/t.js": "globalThis.n = (globalThis.n ?? 0) + 1; export function trigger() { console.log(n) }"}
    shown: list[Order] = []
    for _ in range(2):
        engine = Scripts(sources, seed=0, limits=SHORT)
        shown += engine.trigger("scripts/t.js", EVENT, state()).orders
        engine.close()
    assert shown == [Log("1"), Log("1")]


@pytest.mark.parametrize(
    "name",
    ["require", "process", "Deno", "fetch", "XMLHttpRequest", "WebSocket", "setTimeout", "std", "os", "performance"],
)
def test_nothing_leads_out(name: str) -> None:
    assert orders(f"console.log(typeof globalThis.{name})") == [Log("undefined")]


def test_the_clock_is_the_one_that_is_given() -> None:
    shown = "console.log(Date.now(), new Date().toISOString(), new Date(0).getTime(), new Date() instanceof Date)"
    assert orders(shown) == [Log("1000000 1970-01-01T00:16:40.000Z 0 true")]


def test_chance_is_the_same_under_the_same_seed() -> None:
    assert orders("console.log(Math.random())") == orders("console.log(Math.random())")


@pytest.mark.parametrize(
    "vandalism",
    [
        "Object.prototype.toJSON = () => 'x'",
        "Array.prototype.push = () => { throw 1 }",
        "JSON.stringify = () => '{}'; JSON.parse = () => null",
        "Map.prototype.get = () => null",
        "globalThis.Error = null; globalThis.Promise = null",
        "Object.defineProperty(Object.prototype, 'kind', { value: 'note' })",
    ],
)
def test_vandalism_breaks_no_more_than_the_vandals_own_session(vandalism: str) -> None:
    engine = Scripts({"scripts/t.js": f"{IMPORT}export function trigger() {{ {vandalism}; }}"}, seed=0, limits=SHORT)
    engine.trigger("scripts/t.js", EVENT, state())
    later = engine.trigger("scripts/t.js", EVENT, state())
    engine.close()
    assert isinstance(later.orders, tuple)
    assert orders("chat.note('N')") == [AddMessage(MessageRole.NOTE, "N")]


names = st.sampled_from(["a", "b", "pose.sit", "pose.stand", "mood.happy", "!a", "!pose", "!pose.sit", "!mood.sad"])


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(names, max_size=4), st.lists(names, max_size=5))
def test_scripts_see_flags_as_the_chat_will_have_them(given_: list[str], changes: list[str]) -> None:
    before = flags.apply(frozenset(), given_)
    body = f"chat.setFlags({', '.join(map(repr, changes))}); console.log(KNOWN.filter(f => chat.hasFlag(f)))"
    known = ["a", "b", "pose", "pose.sit", "pose.stand", "mood", "mood.happy"]
    *changed, shown = orders(f"const KNOWN = {known}; {body}", *before)

    after = flags.apply(before, changes)

    assert changed == [ChangeFlags(tuple(changes))]
    expected = [flag for flag in known if flags.holds(flag, after)]
    assert shown == Log("[" + ",".join(f'"{flag}"' for flag in expected) + "]")


json = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda values: st.lists(values) | st.dictionaries(st.text(max_size=5), values),
    max_leaves=5,
)


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=200), json)
def test_no_source_and_no_event_break_it(source: str, event: object) -> None:
    engine = Scripts({"scripts/t.js": source}, seed=0, limits=ScriptLimits(seconds=0.05))
    result = engine.trigger("scripts/t.js", {"message": event}, state())
    engine.close()
    assert result.error or result.orders == ()
