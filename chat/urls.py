"""Addresses of the inbox, rooms, messages and contacts."""

from django.urls import path

from chat.views import contacts, inbox, messages, people, reports, rooms

_message = "rooms/<uuid:room_id>/messages/<int:sequence>/"

urlpatterns = [
    path("", inbox.home, name="home"),
    path("rooms/", inbox.room_list, name="rooms"),
    path("rooms/<uuid:room_id>/", rooms.room, name="room"),
    path("rooms/<uuid:room_id>/read/", rooms.room_read, name="room-read"),
    path("rooms/<uuid:room_id>/messages/", messages.messages, name="messages"),
    path(_message, rooms.permalink, name="message"),
    path(f"{_message}edit/", messages.edit, name="message-edit"),
    path(f"{_message}delete/", messages.delete, name="message-delete"),
    path(f"{_message}report/", reports.message_report, name="message-report"),
    path(f"{_message}block/", people.message_block, name="message-block"),
    path("rooms/<uuid:room_id>/report/", reports.room_report, name="room-report"),
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/new/", contacts.contact_new, name="contact-new"),
    path("contacts/blocked/", people.blocked, name="blocked"),
    path("contacts/blocked/<uuid:person_id>/unblock/", people.unblock, name="unblock"),
    path("contacts/<uuid:contact_id>/", contacts.contact, name="contact"),
    path("contacts/<uuid:contact_id>/edit/", contacts.contact_edit, name="contact-edit"),
    path("contacts/<uuid:contact_id>/withdraw/", contacts.contact_withdraw, name="contact-withdraw"),
    path("contacts/<uuid:contact_id>/accept/", contacts.contact_accept, name="contact-accept"),
    path("contacts/<uuid:contact_id>/block/", people.contact_block, name="contact-block"),
    path("contacts/<uuid:contact_id>/unblock/", people.contact_unblock, name="contact-unblock"),
    path("contacts/<uuid:contact_id>/reports/", reports.contact_report, name="contact-report"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<uuid:report_id>/", reports.report_page, name="report"),
    path("reports/<uuid:report_id>/block/", people.report_block, name="report-block"),
]
