"""What stands between an interpreter of state machines, our functions, and the local AWS.

* An invocation of a function goes to a process of it, through the Runtime API.
* A call of Step Functions goes to the interpreter, every other call to the local AWS: to a function
  the two are one AWS.

A case may meddle: change what an invocation carries, refuse it, or end the process in mid-call.
"""

import http.client
import http.server
import json
import re
import threading
import urllib.parse
import uuid

from runtime_api import Ended, Process, Server, TimedOut

INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
# What the next hop must not be told of this one.
HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Refused(Exception):
    """Lambda does not take an invocation; the function never sees it."""

    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class FunctionError(Exception):
    """The function ended in an error of this name."""


class Router:
    """Serves on a port of its own until the program ends."""

    def __init__(self, program, others):
        self.program, self.machines, self.others = program, None, netloc(others)
        self.server = Server(handler(self))
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.functions = {}
        self.idle = {}
        self.busy = []
        self.spawned = []
        self.lock = threading.Lock()
        self.calm()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def calm(self):
        """Meddles no more, and forgets what was seen."""
        self.meddle = lambda action, event, nth: event
        self.kills = lambda method, path: False
        self.seen = []

    def send_machines_to(self, endpoint):
        self.machines = netloc(endpoint)

    def function(self, name, handler, environment):
        self.functions[name] = {"_HANDLER": handler, "AWS_ENDPOINT_URL": self.endpoint, **environment}

    def invoke(self, function, event):
        """The function's answer and whether it is an error, as Lambda would give it."""
        execution, action = event.get("execution"), event.get("action")
        with self.lock:
            nth = sum(seen[:2] == (execution, action) for seen in self.seen)
            self.seen.append((execution, action, None))
            at = len(self.seen) - 1
        outcome = "not answered"
        try:
            event = self.meddle(action, event, nth)
            answer, failed = self.run(function, json.dumps(event).encode())
            outcome = json.loads(answer).get("errorType", "an error") if failed else "ok"
        except Refused as refusal:
            outcome = refusal.code
            raise
        except FunctionError as error:
            outcome = str(error)
            answer, failed = as_error(outcome, "a case meddled"), True
        finally:
            self.seen[at] = (execution, action, outcome)
        return answer, failed

    def run(self, function, payload):
        process = self.take(function)
        try:
            answer = process.invoke(payload)
        except Ended:
            process.stop()
            return as_error("Runtime.ExitError", "Runtime exited with error: signal: killed"), True
        except TimedOut:
            return as_error("Sandbox.Timedout", "Task timed out"), True
        finally:
            with self.lock:
                self.busy.remove(process)
        with self.lock:
            self.idle.setdefault(function, []).append(process)
        return answer

    def take(self, function):
        with self.lock:
            idle = self.idle.get(function)
            process = idle.pop() if idle else None
        if process is None:
            process = Process([self.program], self.functions[function], function).ready()
            self.spawned.append(process)
        with self.lock:
            self.busy.append(process)
        return process

    def forward(self, method, path, headers, body):
        """Another service's answer: status, headers, body."""
        target = headers.get("X-Amz-Target", "")
        there = self.machines if target.startswith("AWSStepFunctions.") else self.others
        connection = http.client.HTTPConnection(there, timeout=60)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
            connection.request(method, path, body, {**kept, "Host": headers["Host"]})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
            if self.kills(method, path):
                self.kills = lambda method, path: False
                self.busy[-1].kill()

    def lines(self):
        """What the functions have printed, the oldest first."""
        return [line for process in self.spawned for line in process.lines]

    def stop(self):
        for process in self.spawned:
            process.stop()


def netloc(url):
    return urllib.parse.urlsplit(url).netloc


def as_error(kind, message):
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def handler(router):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = INVOKE.fullmatch(urllib.parse.urlsplit(self.path).path)
            name = urllib.parse.unquote(asked[1]).split(":function:")[-1] if asked else ""
            if name in router.functions:
                status, headers, body = self.invoked(name, body)
            else:
                status, headers, body = router.forward(self.command, self.path, self.headers, body)
            self.send_response_only(status)
            for key, value in headers.items():
                if key.lower() not in HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def invoked(self, name, body):
            kind = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
            try:
                answer, failed = router.invoke(name, json.loads(body))
            except Refused as refusal:
                why = json.dumps({"message": "a case meddled", "Type": "User"}).encode()
                return refusal.status, {**kind, "x-amzn-ErrorType": refusal.code}, why
            error = {"X-Amz-Function-Error": "Unhandled"} if failed else {}
            return 200, {**kind, "X-Amz-Executed-Version": "$LATEST", **error}, answer

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_):
            pass

    return Handler
