"""Heap's limits, each with its source. Lengths are in characters (Unicode code points), rates are per minute.

`macros/plan/limits.sql` repeats them for the warehouse, because dbt's tests run without dbt-heap.
"""

from __future__ import annotations

# https://developers.heap.io/reference/bulk-track, .../bulk-add-user-properties, .../bulk-add-account-properties
MAX_BATCH = 1000

# https://developers.heap.io/reference/user-deletion: "Up to 10,000 users can be submitted in a single request"
MAX_DELETIONS = 10_000

# https://developers.heap.io/reference/bulk-track
EVENTS_PER_MINUTE = 15_000
EVENTS_PER_MINUTE_AND_IDENTITY = 1_000

# https://developers.heap.io/reference/track-1: "case-sensitive, limited to 255 characters"
MAX_IDENTITY = 255

# https://developers.heap.io/reference/track-1: "Limited to 1024 characters"
MAX_EVENT_NAME = 1024

# https://developers.heap.io/reference/track-1: keys and values hold "fewer than 1024 characters"
MAX_TEXT = 1023

# https://developers.heap.io/reference/track-1: "a number between zero and 2^53 - 1"
MAX_USER_ID = 2**53 - 1

# https://developers.heap.io/reference/add-user-properties: any casing of `id` clashes with internal variables;
# https://developers.heap.io/reference/adduserproperties: `user_id` cannot be a property
RESERVED_PROPERTIES = frozenset({"id", "user_id"})

# https://developers.heap.io/reference/identify: such identities merge people irreversibly. Compared in lower case.
PLACEHOLDER_IDENTITIES = (
    "null", "undefined", "none", "nan", "nil", "n/a", "na", "unknown", "anonymous",
    "user", "userid", "user_id", "guest", "true", "false", "[object object]",
)  # fmt: skip

HOSTS = {
    "us": "https://heapanalytics.com",  # https://developers.heap.io/reference/track-1
    "eu": "https://c.eu.heap-api.com",  # the same page: EU customers must use this host
}
