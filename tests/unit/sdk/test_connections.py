"""Connections: whom they reach, through what, and what breaks them."""

import base64
import socket
import threading

import pytest
from scripted import Reply, reply, scripted
from zaffre_sdk.client import Transport
from zaffre_sdk.client.transport import Request
from zaffre_sdk.connections import BrokenError, Pool, is_loopback
from zaffre_sdk.errors import ServerUnreachableError


def asked(pool, url, **options):
    options = {"headers": {}, "body": None, "seconds": 10.0, **options}
    with pool.answer("GET", url, **options) as incoming:
        return incoming.status, incoming.read()


def proxies(monkeypatch, url):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost"])
def test_local_servers_are_never_asked_through_a_proxy(host):
    assert is_loopback(host)
    assert not is_loopback("10.0.0.1")
    assert not is_loopback("example.org")


def test_a_proxy_is_used_for_others_and_told_who_asks(monkeypatch):
    with scripted(lambda _: reply({})) as proxy, scripted(lambda _: reply({"a": 1})) as local:
        proxies(monkeypatch, f"user:p%40ss@127.0.0.1:{proxy.port}")
        assert asked(Pool(), local.url) == (200, b'{"a": 1}')
        assert proxy.asked == []
        assert asked(Pool(), "http://zaffre.invalid/x?y=1") == (200, b"{}")
        [request] = proxy.asked
        assert request.path == "http://zaffre.invalid/x?y=1"
        assert request.headers["host"] == "zaffre.invalid"
        scheme, secret = request.headers["proxy-authorization"].split()
        assert (scheme, base64.b64decode(secret)) == ("Basic", b"user:p@ss")


def test_whoever_says_direct_heeds_no_proxy(monkeypatch):
    with scripted(lambda _: reply({})) as proxy:
        proxies(monkeypatch, proxy.url)
        with pytest.raises(BrokenError):
            asked(Pool(direct=True), "http://zaffre.invalid/")
        assert proxy.asked == []


def test_an_answer_that_breaks_off_is_no_answer():
    with (
        scripted(lambda _: Reply(body=b"x" * 10, headers={"content_length": "20"})) as server,
        pytest.raises(BrokenError, match="10 bytes too early"),
    ):
        asked(Pool(), server.url)


def test_a_connection_that_the_server_closed_is_not_used_again():
    with scripted(lambda _: reply({})) as server:
        pool = Pool()
        asked(pool, server.url)
        server.kill()
        server.start()
        assert asked(pool, server.url) == (200, b"{}")
        assert server.connections == 2
        pool.close()


def test_what_the_source_of_a_body_raises_is_raised_as_it_is():
    def pieces():
        yield b"half"
        raise OSError("the disk is broken")

    with scripted(lambda _: reply({})) as server:
        pool = Pool()
        with pytest.raises(OSError, match="the disk is broken"):
            asked(pool, server.url, headers={"content-length": "8"}, body=pieces())
        assert asked(pool, server.url) == (200, b"{}")
        pool.close()


def test_a_refusal_before_the_whole_body_was_sent_is_heard():
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse():
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
            connection.shutdown(socket.SHUT_WR)
            # Whoever closes with bytes unread takes the answer back.
            while connection.recv(1 << 20):
                pass

    thread = threading.Thread(target=refuse)
    thread.start()
    size = 64 << 20
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    body = (b"x" * (1 << 20) for _ in range(64))
    answer = asked(Pool(), url, headers={"content-length": str(size)}, body=body)
    assert answer == (413, b"no")
    thread.join()
    listener.close()


@pytest.mark.parametrize("url", ["localhost:8642", "ftp://x/", "http://", "http://x:port/"])
def test_what_is_no_address_is_said_at_once(url):
    with pytest.raises(ServerUnreachableError, match="http://"):
        Transport(url, "t").exchange(Request("GET", "/x"))
