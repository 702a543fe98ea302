from tests.benchmarks.conversation import SHORT, run


async def test_people_interrupt_the_companion_and_typing_laughter_a_fan_and_its_echo_do_not() -> None:
    figures = await run(SHORT)

    assert figures.echo_seconds > 0
    assert figures.false_interruptions == 0
    assert figures.interruptions_found == figures.interruptions
    assert figures.packets_after_confirmation_max <= 1
    assert figures.answers_heard_to_the_end == figures.answers
    assert figures.told_once_under_their_names == figures.utterances
    assert figures.told_besides == ()
