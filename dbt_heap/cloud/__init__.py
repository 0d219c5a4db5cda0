"""dbt Cloud: the artifacts of a run, fetched into a folder where all else reads them as it reads dbt's own."""
