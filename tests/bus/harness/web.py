"""A web server on the loopback that serves a directory, and takes its time."""
import hashlib
import http.server
import pathlib
import ssl
import threading
import time


class Counted:
    """A side of a connection that tells the server how much went over it."""

    def __init__(self, file, web):
        self.file = file
        self.web = web

    def readline(self, *arguments):
        line = self.file.readline(*arguments)
        self.web.bytes += len(line)
        return line

    def write(self, data):
        self.web.bytes += len(data)
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


class Web:
    def __init__(self, directory, certificate=None, key=None):
        self.directory = pathlib.Path(directory)
        self.delay = 0  # seconds before each part of an answer
        self.requests = []  # (path, range or None)
        self.bytes = 0  # of requests and answers, with their headers
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                self.rfile, self.wfile = Counted(self.rfile, web), Counted(self.wfile, web)

            def do_GET(self):
                try:
                    web.answer(self)
                except ConnectionError:
                    self.close_connection = True  # who asked was killed

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who asked was killed
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        try:
            data = (self.directory / request.path.lstrip("/")).read_bytes()
        except OSError:
            data = None
        tag = '"' + hashlib.sha256(data or b"").hexdigest()[:16] + '"'
        if data is not None and request.headers.get("If-None-Match") == tag:
            request.send_response(304)
            request.send_header("ETag", tag)
            request.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        request.send_response(404 if data is None else 206 if wanted else 200)
        rest = (data or b"")[start:]
        request.send_header("Content-Length", str(len(rest)))
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(data or b'') - 1}/{len(data or b'')}")
        if data is not None:
            request.send_header("ETag", tag)
        request.end_headers()
        part = 4096 if self.delay else 1 << 20
        for at in range(0, len(rest), part):
            time.sleep(self.delay)
            request.wfile.write(rest[at:at + part])
