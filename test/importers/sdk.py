"""What the platforms' published Python SDKs answer: sdk.py PLATFORM. Reads {"document", "contexts", "flags", "options"} a line, writes
{"answers": [{flag: value}, ..]} a line. A flag for which the SDK gives its caller's default is left out."""

import collections
import collections.abc
import copy
import json
import sys


def planout(document, options):
    # The package is older than Python 3.10, which moved what it imports.
    collections.MutableMapping = collections.abc.MutableMapping
    from planout.interpreter import Interpreter

    def evaluate(context, flags):
        # The interpreter writes into its script.
        values = Interpreter(copy.deepcopy(document), options["salt"], context).get_params()
        return {flag: values[flag] for flag in flags if flag in values}

    return evaluate


def eppo(document, options):
    import eppo_client

    # Nothing is asked of any server: the configuration is given, and never polled.
    client = eppo_client.init(
        eppo_client.ClientConfig(
            api_key="none", base_url="http://127.0.0.1:9", assignment_logger=eppo_client.AssignmentLogger(),
            poll_interval_seconds=None,
            initial_configuration=eppo_client.Configuration(flags_configuration=json.dumps(document).encode()),
        )
    )
    getters = {
        "BOOLEAN": client.get_boolean_assignment, "STRING": client.get_string_assignment,
        "INTEGER": client.get_integer_assignment, "NUMERIC": client.get_numeric_assignment, "JSON": client.get_json_assignment,
    }
    # Two defaults tell a value from none.
    probes = {"BOOLEAN": (True, False), "STRING": ("?", "!"), "INTEGER": (-1, -2), "NUMERIC": (-1.0, -2.0), "JSON": ({"?": 1}, {"!": 1})}

    def evaluate(context, flags):
        attributes = {key: value for key, value in context.items() if key != "user_id"}
        answer = {}
        for flag in flags:
            kind = document["flags"][flag]["variationType"]
            first, second = (getters[kind](flag, context["user_id"], attributes, probe) for probe in probes[kind])
            if first == second:
                answer[flag] = first
        return answer

    return evaluate


for line in sys.stdin:
    request = json.loads(line)
    ask = {"planout": planout, "eppo": eppo}[sys.argv[1]](request["document"], request.get("options", {}))
    answers = [ask(context, request["flags"]) for context in request["contexts"]]
    print(json.dumps({"answers": answers}), flush=True)
