"""Mail: whether the server lets us in. Nothing is sent unless asked for."""

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Findings, error, ok, warning
from chatscape.doctor.wire import SECONDS, is_this_machine, why


def look(options: Options) -> Findings:
    if not settings.EMAIL_URL:
        text = "No mail server: mail is printed on the console, and addresses are believed."
        mend = "Set EMAIL_URL, such as smtp+tls://user@mail.example.org:587, and EMAIL_PASSWORD."
        yield warning(text, mend) if settings.PUBLIC_URL or options.mail_to else ok(text)
        return
    yield from _sense()
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    connection = EmailBackend(timeout=int(SECONDS))
    try:
        connection.open()
        # A server may let in whom it does not serve.
        status = 0
        if connection.connection:
            connection.connection.ehlo_or_helo_if_needed()
            status = connection.connection.noop()[0]
        if status != 250:
            raise smtplib.SMTPResponseException(status, "")
        yield ok(f"The mail server {place} lets us in.")
        if options.mail_to:
            yield from _send(options.mail_to, connection)
    except smtplib.SMTPAuthenticationError as problem:
        yield error(
            f"The mail server {place} refuses user and password ({problem.smtp_code}).",
            "Give the right ones: the user in EMAIL_URL (an @ in it as %40), the password in EMAIL_PASSWORD.",
        )
    except smtplib.SMTPNotSupportedError:
        yield error(
            f"The mail server {place} has no STARTTLS, or no login without it.",
            "Use smtps:// with port 465, or smtp+tls:// with port 587.",
        )
    except smtplib.SMTPResponseException as problem:
        yield error(
            f"The mail server {place} answers {problem.smtp_code} and does not serve us.",
            "Let it accept mail from this machine, or log in (the user in EMAIL_URL, EMAIL_PASSWORD).",
        )
    except (smtplib.SMTPException, OSError) as problem:
        yield error(
            f"The mail server {place} cannot be used: {why(problem)}.",
            "See that EMAIL_URL has its host and port, and that a firewall lets this machine go there.",
        )
    finally:
        _close(connection)


def _sense() -> Findings:
    clear = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or is_this_machine(settings.EMAIL_HOST))
    if settings.EMAIL_HOST_USER and clear:
        yield warning(
            "The mail server's password goes over the network in the clear.",
            "Use smtp+tls:// (port 587) or smtps:// (port 465) in EMAIL_URL.",
        )
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost>"):
        host = urlsplit(settings.PUBLIC_URL).hostname or "example.org"
        yield warning(
            "Mails come from chatscape@localhost: most servers refuse that.",
            f"Set EMAIL_FROM, such as ChatScape <chat@{host}>.",
        )


def _send(address: str, connection: EmailBackend) -> Findings:
    message = EmailMessage(
        "A test from ChatScape",
        f"This server can send mail: {settings.PUBLIC_URL or 'ChatScape'}\n",
        to=[address],
        connection=connection,
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused:
        yield error("It refuses to send to that address.", "Try another one; see what the mail server logs.")
    except smtplib.SMTPSenderRefused:
        yield error(
            f"It refuses mail from {settings.DEFAULT_FROM_EMAIL}.",
            "Set EMAIL_FROM to an address that the server may send for.",
        )
    else:
        yield ok("A mail was sent. See whether it arrives, and not among spam.")


def _close(connection: EmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        return
