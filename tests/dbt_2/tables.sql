-- What dbt 2 would have built; the version that wrote manifest.json builds nothing.
create table contacts as select 'a' as user_id, '555' as phone;
create schema analytics;
create table analytics.people as select 'a' as user_id, 1 as seats, 'pro' as plan, 'Rome' as city;
create table analytics.visits as select 'a' as user_id, 1 as visit_id, timestamp '2026-01-01 08:00:00' as at;
create table analytics.countries as select 'a' as user_id, 'IT' as country;
