"""Complete `okta` of Elastic's integrations from the fields beside it. Okta's reader reads the object itself.

Source: elastic/integrations, `packages/okta/data_stream/system/elasticsearch/ingest_pipeline/default.yml`.
"""

from __future__ import annotations

from typing import Any

from seawall.events.common_schemas.fields import Table, fill, find, nest, put
from seawall.events.formats.json_values import read_structure

_FIELDS: Table = (
    ("published", "@timestamp ts"),
    ("uuid", "event.id"),
    ("event_type", "event.action"),
    ("client.ip", "client.ip source.ip"),
    ("client.user_agent.raw_user_agent", "user_agent.original"),
    ("client.geographical_context.country", "client.geo.country_name"),
    ("client.geographical_context.state", "client.geo.region_name"),
    ("client.geographical_context.city", "client.geo.city_name"),
)
_DEBUG = "debug_context.debug_data"
_GIVEN = frozenset({
    "device_fingerprint", "request_id", "request_uri", "threat_suspected", "url", "risk_level", "risk_reasons", "risk_behaviors",
    "factor", "flattened",
})  # fmt: skip
"""Debug data that Elastic copies from, or computes of, what it keeps under `flattened`."""


def make_okta_record(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return a document with a complete `okta`; None if it has none, or it is complete."""
    record = nest(record)
    log = record.get("okta")
    if not isinstance(log, dict) or not ({"event_type", "uuid"} & log.keys()) or "published" in log:
        return None
    found = fill({**log}, record, _FIELDS)
    debug = find(log, _DEBUG)
    kept = read_structure(debug.get("flattened")) if isinstance(debug, dict) else None
    if isinstance(debug, dict) and isinstance(kept, dict):
        put(found, _DEBUG, kept | {name: value for name, value in debug.items() if name not in _GIVEN})
    return {**record, "okta": found}
