"""How the processes of one relay reach each other, where it is several."""

from typing import Annotated, Self

from pydantic import model_validator

from relay.config.base import Section, written

Listen = Annotated[
    str,
    written(
        r"([\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])",
        "host:port, such as 127.0.0.1:0 for a free port",
    ),
]
_EVERYWHERE = ("0.0.0.0", "::")


class ProcessesSection(Section):
    listen: Listen = "127.0.0.1:0"
    reached_at: Annotated[str, written(r"[\w.:-]*", "the name or address of this machine, without a port")] = ""

    @property
    def host(self) -> str:
        """Where it listens."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """With 0 a free one."""
        return int(self.listen.rpartition(":")[2])

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.host in _EVERYWHERE and not self.reached_at:
            raise ValueError(
                f"listen is {self.listen!r}, everywhere on this machine: set reached_at to the name or address by "
                "which the other machines reach this one"
            )
        return self
