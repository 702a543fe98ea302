"""What a character answers."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable

Script = Callable[[str], Iterable[str] | AsyncIterator[str]]
"""From what was said ("" when a reply was asked for without a message) to the sentences of the reply. An asynchronous
one may wait between sentences for whatever the test wants."""


def echo(said: str) -> list[str]:
    return [f"You said {said or 'nothing'}.", "Tell me more."]


async def sentences(script: Script, said: str) -> AsyncGenerator[str, None]:
    answer = script(said)
    if isinstance(answer, AsyncIterator):
        async for sentence in answer:
            yield sentence
    else:
        for sentence in answer:
            yield sentence


async def once(text: str) -> AsyncGenerator[str, None]:
    yield text
