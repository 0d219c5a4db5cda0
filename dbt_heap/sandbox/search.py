"""The newest of what the store holds, and what of it holds a text: what the page lists.

An item is that of the store, and says besides which request brought it last (null: a file of an older version does not
know), and when.
"""

from __future__ import annotations

import orjson

from dbt_heap.sandbox.database import ID, LOGGED, Store

_OBJECTS = """
select objects.app_id, objects.id, objects.properties, objects.request, requests.at
from objects
left join requests on requests.number = objects.request
where objects.plural = :plural
    and objects.app_id = coalesce(:app_id, objects.app_id)
    and (
        :search = ''
        or instr(lower(objects.app_id || ' ' || objects.id), lower(:search))
        or instr(lower(objects.properties), lower(:escaped))
    )
order by objects.request desc, objects.app_id desc, objects.id desc
limit :count
"""
_EVENTS = """
select events.item, events.number, events.request, requests.at
from events
left join requests on requests.number = events.request
where events.app_id = coalesce(:app_id, events.app_id)
    and (:search = '' or instr(lower(events.item), lower(:escaped)))
order by events.number desc
limit :count
"""
_REQUEST = ("number", *LOGGED, "verdict")
_REQUESTS = f"""
with told as (
    select
        *,
        case
            when reason like 'fault: %' then 'fault' when status in (200, 201) then 'taken' else 'refused'
        end as verdict
    from requests
)
select {", ".join(_REQUEST)}
from told
where app_id = coalesce(:app_id, app_id)
    and number = coalesce(:number, number)
    and (
        :search = ''
        or instr(
            lower(path || ' ' || coalesce(status, 'no answer') || ' ' || verdict || ' ' || reason || ' ' || app_id),
            lower(:search)
        )
    )
order by number desc
limit :count
"""


def newest(
    store: Store, plural: str, *, count: int, search: str = "", app_id: str | None = None, number: int | None = None
) -> list[str]:
    """At most `count` users, accounts, events or requests as JSON texts, the newest first.

    `search` is looked for in ids, events, properties and app ids; of requests in path, status, verdict and reason. The
    case of ASCII's letters does not matter. `number` asks for one request.
    """
    asked = {
        **{"plural": plural, "count": count, "app_id": app_id, "number": number},
        **{"search": search, "escaped": _json(search)[1:-1]},  # as it stands within JSON
    }
    if plural == "events":
        return [_brought(item, *rest) for item, *rest in store.rows(_EVENTS, asked)]
    if plural == "requests":
        return [_json(dict(zip(_REQUEST, row, strict=True))) for row in store.rows(_REQUESTS, asked)]
    return [
        _brought(f'{{"app_id":{_json(app)},"{ID[plural]}":{_json(key)},"properties":{properties}}}', None, *rest)
        for app, key, properties, *rest in store.rows(_OBJECTS, asked)
    ]


def _brought(item: str, number: int | None, request: int | None, at: str | None) -> str:
    said = ({} if number is None else {"number": number}) | {"request": request, "at": at}
    return f"{item[:-1]},{_json(said)[1:]}"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
