"""An HTTP proxy before a server, which disturbs requests by their number (from 1). Prints its port, then counts requests.

    python proxy.py PORT [--refuse N,…] [--lose N,…] [--down N] [--hold N FILE]

--refuse answers 500 instead of asking the server; --lose asks it and answers 500 all the same; --down answers 500 to
request N and all later ones; --hold makes FILE at request N, after the server answered, and answers nothing for a minute.
"""

import argparse
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--refuse", default="")
parser.add_argument("--lose", default="")
parser.add_argument("--down", type=int, default=1 << 60)
parser.add_argument("--hold", nargs=2)
parser.add_argument("--count", default="requests")
options = parser.parse_args()
refused, lost = ({int(number) for number in text.split(",") if number} for text in (options.refuse, options.lose))
lock, count = threading.Lock(), 0


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        global count
        with lock:
            count += 1
            number = count
            Path(options.count).write_text(str(count))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if number in refused or number >= options.down:
            return self.send(500, b"disturbed")
        upstream = http.client.HTTPConnection("127.0.0.1", options.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        if options.hold and number == int(options.hold[0]):
            Path(options.hold[1]).write_text("")
            time.sleep(60)
        if number in lost:
            return self.send(500, b"disturbed")
        self.send(answer.status, content, answer.headers.get("Content-Type", "application/json"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def send(self, status, content, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
