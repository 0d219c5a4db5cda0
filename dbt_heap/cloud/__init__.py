"""The dbt platform (formerly dbt Cloud): the artifacts of its runs, and the receiver of its webhooks."""
