"""Queues that drills make in SQS and delete again. What goes through them is `sqs`'s, as for any other queue."""

from __future__ import annotations

from typing import Any

from axia_core.aws import error_code, translated
from axia_core.domain.drill_names import PREFIX, is_scratch
from axia_core.errors import InvalidInput
from axia_core.ports.recovery import ScratchQueues

ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
ATTRIBUTES = {"VisibilityTimeout": "60", "MessageRetentionPeriod": "3600", "SqsManagedSseEnabled": "true"}


class SqsScratchQueues(ScratchQueues):
    """Standard queues that forget within the hour."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def make(self, name: str) -> None:
        _require_scratch(name)
        with translated(f"making the queue {name}"):
            self._sqs.create_queue(QueueName=name, Attributes=ATTRIBUTES)

    def discard(self, name: str) -> None:
        from botocore.exceptions import ClientError

        _require_scratch(name)
        with translated(f"deleting the queue {name}"):
            try:
                self._sqs.delete_queue(QueueUrl=self._sqs.get_queue_url(QueueName=name)["QueueUrl"])
            except ClientError as error:
                if error_code(error) not in ABSENT:
                    raise

    def scratch(self) -> tuple[str, ...]:
        found: list[str] = []
        with translated("listing the drills' queues"):
            for page in self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=PREFIX):
                found += [url.rsplit("/", 1)[-1] for url in page.get("QueueUrls", [])]
        return tuple(name for name in found if is_scratch(name))


def _require_scratch(name: str) -> None:
    if not is_scratch(name):
        raise InvalidInput("queue", name, f"a drill makes and deletes only queues named {PREFIX}...")
