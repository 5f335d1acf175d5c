"""A web server on the loopback that serves a directory, and takes its time."""
import http.server
import pathlib
import ssl
import threading
import time


class Web:
    def __init__(self, directory, certificate=None, key=None):
        self.directory = pathlib.Path(directory)
        self.delay = 0  # seconds before each part of an answer
        self.requests = []  # (path, range or None)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

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
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        request.send_response(404 if data is None else 206 if wanted else 200)
        rest = (data or b"")[start:]
        request.send_header("Content-Length", str(len(rest)))
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(data or b'') - 1}/{len(data or b'')}")
        request.end_headers()
        for at in range(0, len(rest), 4096):
            time.sleep(self.delay)
            request.wfile.write(rest[at:at + 4096])
