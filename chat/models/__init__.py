"""What ChatScape remembers: contacts, blocks, rooms, memberships, messages, and what moderators did."""

from chat.models.audit import AuditEntry
from chat.models.block import Block
from chat.models.contact import Contact
from chat.models.filter import Filter
from chat.models.invitation import Invitation
from chat.models.membership import Membership
from chat.models.message import Message, MessageEdit
from chat.models.report import Reason, Report
from chat.models.room import Room
from chat.models.sanction import Appeal, Sanction

__all__ = [
    "Appeal",
    "AuditEntry",
    "Block",
    "Contact",
    "Filter",
    "Invitation",
    "Membership",
    "Message",
    "MessageEdit",
    "Reason",
    "Report",
    "Room",
    "Sanction",
]
