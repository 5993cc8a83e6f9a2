"""Messages whose final state has not come."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from dlr.analysis.dimensions import IS_FINAL
from dlr.analysis.source import HOUR, Lake, Period, aware, open_facts, plain


def unfinished(lake: Lake, period: Period, now: datetime) -> tuple[list[dict[str, Any]], datetime]:
    """By provider how many messages of the period have no final state, of how many, the oldest.

    Most first. Providers whose messages are all finished are left out.
    """
    with open_facts(lake, period, now, singly=False) as facts:
        source, as_of = facts.query, facts.as_of
        found = facts.db.execute(
            "SELECT provider, sum(n)::BIGINT AS left_open, sum(everything)::BIGINT,"
            " min(hour) FILTER (WHERE n > 0) FROM ("
            f"SELECT provider, hour, coalesce(sum(n) FILTER (WHERE NOT {IS_FINAL}), 0) AS n,"
            f" sum(n) AS everything FROM ({source.sql}) GROUP BY ALL"
            ") GROUP BY provider HAVING left_open > 0 ORDER BY left_open DESC, provider",
            list(source.values),
        ).fetchall()
    oldest = _oldest(lake, period, {provider: aware(hour) for provider, _, _, hour in found}, now)
    return [
        {"provider": provider, "n": n, "of": of, **oldest.get(provider, _GONE)}
        for provider, n, of, _ in found
    ], as_of


_GONE = {"oldest": None, "oldest_message_id": None}
"""Where the last unfinished message of an hour ended between the two looks."""


def _oldest(
    lake: Lake, period: Period, hours: dict[str, datetime], now: datetime
) -> dict[str, dict[str, Any]]:
    """The first message of each provider in its hour; each hour is opened once."""
    providers = defaultdict(list)
    for provider, hour in hours.items():
        providers[hour].append(provider)
    found = {}
    for hour, names in providers.items():
        with lake.open(hour, hour + HOUR, rollups=False) as snapshot:
            rows = snapshot.db.execute(
                "SELECT provider, f, CASE WHEN expires_at > ? THEN message_id END FROM messages"
                f" WHERE f >= ? AND f < ? AND NOT {IS_FINAL}"
                f" AND provider IN ({', '.join('?' * len(names))})"
                " QUALIFY row_number() OVER (PARTITION BY provider ORDER BY f, mk) = 1",
                [int(now.timestamp()), plain(period.start), plain(period.end), *names],
            ).fetchall()
        for provider, first, message_id in rows:
            found[provider] = {
                "oldest": aware(first),
                "oldest_message_id": message_id,
            }
    return found
