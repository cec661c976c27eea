"""In-memory order queue, ledger, broker and events: they ship beside the real ones and obey the same contracts.

State goes in through the constructor and is read back through attributes; nothing here is patched by a test.
"""

from axia_core.adapters.memory.broker import MemoryBroker, MemoryDryRun
from axia_core.adapters.memory.events import MemoryEvents
from axia_core.adapters.memory.ledger import MemoryOrderLedger
from axia_core.adapters.memory.queue import MemoryDeadLetterQueue, MemoryOrderQueue

__all__ = [
    "MemoryBroker",
    "MemoryDeadLetterQueue",
    "MemoryDryRun",
    "MemoryEvents",
    "MemoryOrderLedger",
    "MemoryOrderQueue",
]
