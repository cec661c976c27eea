"""Bars in S3: `store` calls S3, `parquet` and `truth` know what is inside an object. `connect` opens it."""

from axia_core.adapters.s3.store import S3BarStore, connect

__all__ = ["S3BarStore", "connect"]
