select user_id, 1 as seats
from (values ('a'), ('b')) as people (user_id)
where {{ var('where', true) }}
