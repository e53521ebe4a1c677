"""Slack, PagerDuty and e-mail: each a function that is given its connection and an event.

A channel returns whether the event is one for it, and raises what its transport raises.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from lib.alerts.event import Event

Channel = Callable[[Any, Event], bool]
_SECONDS = 10
_HERE = {"127.0.0.1", "localhost", "::1"}


def slack(connection: Any, event: Event) -> bool:
    """An incoming webhook: the host is its address, the password what follows it."""
    lines = [f"*{_escaped(event.title)}*"]
    lines += [f"{name}: {_escaped(value)}" for name, value in event.details.items() if value]
    host = connection.host or "https://hooks.slack.com/services"
    _post(f"{host.rstrip('/')}/{connection.password}", {"text": "\n".join(lines)})
    return True


def pagerduty(connection: Any, event: Event) -> bool:
    """Events API v2, whose routing key is the password. Wakes nobody for a warning."""
    if event.severity != "error":
        return False
    body = {
        "routing_key": connection.password,
        "event_action": "trigger",
        "dedup_key": event.id,
        "payload": {
            "summary": event.title,
            "source": event.dag_id,
            "severity": event.severity,
            "timestamp": event.occurred_at.isoformat(),
            "component": event.task_id or event.dag_id,
            "custom_details": event.details,
        },
    }
    _post(f"{(connection.host or 'https://events.pagerduty.com').rstrip('/')}/v2/enqueue", body)
    return True


def email(connection: Any, event: Event) -> bool:
    """SMTP; the connection's extra says `from` and `to`, a text or a list."""
    extra = connection.extra_dejson
    message = EmailMessage()
    message["Subject"] = event.title
    message["From"] = extra["from"]
    message["To"] = extra["to"] if isinstance(extra["to"], str) else ", ".join(extra["to"])
    message.set_content("\n".join(f"{name}: {value}" for name, value in event.details.items()))
    with smtplib.SMTP(connection.host, connection.port or 587, timeout=_SECONDS) as server:
        if connection.host not in _HERE:
            server.starttls(context=ssl.create_default_context())
        if connection.login:
            server.login(connection.login, connection.password)
        server.send_message(message)
    return True


CHANNELS: dict[str, Channel] = {"alerts_slack": slack, "alerts_pagerduty": pagerduty, "alerts_email": email}
"""By the id of its connection."""


def _post(url: str, body: object) -> None:
    place = urlsplit(url)
    if place.scheme != "https" and place.hostname not in _HERE:
        raise ValueError("an address outside of this machine has to begin with https")
    request = urllib.request.Request(  # noqa: S310 - checked above
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
