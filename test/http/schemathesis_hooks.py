"""What schemathesis is told beside the description: whole numbers of bodies have 64 bits (RFC 8259, 6, lets a reader say so)."""

import schemathesis


def fits(value):
    if isinstance(value, dict):
        return all(map(fits, value.values()))
    if isinstance(value, list):
        return all(map(fits, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**64


@schemathesis.hook
def filter_body(context, body):
    return fits(body)
