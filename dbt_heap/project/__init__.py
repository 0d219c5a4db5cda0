"""What the user's dbt project says: settings, variables, manifest, run results and selection."""
