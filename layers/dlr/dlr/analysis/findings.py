"""Where delivery has become worse: a fall that is larger than chance, since when, who does better.

A fall is looked for in each provider as a whole, in each of its countries, and in each network
there. Where one part alone fell the finding names that part, else the whole. What a whole should
have delivered is what its parts did in the month, at today's mix: more messages to a place that
was always bad are no fall.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import log
from typing import Any, NamedTuple

from dlr.analysis.interval import Share, differ, wilson
from dlr.analysis.source import HOUR, Lake, Period, aware, floor_hour
from dlr.analysis.stats import Counted, Question, count

MONTH = timedelta(days=30)
PLACE = ("provider", "country", "network")
LEAST = 100
"""Final messages that a fall needs, and so does a provider that is said to do better."""
LEAST_BEFORE = 300
"""Final messages of the month that a fall is measured against."""
LEAST_DROP = 0.05
"""Of the rate. Less may be certain, but nobody would act on it."""
LEAST_G = 20.0
"""Of the likelihood ratio (G): by chance once in 100,000 looks, and there are many looks."""
MOST = 20
MOST_GROUPS = 200_000
"""Hours of places that are looked at: some 100 MB, of which the answer shows `MOST` at most."""

Place = tuple[str | None, ...]
"""A provider, a provider and a country, or a provider, a country and a network."""


class Tally(NamedTuple):
    """Of so many final messages so many were delivered; so many should have been, by the month."""

    delivered: int = 0
    final: int = 0
    expected: float = 0.0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.delivered + other.delivered,
            self.final + other.final,
            self.expected + other.expected,
        )

    @property
    def share(self) -> Share:
        """What was delivered."""
        return Share(self.delivered, self.final)


Hourly = Mapping[datetime, Tally]


class Fall(NamedTuple):
    """Since then `now` was delivered of a place's final messages, and `before` in the month."""

    place: Place
    since: datetime
    now: Share
    before: Share

    @property
    def lost(self) -> float:
        """How many more messages would have arrived at the month's rate."""
        return (self.before.rate - self.now.rate) * self.now.whole


def findings(lake: Lake, hours: int, now: datetime) -> tuple[list[dict[str, Any]], datetime]:
    """Falls in the last so many hours, those that cost most messages first, and as of when."""
    end = floor_hour(now) + HOUR
    start = end - hours * HOUR
    before = count(lake, Question(Period(start - MONTH, start), PLACE), now, MOST_GROUPS)
    recent = count(lake, Question(Period(start, end), ("hour", *PLACE)), now, MOST_GROUPS)
    month = month_of(before.groups)
    hourly = hourly_of(recent.groups, month)
    found = falls(hourly, month)[:MOST]
    return [_row(fall, better(fall, hourly)) for fall in found], recent.as_of


def month_of(groups: Iterable[Counted]) -> dict[Place, Share]:
    """What each place delivered, at all three levels."""
    found: dict[Place, Share] = defaultdict(lambda: Share(0, 0))
    for each in groups:
        for level in _levels(each.group):
            known = found[level]
            found[level] = Share(known.part + each.delivered, known.whole + each.final)
    return found


def hourly_of(
    groups: Iterable[Counted], month: Mapping[Place, Share]
) -> dict[Place, dict[datetime, Tally]]:
    """What each place delivered in each hour and should have, at all three levels."""
    found: dict[Place, dict[datetime, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for each in groups:
        hour, *place = each.group
        levels = _levels(place)
        known = (month[level] for level in reversed(levels) if level in month)
        usual = next((share for share in known if share.whole >= LEAST_BEFORE), None)
        if usual is None:
            continue
        tally = Tally(each.delivered, each.final, each.final * usual.rate)
        for level in levels:
            found[level][aware(hour)] = found[level][aware(hour)].plus(tally)
    return found


def falls(hourly: Mapping[Place, Hourly], month: Mapping[Place, Share]) -> list[Fall]:
    """Each fall once, at the level that says it best, the costliest first."""
    each = (fall_of(place, hours, month.get(place)) for place, hours in hourly.items())
    found = {fall.place: fall for fall in each if fall}
    roots = (place for place in found if not any(above in found for above in _above(place)))
    return sorted((_told(place, found) for place in roots), key=lambda fall: -fall.lost)


def _above(place: Place) -> list[Place]:
    return [place[:size] for size in range(1, len(place))]


def _told(place: Place, found: Mapping[Place, Fall]) -> Fall:
    """The one part that fell; the place itself where none or several did."""
    parts = [each for each in found if len(each) == len(place) + 1 and each[:-1] == place]
    return _told(parts[0], found) if len(parts) == 1 else found[place]


def fall_of(place: Place, hours: Hourly, month: Share | None) -> Fall | None:
    """The fall since the hour that speaks most clearly for one, or None.

    It is one where enough messages are final, the rate is well below the month's, and chance does
    not explain it.
    """
    if month is None or month.whole < LEAST_BEFORE:
        return None
    tally, best, clearest = Tally(), None, LEAST_G
    for hour in sorted(hours, reverse=True):
        tally = tally.plus(hours[hour])
        if tally.final < LEAST:
            continue
        usual = tally.expected / tally.final
        before = Share(round(usual * month.whole), month.whole)
        if before.rate - tally.share.rate < LEAST_DROP or not differ(tally.share, before):
            continue
        if (clear := g_of(tally.share, usual)) > clearest:
            clearest, best = clear, Fall(place, hour, tally.share, before)
    return best


def g_of(share: Share, rate: float) -> float:
    """Twice the logarithm of how much likelier the share is at its own rate than at this one."""
    expected = min(max(rate, 1e-6), 1 - 1e-6)
    parts = ((share.part, expected), (share.whole - share.part, 1 - expected))
    return 2 * sum(n * log(n / share.whole / each) for n, each in parts if n)


def better(fall: Fall, hourly: Mapping[Place, Hourly]) -> tuple[str, Share] | None:
    """The provider that surely does better in the same place since then, if there is one.

    Of several the one with the highest lower end of its interval. There is none for a provider as
    a whole: others send elsewhere.
    """
    provider, *rest = fall.place
    rivals = (
        (str(place[0]), _since(hours, fall.since))
        for place, hours in hourly.items()
        if rest and list(place[1:]) == rest and place[0] != provider
    )
    surely = (
        (name, share)
        for name, share in rivals
        if share.whole >= LEAST and share.rate > fall.now.rate and differ(share, fall.now)
    )
    return max(surely, key=lambda each: wilson(each[1])[0], default=None)


def _since(hours: Hourly, start: datetime) -> Share:
    return sum_of(tally for hour, tally in hours.items() if hour >= start).share


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """All together."""
    total = Tally()
    for each in tallies:
        total = total.plus(each)
    return total


def _levels(place: Iterable[str | None]) -> list[Place]:
    """From the provider down. What has no country or network counts for the levels above alone."""
    known = list(place)
    depth = known.index(None) if None in known else len(known)
    return [tuple(known[:size]) for size in range(1, depth + 1)]


def _row(fall: Fall, rival: tuple[str, Share] | None) -> dict[str, Any]:
    provider, country, network = (*fall.place, None, None)[:3]
    return {
        "provider": provider,
        "country": country,
        "network": network,
        "since": fall.since,
        **_figures(fall.now),
        "before": _figures(fall.before),
        "better": rival and {"provider": rival[0], **_figures(rival[1])},
    }


def _figures(share: Share) -> dict[str, Any]:
    low, high = wilson(share)
    figures = {"delivered": share.part, "final": share.whole, "rate": share.rate}
    return figures | {"low": low, "high": high}
