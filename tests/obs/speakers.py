"""A listener for tests that notes what it is told."""

from dataclasses import dataclass, field


@dataclass
class Notes:
    """Refuses what the contract of Speakers forbids: a stop of somebody who does not talk."""

    said: list[str] = field(default_factory=list)
    talking: set[str] = field(default_factory=set)

    def talks(self, speaker: str) -> None:
        raise AssertionError("a level alone is taken for speech")

    def speaks(self, speaker: str) -> None:
        self.said.append(f"{speaker} speaks")
        self.talking.add(speaker)

    def stopped(self, speaker: str) -> None:
        self.said.append(f"{speaker} stopped")
        self.talking.remove(speaker)
