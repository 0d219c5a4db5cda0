"""The receiver of dbt Cloud's webhooks: each run that ended is synced by a process of its own."""
