"""Lambda's Runtime API, for a program that serves a function: one process, one invocation at a time.

What Lambda adds to it is left out: limits of memory, freezing between invocations, extensions.
"""

import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid

NEXT = "/2018-06-01/runtime/invocation/next"
INVOCATION = "/2018-06-01/runtime/invocation/"
INIT_ERROR = "/2018-06-01/runtime/init/error"
STARTS_WITHIN = 30.0


class Server(http.server.ThreadingHTTPServer):
    """On a free port of loopback. A client that is gone is no news."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Ended(Exception):
    """The process ended, or never came to ask for an invocation."""


class TimedOut(Exception):
    """The function did not answer within its timeout, and was killed."""


class Process:
    """A function's process between its start and its end."""

    def __init__(self, command, environment, name, timeout=300.0):
        self.name = name
        self.timeout = timeout
        self.asked = threading.Event()
        self.started_within = None
        self.init_error = None
        self._given = queue.Queue()
        self._answers = queue.Queue()
        self._server = Server(handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        settings = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "one",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            **environment,
        }
        self.began = time.perf_counter()
        self._child = subprocess.Popen(
            command, env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._child.pid

    def ready(self):
        """Waits for the first question for an invocation."""
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.asked.wait(0.05):
            if self._child.poll() is not None or time.monotonic() > deadline:
                self._reader.join(1)
                raise Ended(f"{self.name} asked for nothing ({self._child.poll()}): {self.init_error or self.lines[-5:]}")
        return self

    def invoke(self, payload):
        """The answer to `payload` (bytes), and whether it is an error of the function."""
        deadline = time.monotonic() + self.timeout
        self._given.put((str(uuid.uuid4()), payload, time.time() + self.timeout))
        while True:
            try:
                return self._answers.get(timeout=0.05)
            except queue.Empty:
                pass
            if self._child.poll() is not None:
                raise Ended(f"{self.name} ended with {self._child.returncode}")
            if time.monotonic() > deadline:
                self.stop()
                raise TimedOut(f"{self.name} did not answer in {self.timeout:g} s")

    def invoke_json(self, event):
        answer, failed = self.invoke(json.dumps(event).encode())
        return json.loads(answer), failed

    def resident(self):
        """Bytes of memory that are the process's own or shared with others (VmRSS)."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmRSS"].split()[0]) * 1024

    def kill(self):
        """Ends the process alone, as the lack of memory would."""
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(10)

    def stop(self):
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait(10)
        self._given.put(None)
        threading.Thread(target=self._close, daemon=True).start()

    def _close(self):
        self._server.shutdown()
        self._server.server_close()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def _next(self):
        if not self.asked.is_set():
            self.started_within = time.perf_counter() - self.began
            self.asked.set()
        return self._given.get()

    def _answer(self, payload, failed):
        self._answers.put((payload, failed))


def handler(process):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet, at once: otherwise each answer waits for an acknowledgement.
        wbufsize = 65536
        disable_nagle_algorithm = True

        def do_GET(self):
            if self.path != NEXT:
                return self.reply(404)
            given = process._next()
            if given is None:
                return self.reply(500)
            request_id, payload, deadline = given
            return self.reply(200, payload, {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:123456789012:function:{process.name}",
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
            })

        def do_POST(self):
            payload = self.read()
            if self.path == INIT_ERROR:
                process.init_error = payload.decode(errors="replace")
            elif self.path.startswith(INVOCATION) and self.path.endswith(("/response", "/error")):
                process._answer(payload, self.path.endswith("/error"))
            else:
                return self.reply(404)
            return self.reply(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

        def read(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole

        def reply(self, status, body=b"", headers=None):
            self.send_response_only(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
