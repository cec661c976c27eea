"""Proves that each role's policy is enough and no more, on a local AWS server that enforces IAM.

A role works through its steps with its whole policy, then without each statement, then without each action: what breaks
shows what that was for, and what breaks nothing is not needed. Which steps there are is the callers' affair.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from infra.clients import Clients
from infra.template import Resource, Template

DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
ROLE = "AWS::IAM::Role"
# AWS authorises a batch by the action of one; the local server has an action for each that no policy of ours names.
BATCHED = frozenset({"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"})
TRANSACTION = "dynamodb:TransactWriteItems"
IN_TRANSACTIONS = frozenset(
    f"dynamodb:{name}" for name in ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
)

Document = dict[str, Any]


@dataclass(frozen=True, order=True)
class Statement:
    """One statement of an inline policy, by the names that the template gives."""

    role: str
    policy: str
    sid: str
    actions: tuple[str, ...] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.role} {self.sid}"


@dataclass(frozen=True)
class Step:
    """One thing that the product does as a role; it raises where it could not."""

    name: str
    do: Callable[[], object]


@dataclass(frozen=True)
class Removal:
    """What a policy lacked, and what that broke: the steps and which calls were denied in them."""

    statement: Statement
    action: str  # empty: the whole statement
    broke: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        what = f"{self.statement} without {self.action}" if self.action else f"without {self.statement}"
        return f"{what}: {', '.join(f'{step} ({_words(calls)})' for step, calls in self.broke.items()) or 'nothing'}"


@dataclass
class Witness:
    """What one role's clients have called and what of it was denied; it listens to boto3's events."""

    called: set[str] = field(default_factory=set)
    denied: list[str] = field(default_factory=list)

    def listen(self, session: Any) -> None:
        """From now on to every client that the session makes."""
        session.events.register("before-call", self._note_call)
        session.events.register("after-call", self._note_answer)

    def forget(self) -> None:
        """Begins anew."""
        self.called.clear()
        self.denied.clear()

    def _note_call(self, model: Any, **_: Any) -> None:
        self.called.add(_call(model))

    def _note_answer(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        if str(parsed.get("Error", {}).get("Code", "")) in DENIED:
            self.denied.append(_call(model))


def statements(template: Template) -> list[Statement]:
    """Every statement of every inline policy of a template's roles."""
    roles = [resource for resource in template.resources.values() if resource.type == ROLE]
    return [found for role in roles for found in _of_role(role)]


def managed(template: Template) -> list[tuple[str, str]]:
    """Every role that has a policy of AWS's own, with its ARN."""
    roles = [resource for resource in template.resources.values() if resource.type == ROLE]
    return [(role.name, str(arn)) for role in roles for arn in role.properties.get("ManagedPolicyArns", [])]


def _of_role(role: Resource) -> Iterator[Statement]:
    for policy in role.properties.get("Policies", []):
        for each in policy["PolicyDocument"]["Statement"]:
            yield Statement(role.name, policy["PolicyName"], each["Sid"], tuple(_list(each["Action"])))


@dataclass(frozen=True)
class Prover:
    """Takes policies apart by *admin* and runs *steps*, whose calls *witness* sees."""

    admin: Clients
    witness: Witness
    steps: Sequence[Step]

    def baseline(self) -> dict[str, frozenset[str]]:
        """What each step calls with the whole policy; raises what a step raises."""
        found: dict[str, frozenset[str]] = {}
        for step in self.steps:
            self.witness.forget()
            step.do()
            if self.witness.denied:
                raise PermissionError(f"{step.name} was denied {_words(self.witness.denied)} by the whole policy")
            found[step.name] = frozenset(self.witness.called)
        return found

    def prove(self, wanted: Sequence[Statement], *, actions: bool = False) -> Iterator[Removal]:
        """What breaks without each statement, and where *actions* are wanted without each of them, too."""
        calls = self.baseline()
        for statement in wanted:
            concerned = [step for step in self.steps if _may_need(calls[step.name], statement.actions)]
            with self._without(statement):
                whole = Removal(statement, "", self._broken(concerned))
            yield whole
            for action in statement.actions if actions and len(statement.actions) > 1 else ():
                affected = [step for step in concerned if step.name in whole.broke]
                needing = [step for step in affected if _may_need(calls[step.name], (action,))]
                with self._without(statement, action):
                    yield Removal(statement, action, self._broken(needing, only_first=True))

    def _broken(self, steps: Sequence[Step], *, only_first: bool = False) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for step in steps:
            if only_first and found:
                break
            if calls := self._denied_in(step):
                found[step.name] = calls
        return found

    def _denied_in(self, step: Step) -> tuple[str, ...]:
        """The calls that were denied in a step that failed; a step that gets by without them has not failed."""
        self.witness.forget()
        try:
            step.do()
        except Exception:
            if not self.witness.denied:
                raise
            return tuple(dict.fromkeys(self.witness.denied))
        return ()

    @contextmanager
    def _without(self, statement: Statement, action: str = "") -> Iterator[None]:
        iam, where = self.admin("iam"), {"RoleName": statement.role, "PolicyName": statement.policy}
        whole = _document(iam.get_role_policy(**where)["PolicyDocument"])
        _put(iam, where, reduced(whole, statement.sid, action))
        try:
            yield
        finally:
            _put(iam, where, whole)


def emulate(admin: Clients, known: Sequence[Statement], resources: Mapping[tuple[str, str, str], str]) -> None:
    """Puts policies in the local server's own terms, where those are not AWS's, before anything is proved by it.

    It has an action for each batch, and computes the resources of some calls in another form: *resources* says which,
    by role, Sid and action; `*` stands for every action of that Sid.
    """
    iam = admin("iam")
    for role, policy in sorted({(one.role, one.policy) for one in known}):
        where = {"RoleName": role, "PolicyName": policy}
        document = _document(iam.get_role_policy(**where)["PolicyDocument"])
        ours = {(sid, action): found for (owner, sid, action), found in resources.items() if owner == role}
        document["Statement"] = [new for each in document["Statement"] for new in _emulated(each, ours)]
        _put(iam, where, document)


def _emulated(statement: Document, resources: Mapping[tuple[str, str], str]) -> Iterator[Document]:
    """The statement, and one of the same Sid for each action whose resource is another."""
    sid, usual = statement["Sid"], [*_list(statement["Action"])]
    for action in [one for one in usual if (sid, one) in resources]:
        usual.remove(action)
        yield {**statement, "Action": [action], "Resource": resources[sid, action]}
    if usual:
        twins = [twin for one in usual for twin in _twins(one)]
        yield {**statement, "Action": twins, "Resource": resources.get((sid, "*"), statement["Resource"])}


def reduced(document: Document, sid: str, action: str = "") -> Document:
    """A policy without one statement, or without one of its actions and its batch."""
    copy = deepcopy(document)
    for each in list(copy["Statement"]):
        if each["Sid"] == sid:
            each["Action"] = [one for one in _list(each["Action"]) if action and one not in _twins(action)]
            if not each["Action"]:
                copy["Statement"].remove(each)
    return copy


def _twins(action: str) -> tuple[str, ...]:
    return (action, f"{action}Batch") if action in BATCHED else (action,)


def _put(iam: Any, where: Mapping[str, str], document: Document) -> None:
    if document["Statement"]:
        iam.put_role_policy(**where, PolicyDocument=json.dumps(document))
    else:
        iam.delete_role_policy(**where)


def _document(found: Any) -> Document:
    document: Document = json.loads(found) if isinstance(found, str) else found
    return document


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _call(model: Any) -> str:
    """What was called, with the service's name in policies."""
    service = model.service_model.service_name
    return f"{ {'dynamodbstreams': 'dynamodb'}.get(service, service) }:{model.name}"


def _may_need(called: frozenset[str], actions: Sequence[str]) -> bool:
    """Whether a step that calls these could be denied for want of one of the actions.

    An action is called as the call, but for S3's and Lambda's, batches, and what a transaction is made of.
    """
    wanted = {twin for action in actions for twin in _twins(action)}
    if IN_TRANSACTIONS.intersection(actions):
        wanted.add(TRANSACTION)
    loose = {action.partition(":")[0] for action in actions} & {"s3", "lambda"}
    return any(call in wanted or call.partition(":")[0] in loose for call in called)


def _words(calls: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(calls))
