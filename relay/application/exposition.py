"""All that one process tells Prometheus: of itself, and of each companion that it serves."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

from relay import __version__
from relay.system.readiness import Readiness


class Measured(Protocol):
    """What is measured of one companion."""

    @property
    def registry(self) -> CollectorRegistry: ...

    async def look(self) -> None:
        """Ask anew for what has to be asked for, within a second or so. Never raises."""
        ...


class Exposition:
    """The text that is scraped; each sample about a companion has its name as the label `companion`."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._companions: list[tuple[str, Measured]] = []
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        build = Gauge("relay_build_info", "1, by the version that runs.", ["version"], registry=self._registry)
        build.labels(__version__).set(1)
        self._conditions = Gauge(
            "relay_ready", "1 for each condition of readiness that is met.", ["condition"], registry=self._registry
        )
        self._leads = Gauge(
            "relay_leads",
            "1 while this process leads for the companion, 0 while it stands by.",
            ["companion"],
            registry=self._registry,
        )
        self._registry.register(_Companions(self._companions))

    @contextmanager
    def telling_of(self, companion: str, measured: Measured) -> Iterator[None]:
        """Tell of it, too, while the context lasts; once, however many tell of the same."""
        self._companions.append(entry := (companion, measured))
        try:
            yield
        finally:
            self._companions.remove(entry)

    def leads(self, companion: str, is_leading: bool) -> None:
        """Whether this process has the companion's lease."""
        self._leads.labels(companion).set(is_leading)

    def forgets(self, companion: str) -> None:
        """Tell no more whether this process leads for it."""
        self._leads.remove(companion)

    async def text(self) -> bytes:
        """As it is now, in Prometheus' text format."""
        await asyncio.gather(*(measured.look() for _, measured in dict.fromkeys(self._companions)))
        self._conditions.clear()
        for name, state in (await self._readiness.states()).items():
            self._conditions.labels(name).set(state.is_met)
        return generate_latest(self._registry)


class _Companions(Collector):
    """The metrics of all companions, each name once."""

    def __init__(self, companions: list[tuple[str, Measured]]) -> None:
        self._companions = companions

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for companion, measured in dict.fromkeys(self._companions):  # a sample may be there once only
            for found in measured.registry.collect():
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                named = {"companion": companion}
                family.samples += [each._replace(labels=named | each.labels) for each in found.samples]
        yield from families.values()
