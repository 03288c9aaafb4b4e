#!/usr/bin/python3
"""The web server against clients that behave, that are slow, that are many, and that are hostile."""

import gzip
import http.client
import pathlib
import resource
import select
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from lab import children
from web_stand_in import WebStandIn, read_response

PROGRAM = sys.argv.pop(1)
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def closed_within(connection, seconds):
    """Whether the peer ends the connection in time; what it sends before is read away."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([connection], [], [], left)[0]:
            return False
        try:
            if not connection.recv(65536):
                return True
        except ConnectionResetError:
            return True
    return False


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = WebStandIn(PROGRAM, "--lifecycle", "--handler-ms", "700").__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.web.__exit__()

    def setUp(self):
        self.client = http.client.HTTPConnection(*self.web.addresses[0], timeout=10)

    def tearDown(self):
        self.client.close()

    def ask(self, method, path, **headers):
        self.client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = self.client.getresponse()
        return answer.status, answer.headers, answer.read()

    def test_metrics_are_what_promtool_accepts_without_a_word(self):
        status, headers, body = self.ask("GET", "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))

    def test_metrics_are_compressed_for_those_who_take_it(self):
        plain = self.ask("GET", "/metrics")[2]
        status, headers, packed = self.ask("GET", "/metrics", Accept_Encoding="gzip")
        self.assertEqual((status, headers["Content-Encoding"], headers["Vary"]), (200, "gzip", "Accept-Encoding"))
        self.assertLess(len(packed), len(plain) / 3)
        ours = lambda text: [line for line in text.splitlines() if not line.startswith(b"process_")]
        self.assertEqual(ours(gzip.decompress(packed)), ours(plain))

    def test_head_gives_the_headers_of_get_and_no_body(self):
        status, headers, body = self.ask("HEAD", "/-/healthy")
        self.assertEqual((status, headers["Content-Length"], body), (200, "21", b""))
        self.assertEqual(self.ask("GET", "/-/healthy")[2], b"keysyncd is healthy.\n")

    def test_every_answer_carries_the_security_headers(self):
        for path in ("/", "/metrics", "/config", "/nowhere"):
            with self.subTest(path=path):
                headers = self.ask("GET", path)[1]
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["Referrer-Policy"], "no-referrer")
                self.assertEqual(headers["Cache-Control"], "no-store")
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
                self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])

    def test_unknown_paths_and_methods_are_told(self):
        self.assertEqual(self.ask("GET", "/nowhere")[0], 404)
        status, headers, body = self.ask("DELETE", "/metrics")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(headers["Content-Type"], "text/plain; charset=utf-8")

    def test_reload_is_answered_from_another_thread_and_not_for_other_sites(self):
        self.assertEqual(self.ask("POST", "/-/reload")[0], 200)
        self.assertEqual(self.ask("POST", "/-/reload", Origin="http://evil.example")[0], 403)
        self.assertEqual(self.ask("GET", "/-/reload")[0], 405)

    def test_a_handler_that_never_answers_becomes_a_503(self):
        started = time.monotonic()
        self.assertEqual(self.ask("GET", "/test/never")[0], 503)
        self.assertLess(time.monotonic() - started, 5)

    def test_a_handler_that_throws_becomes_a_500_and_tells_the_client_nothing(self):
        status, _, body = self.ask("GET", "/test/throws")
        self.assertEqual(status, 500)
        self.assertNotIn(b"defect", body)

    def test_a_slow_answer_does_not_delay_a_scrape(self):
        with self.web.connect() as slow, self.web.connect() as never:
            slow.sendall(GET % b"/test/slow")
            never.sendall(GET % b"/test/never")
            self.assertEqual(self.ask("GET", "/metrics")[0], 200)
            self.assertEqual(select.select([never], [], [], 0)[0], [], "the scrape waited for another handler")
            self.assertEqual(read_response(slow.makefile("rb"))[2], b"slow\n")

    def test_expect_100_continue(self):
        with self.web.connect() as connection:
            stream = connection.makefile("rb")
            connection.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            self.assertEqual(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
            stream.readline()
            connection.sendall(b"{}")
            self.assertEqual(read_response(stream)[0], 200)


class Ready(unittest.TestCase):
    def test_ready_is_503_with_the_reason_and_healthy_is_200_meanwhile(self):
        with WebStandIn(PROGRAM, "--not-ready") as web:
            client = http.client.HTTPConnection(*web.addresses[0], timeout=10)
            client.request("GET", "/-/ready")
            answer = client.getresponse()
            self.assertEqual(answer.status, 503)
            self.assertIn(b"corp.example.com was not read yet", answer.read())
            client.request("GET", "/-/healthy")
            self.assertEqual(client.getresponse().status, 200)
            client.close()

    def test_several_addresses_and_both_families(self):
        with WebStandIn(PROGRAM, "--listen", "127.0.0.1:0", "[::1]:0", "localhost:0") as web:
            self.assertGreaterEqual(len(web.addresses), 3)
            for host, port in web.addresses:
                client = http.client.HTTPConnection(host, port, timeout=10)
                client.request("GET", "/-/healthy")
                self.assertEqual(client.getresponse().status, 200, f"{host}:{port}")
                client.close()

    def test_an_address_in_use_is_told_by_name(self):
        with WebStandIn(PROGRAM) as web:
            taken = "%s:%d" % web.addresses[0]
            second = subprocess.run([PROGRAM, "--listen", taken], capture_output=True, text=True, timeout=10)
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"cannot listen on {taken}: Address already in use", second.stderr)


class Connections(unittest.TestCase):
    def test_pipelined_requests_are_answered_in_order(self):
        with WebStandIn(PROGRAM) as web, web.connect() as connection:
            paths = [b"/test/echo/%d" % i for i in range(200)]
            connection.sendall(b"".join(GET % path for path in paths))
            stream = connection.makefile("rb")
            self.assertEqual([read_response(stream)[2] for _ in paths], [path + b"\n" for path in paths])

    def test_head_and_get_pipelined_do_not_mix(self):
        with WebStandIn(PROGRAM) as web, web.connect() as connection:
            connection.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" + GET % b"/-/healthy")
            stream = connection.makefile("rb")
            self.assertEqual(read_response(stream, body=False)[0], 200)
            self.assertEqual(read_response(stream)[2], b"keysyncd is healthy.\n")

    def test_http_1_0_closes_unless_asked_to_stay(self):
        with WebStandIn(PROGRAM) as web:
            with web.connect() as connection:
                connection.sendall(b"GET /-/healthy HTTP/1.0\r\n\r\n")
                self.assertTrue(closed_within(connection, 5))
            with web.connect() as connection:
                stream = connection.makefile("rb")
                for _ in range(2):
                    connection.sendall(b"GET /-/healthy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    self.assertEqual(read_response(stream)[0], 200)

    def test_slow_loris_is_cut_off_however_it_trickles(self):
        with WebStandIn(PROGRAM, "--request-ms", "400") as web:
            with web.connect() as silent, web.connect() as trickling:
                trickling.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                started, cut = time.monotonic(), False
                while not cut and time.monotonic() - started < 5:
                    try:
                        trickling.sendall(b"X-A: b\r\n")
                    except OSError:
                        cut = True
                        break
                    cut = closed_within(trickling, 0.05)
                self.assertTrue(cut, "a header that trickles in kept its connection")
                self.assertTrue(closed_within(silent, 5), "a connection without a request stayed")
            with web.connect() as body:
                body.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab")
                self.assertTrue(closed_within(body, 5), "a body that does not come kept its connection")

    def test_an_idle_connection_is_closed_after_its_time(self):
        with WebStandIn(PROGRAM, "--idle-ms", "300") as web, web.connect() as connection:
            connection.sendall(GET % b"/-/healthy")
            self.assertEqual(read_response(connection.makefile("rb"))[0], 200)
            self.assertTrue(closed_within(connection, 5))

    def test_a_reader_that_does_not_read_does_not_stop_the_others(self):
        with WebStandIn(PROGRAM) as web, web.connect() as lazy:
            lazy.setblocking(False)
            try:
                for _ in range(4000):
                    lazy.send(GET % b"/metrics")
            except BlockingIOError:
                pass
            started = time.monotonic()
            with web.connect() as other:
                other.sendall(GET % b"/-/healthy")
                self.assertEqual(read_response(other.makefile("rb"))[0], 200)
            self.assertLess(time.monotonic() - started, 3)

    def test_scrapes_go_on_among_ten_thousand_silent_connections(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_200), hard))
        silent = []
        with WebStandIn(PROGRAM, "--connections", "64") as web:
            for _ in range(min(hard - 200, 10_000)):
                silent.append(web.connect())
                silent[-1].sendall(b"GET /metrics HTTP/1.1\r\n")
            took = []
            for _ in range(20):
                started = time.monotonic()
                client = http.client.HTTPConnection(*web.addresses[0], timeout=10)
                client.request("GET", "/metrics")
                self.assertEqual(client.getresponse().status, 200)
                client.close()
                took.append(time.monotonic() - started)
            self.assertLess(min(took), 0.5)  # a busy machine slows many of them, a busy server all
            held = len(list(pathlib.Path(f"/proc/{web.process.pid}/fd").iterdir()))
            self.assertLess(held, 64 + 40)
        for connection in silent:
            connection.close()

    def test_stop_finishes_what_is_under_way_and_takes_less_than_two_seconds(self):
        with WebStandIn(PROGRAM) as web, web.connect() as idle, web.connect() as slow, web.connect() as never:
            idle.sendall(GET % b"/-/healthy")
            self.assertEqual(read_response(idle.makefile("rb"))[0], 200)
            slow.sendall(GET % b"/test/slow")
            never.sendall(GET % b"/test/never")
            with web.connect() as other:
                answers = other.makefile("rb")

                def both_taken():
                    other.sendall(GET % b"/test/taken")
                    return read_response(answers)[2] == b"2\n"

                self.assertTrue(children.wait_until(both_taken, 10))
            started = time.monotonic()
            web.process.terminate()
            status, headers, body = read_response(slow.makefile("rb"))
            self.assertEqual((status, body, headers["connection"]), (200, b"slow\n", "close"))
            self.assertEqual(web.process.wait(timeout=5), 0)
            self.assertLess(time.monotonic() - started, 2)


class Hostile(unittest.TestCase):
    BAD = {
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,  # a TLS client
        b"nonsense\r\n\r\n": 400,
        b"GET /\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
        b"GET / HTTP/3.0\r\nHost: a\r\n\r\n": 400,
        b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n": 400,
        b"GET * HTTP/1.1\r\nHost: a\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n": 400,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n": 413,
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + b"x" * 0x20000: 413,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n": 431,
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 431,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 5000 + b"\r\n": 431,
    }

    def test_bad_requests_get_their_answer_and_lose_their_connection(self):
        with WebStandIn(PROGRAM) as web:
            for sent, expected in self.BAD.items():
                with self.subTest(request=sent[:60]), web.connect() as connection:
                    connection.sendall(sent)
                    stream = connection.makefile("rb")
                    status, headers, body = read_response(stream)
                    self.assertEqual(status, expected, body)
                    self.assertEqual(headers["connection"], "close")
                    self.assertEqual(headers["content-type"], "text/plain; charset=utf-8")
                    connection.shutdown(1)
                    self.assertTrue(closed_within(connection, 5))
            with web.connect() as connection:
                connection.sendall(GET % b"/-/healthy")
                self.assertEqual(read_response(connection.makefile("rb"))[0], 200)

    def test_half_requests_and_vanishing_clients_leave_nothing_behind(self):
        with WebStandIn(PROGRAM) as web:
            for size in range(1, 40):
                with web.connect() as connection:
                    connection.sendall((GET % b"/test/slow")[:size])
            for _ in range(20):
                with web.connect() as connection:
                    connection.sendall(GET % b"/test/slow")
            deadline, held = time.monotonic() + 10, 99
            while held > 20 and time.monotonic() < deadline:
                time.sleep(0.05)
                held = len(list(pathlib.Path(f"/proc/{web.process.pid}/fd").iterdir()))
            self.assertLessEqual(held, 20)


if __name__ == "__main__":
    unittest.main()
