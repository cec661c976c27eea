"""What may be done with these credentials: calls that AWS must permit or deny, and that change nothing when permitted.

A write carries a condition that no item and no object meets; a receipt is none. What has no such form (sending,
receiving, publishing) is not tried, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axia_core.domain.examination import Finding, failure, well
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: boto3 is of no use to `axia --help`.
    from infra.clients import Clients

KEY = "_doctor/none"
NO_ETAG = '"00000000000000000000000000000000"'
NO_ITEM = {"pk": {"S": "DOCTOR"}, "sk": {"S": "NONE"}}
NEVER = "attribute_exists(pk) AND attribute_not_exists(pk)"
NO_RECEIPT = "AQEBnone"
NOT_TRIED = ("sqs:SendMessage", "sqs:ReceiveMessage", "sns:Publish", "cloudwatch:PutMetricData", "logs:PutLogEvents")
DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
UNAVAILABLE = 500


@dataclass(frozen=True)
class Attempt:
    """One action and the harmless call that needs it."""

    action: str
    resource: str
    call: Callable[[], object]


def attempts(settings: Settings, clients: Clients) -> tuple[Attempt, ...]:
    """What the trading host does, as calls that change nothing."""
    return (
        *_of_bucket(settings.bucket, clients("s3")),
        *_of_table(settings.table, clients("dynamodb")),
        *_of_queue(settings.order_queue, clients("sqs")),
        *_of_queue(settings.dead_letter_queue, clients("sqs")),
        _of_letters(settings.dead_letter_queue, clients("sqs")),
    )


def denied(tried: tuple[Attempt, ...]) -> Mapping[str, str]:
    """Each action that was denied, by its resource. Raises StoreUnavailable where AWS does not answer."""
    from axia_core.aws import translated

    found: dict[str, str] = {}
    for attempt in tried:
        with translated(f"trying {attempt.action}"):
            if _is_denied(attempt):
                found[f"{attempt.action} on {attempt.resource}"] = attempt.action
    return found


def judge(refused: Mapping[str, str], tried: int) -> Iterator[Finding]:
    """Whether the running system would be permitted what it does."""
    if refused:
        remedy = "Run with the role EC2InstanceRole of infra/core.yaml, or give this identity these actions."
        yield failure(f"denied: {', '.join(refused)}", remedy)
    yield well(
        f"{tried - len(refused)} of {tried} calls permitted; not tried, for they would act: {', '.join(NOT_TRIED)}"
    )


def _is_denied(attempt: Attempt) -> bool:
    from botocore.exceptions import ClientError

    from axia_core.aws import error_code

    try:
        attempt.call()
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= UNAVAILABLE:
            raise
        return error_code(error) in DENIED
    return False


def _of_bucket(bucket: str, s3: Any) -> tuple[Attempt, ...]:
    where = {"Bucket": bucket, "Key": KEY}
    return (
        Attempt("s3:ListBucket", bucket, lambda: s3.list_objects_v2(Bucket=bucket, Prefix=KEY, MaxKeys=1)),
        Attempt("s3:GetObject", bucket, lambda: s3.get_object(**where)),
        Attempt("s3:PutObject", bucket, lambda: s3.put_object(**where, Body=b"", IfMatch=NO_ETAG)),
        Attempt("s3:ListBucketVersions", bucket, lambda: s3.list_object_versions(Bucket=bucket, Prefix=KEY, MaxKeys=1)),
        Attempt("s3:RestoreObject", bucket, lambda: s3.restore_object(**where, RestoreRequest={"Days": 1})),
    )


def _of_table(table: str, dynamodb: Any) -> tuple[Attempt, ...]:
    key = {"TableName": table, "Key": NO_ITEM}
    write = {"TableName": table, "ConditionExpression": NEVER}
    none = {":none": {"S": "DOCTOR"}}
    query = {"TableName": table, "ExpressionAttributeValues": none, "Limit": 1}
    # `open` is a reserved word.
    by_index = {
        "IndexName": "open-orders",
        "KeyConditionExpression": "#o = :none",
        "ExpressionAttributeNames": {"#o": "open"},
    }
    check = {"ConditionCheck": {**key, "ConditionExpression": NEVER}}
    return (
        Attempt("dynamodb:GetItem", table, lambda: dynamodb.get_item(**key)),
        Attempt("dynamodb:Query", table, lambda: dynamodb.query(**query, KeyConditionExpression="pk = :none")),
        Attempt("dynamodb:Query", f"{table}/index/open-orders", lambda: dynamodb.query(**query, **by_index)),
        Attempt("dynamodb:PutItem", table, lambda: dynamodb.put_item(**write, Item=NO_ITEM)),
        Attempt("dynamodb:UpdateItem", table, lambda: dynamodb.update_item(**write, Key=NO_ITEM, **_SETTING)),
        Attempt("dynamodb:Scan", table, lambda: dynamodb.scan(TableName=table, Limit=1)),
        Attempt("dynamodb:ConditionCheckItem", table, lambda: dynamodb.transact_write_items(TransactItems=[check])),
    )


def _of_queue(name: str, sqs: Any) -> tuple[Attempt, ...]:
    def at() -> dict[str, Any]:
        return {"QueueUrl": sqs.get_queue_url(QueueName=name)["QueueUrl"]}

    depth = ["ApproximateNumberOfMessages"]
    return (
        Attempt("sqs:GetQueueUrl", name, at),
        Attempt("sqs:GetQueueAttributes", name, lambda: sqs.get_queue_attributes(**at(), AttributeNames=depth)),
        Attempt("sqs:DeleteMessage", name, lambda: sqs.delete_message(**at(), ReceiptHandle=NO_RECEIPT)),
    )


def _of_letters(name: str, sqs: Any) -> Attempt:
    """Dead letters are given back once they have been looked at."""

    def hide() -> None:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=NO_RECEIPT, VisibilityTimeout=0)

    return Attempt("sqs:ChangeMessageVisibility", name, hide)


_SETTING: dict[str, Any] = {
    "UpdateExpression": "SET looked_at = :none",
    "ExpressionAttributeValues": {":none": {"S": "-"}},
}
