"""An AWS account with nothing in it, over TLS: it knows no deployment and no execution.

The program under test has to reach it as it reaches AWS: its own TLS, and roots that it finds
through the system (here through SSL_CERT_FILE, for Python through AWS_CA_BUNDLE). The system's own
roots are in that file too: reading them is a part of what a first call takes.
"""

import http.server
import json
import pathlib
import ssl
import subprocess
import threading

from runtime_api import Server

NOTHING = {
    "CodeDeploy_20141006": "DeploymentDoesNotExistException",
    "AWSStepFunctions": "ExecutionDoesNotExist",
    "AmazonSSM": "ParameterNotFound",
}


class EmptyAws:
    def __init__(self, folder):
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             # What an AWS endpoint has: a leaf is no authority.
             "-addext", "basicConstraints=critical,CA:FALSE",
             "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        self.roots = folder / "roots.pem"
        system = ssl.get_default_verify_paths().cafile
        known = pathlib.Path(system).read_text(encoding="utf-8") if system else ""
        self.roots.write_text(known + certificate.read_text(encoding="utf-8"), encoding="utf-8")
        self.asked = []
        self.server = Server(handler(self))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.endpoint = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def environment(self):
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "SSL_CERT_FILE": str(self.roots),
            "AWS_CA_BUNDLE": str(self.roots),
            "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:canary-rollout",
        }


def handler(account):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
            account.asked.append(operation)
            error = {"__type": NOTHING.get(service, "AccessDeniedException"), "message": "there is nothing here"}
            body = json.dumps(error).encode()
            self.send_response_only(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
