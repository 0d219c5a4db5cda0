"""The only package that imports dbt's adapters."""
