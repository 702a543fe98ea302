from tests.benchmarks.conversation import SHORT, run


async def test_every_figure_of_a_conversation_is_measured() -> None:
    """What the figures have to be is judged frame by frame, where how fast this machine is plays no part."""
    figures = await run(SHORT)

    assert (figures.answers, figures.interruptions, figures.utterances) == (1, 1, 2)
    assert 0 <= figures.answers_heard_to_the_end <= figures.answers
    assert 0 <= figures.interruptions_found <= figures.interruptions
    assert 0 <= figures.told_once_under_their_names <= figures.utterances
    assert min(figures.seconds, figures.packets_after_confirmation_max, figures.packets_after_first_sound_max) >= 0
