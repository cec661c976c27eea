"""What the trading host does on AWS, as steps that can be taken again and again.

Each step prepares its world as root, acts as the role, and looks as root whether it has come to what it should.
"""

from __future__ import annotations

from dataclasses import dataclass

from axia_core.ports import BarStore, DeadLetterQueue, OrderLedger, OrderQueue, Snapshots, StatementStore
from infra.least_privilege import Step
from tests.infra.bar_steps import BarSteps
from tests.infra.order_steps import OrderSteps
from tests.infra.told_steps import ToldSteps

# Those that reach AWS: each of their calls is in some step.
PORTS = (OrderLedger, OrderQueue, DeadLetterQueue, BarStore, StatementStore, Snapshots)


@dataclass
class Host(BarSteps, OrderSteps, ToldSteps):
    """The host, acting as its role."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.open_the_switch()

    def steps(self) -> list[Step]:
        """All of them."""
        told = {
            "collect a day": self.collect,
            "load bars, fill the cache": self.load,
            "look at revisions": self.revisions,
            "restore an archived day": self.restore,
            "keep refused bars": self.refuse,
            "keep a statement": self.statement,
            "send an order": self.send,
            "desk: accept, execute, settle": self.trade,
            "desk: accept several": self.accept_several,
            "desk: take over, look back": self.take_over,
            "desk: keep accounts": self.keep_accounts,
            "kill switch and audit": self.switch,
            "publish a snapshot": self.snapshot,
            "look at, redrive and purge dead letters": self.redrive,
            "measure the queues": self.depths,
            "read the MT5 account": self.account,
            "read the cache's password": self.password,
            "write log lines": self.log,
            "publish a metric": self.metric,
            "leave heartbeats": self.beat,
            "tell people": self.tell,
            "take on the verifier's role": self.verify,
        }
        return [Step(name, do) for name, do in told.items()]
