"""What ChatScape remembers: contacts, blocks, reports, rooms, memberships and messages."""

from chat.models.block import Block
from chat.models.contact import Contact
from chat.models.invitation import Invitation
from chat.models.membership import Membership
from chat.models.message import Message, MessageEdit
from chat.models.report import Report
from chat.models.room import Room

__all__ = ["Block", "Contact", "Invitation", "Membership", "Message", "MessageEdit", "Report", "Room"]
