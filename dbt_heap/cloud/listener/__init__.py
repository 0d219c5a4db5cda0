"""The receiver of the dbt platform's webhooks."""
