"""Latencies in buckets of 2^(k/4) seconds, as the lake's rollups count them."""

BUCKET_SQL = (
    "CASE WHEN latency_ms IS NOT NULL"
    " THEN floor(4 * log2(greatest(latency_ms, 1) / 1000.0))::SMALLINT END"
)


def seconds_of(bucket: int) -> float:
    """The middle of a bucket: no latency in it is further than 9 per cent away."""
    return float(round(2 ** ((bucket + 0.5) / 4), 3))
