"""A good idempotency key is made fresh: two complaints under one key are rightly refused, whatever they say."""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if key and re.fullmatch(r"[!#-~]{16,255}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
