"""A good idempotency key is made fresh: two complaints under one key are rightly refused, whatever they say. Nothing is received
in the future, nor long before there were computers."""

import datetime
import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if key and re.fullmatch(r"[!#-~]{16,255}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    body = case.body
    received_at = body.get("receivedAt") if isinstance(body, dict) else None
    if isinstance(received_at, str) and is_time(received_at):
        body["receivedAt"] = "2026-01" + received_at[7:]
        kwargs["json"] = body


def is_time(text):
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False
