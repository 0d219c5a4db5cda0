"""Receive the dbt platform's webhooks, and sync the job that each is about."""
