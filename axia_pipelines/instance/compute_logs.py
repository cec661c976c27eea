"""What steps print, in the larger deployment: kept in S3 where the process is an ECS task, and not kept elsewhere.

House rule: only the choice. On the trading host capture would add three seconds to each step (Windows) and dagster-aws
48 MB to the desk, which says what it does through `context.log`.
https://docs.dagster.io/guides/operate/managing-the-run-lifecycle/compute-logs
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._serdes.config_class import ConfigurableClassData

# Set by the ECS agent in every container and nowhere else.
ECS_MARK = "ECS_CONTAINER_METADATA_URI_V4"


class TaskComputeLogManager(NoOpComputeLogManager):
    """S3ComputeLogManager inside an ECS task, otherwise NoOpComputeLogManager."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"bucket": dg.StringSource, "prefix": dg.StringSource}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster asks for a ComputeLogManager, its base says its own class
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> ComputeLogManager[dg.DagsterInstance]:
        if ECS_MARK not in os.environ:
            return cls(inst_data)
        from dagster_aws.s3 import S3ComputeLogManager

        # Uploaded while the step runs, so that a task that is killed leaves its last words.
        return S3ComputeLogManager(**config_value, inst_data=inst_data, skip_empty_files=True, upload_interval=30)
