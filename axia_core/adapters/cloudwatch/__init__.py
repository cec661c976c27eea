"""CloudWatch: `logs` ships lines, `metrics` publishes readings, both from an `outbox` that nobody ever waits for.

`batches` knows what CloudWatch takes in one call. How alarms read the metrics is in infra/core.yaml.
"""
