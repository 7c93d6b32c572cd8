"""sinan serve, the real program, on a free port."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading

PROGRAM = os.environ["SINAN_PROGRAM"]


class Served:
    """A project folder that is served on a free port."""

    def __init__(self, folder, *options, cwd=None, environment=None):
        self.process = subprocess.Popen([PROGRAM, "--project", folder, "serve", "--listen", "127.0.0.1:0", *options],
                                        stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("serving "):
                break
        else:
            self.process.stderr.close()
            self.process.wait()
            raise AssertionError("".join(self.log))
        self.url = re.search(r"https?://\S+?(?=,|$)", line)[0].strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        # The log goes to the same pipe: a full one would hold the server up.
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def request(self, method, path, body=None, token=None, headers=None):
        """Status, headers, and the body as JSON where it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return answer.status, answer.headers, json.loads(text) if is_json and text else text

    def watch(self, program_id):
        """All events of a program, until its stream ends: (name, data) pairs."""
        _, _, text = self.request("GET", f"/v1/programs/{program_id}/events")
        events = []
        for block in text.split("\n\n"):
            fields = [line.split(": ", 1) for line in block.split("\n") if ": " in line]
            data = "\n".join(value for name, value in fields if name == "data")
            if data:
                events.append((dict(fields).get("event", "message"), data))
        return events

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.reader.join()
        return self.process.wait()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
