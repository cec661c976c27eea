"""What `dagster.yaml` plugs into the Dagster instance: no definitions, no AXIA imports beyond tag names."""
