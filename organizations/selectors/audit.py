from dataclasses import dataclass

from organizations.audit import hash_of
from organizations.models.audit import AuditChain


@dataclass(frozen=True)
class Fault:
    """The first place at which a chain does not hold."""

    chain: str
    sequence: int
    reason: str


def faults_in_chains() -> list[Fault]:
    """Return the first fault of every chain that has one; an empty list means that nothing was altered."""
    found = (first_fault(chain) for chain in AuditChain.objects.order_by("name"))
    return [fault for fault in found if fault is not None]


def first_fault(chain: AuditChain) -> Fault | None:
    """Return where ``chain`` was altered, cut or reordered, or None. Reads it in chunks, oldest first."""
    previous, expected = "", 1
    for event in chain.events.order_by("sequence").iterator(chunk_size=500):
        event.chain = chain
        if event.sequence != expected:
            return Fault(chain.name, expected, "the event is missing")
        if event.previous_hash != previous:
            return Fault(chain.name, expected, "it does not follow the event before it")
        if event.hash != hash_of(event):
            return Fault(chain.name, expected, "its content was altered")
        previous, expected = event.hash, expected + 1
    if (chain.length, chain.head) != (expected - 1, previous):
        return Fault(chain.name, expected, "the chain was cut at its end")
    return None
