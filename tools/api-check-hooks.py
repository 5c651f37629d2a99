"""A good idempotency key is made fresh: two complaints under one key are rightly refused, whatever they say. Nothing is received
in the future, nor very long ago. What no schema can say: files are of a kind that is taken, and receiptCode
stands before them."""

import datetime
import re
import uuid

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("binary", strategies.binary(max_size=1000).map(lambda rest: b"\x89PNG\r\n\x1a\n" + rest))


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if key and re.fullmatch(r"[!#-~]{16,255}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@schemathesis.hook
def map_case(context, case):
    body = case.body
    if not isinstance(body, dict):
        return case
    received_at = body.get("receivedAt")
    if isinstance(received_at, str) and is_time(received_at):
        body["receivedAt"] = two_days_ago() + received_at[10:]
    if is_multipart(case) and "receiptCode" in body:
        code = {"receiptCode": body.pop("receiptCode")}
        rest = dict(body)
        body.clear()
        body.update(code, **rest)
    return case


@schemathesis.hook
def filter_case(context, case):
    """In a part everything is text: what is wrong because it is none is right when it arrives."""
    if not is_multipart(case) or not isinstance(case.body, dict):
        return True
    files = case.body.get("attachments", [])
    values = [value for name, value in case.body.items() if name != "attachments"]
    return all(isinstance(value, str) for value in values + (files if isinstance(files, list) else [files]))


def is_multipart(case):
    return case.media_type == "multipart/form-data"


def two_days_ago():
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    return day.date().isoformat()


def is_time(text):
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False
