"""The dbt platform (formerly dbt Cloud): download the artifacts of its runs, and receive its webhooks."""
