"""What people said and were answered: what the database must hold in the end, and nothing else."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Said:
    """One message, as its author knows it."""

    author: str
    room: str
    # What it says, after all that it said before.
    wordings: list[str]
    reply_to: int | None = None
    # Its place, once its author was told; a plain form does not say it.
    sequence: int | None = None
    deleted: bool = False
    began: float = field(default_factory=time.time)
    answered: float = 0.0


class Ledger:
    """Everything that all people have done, by the `client_id` of the message it was done to.

    Whoever does something repeats it until it is answered, so in the end everything has happened once.
    """

    def __init__(self) -> None:
        self.said: dict[str, Said] = {}
        # Posts, edits and deletions by room: each raises its revision by one.
        self.changes: Counter[str] = Counter()
        # How far people have read, by room and person, and when the server was last told.
        self.read: dict[tuple[str, str], int] = {}
        # How often people were asked to come again, by code.
        self.refused: Counter[str] = Counter()
        self.retries = 0

    def saved_unanswered(self, client_id: str, created_at: float) -> bool:
        """Say whether a message was saved long before its author was told: the first answer was lost."""
        return self.said[client_id].answered - created_at > 0.5
