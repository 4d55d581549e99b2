# SPDX-License-Identifier: Apache-2.0
"""Request limits and hostile HTTP/1.1, over plain sockets: 64 KiB bodies, header caps, slow clients, smuggling."""

import concurrent.futures
import socket
import time

import pytest

from driver import wire

HEAD = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"


def status(plain, text, body=b""):
    return wire.raw_status(wire.raw(plain, text.encode() + body))


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(plain):
    assert status(plain, HEAD + "Content-Length: 65536\r\n\r\n", b"x" * 65536) != 413
    assert wire.call_body(plain, b"x" * 65537).status == 413


def test_a_large_body_is_refused_before_it_is_sent(plain):
    answer = b""
    with socket.create_connection(("127.0.0.1", plain.port), 60) as connection:
        connection.sendall((HEAD + "Content-Length: 1000000000\r\n\r\n").encode())
        answer = connection.recv(65536)
    assert wire.raw_status(answer) == 413


def test_a_chunked_body_is_capped_too(plain):
    try:
        answer = wire.raw(plain, (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode() + b"4000\r\n" + b"x" * 0x4000
                          + (b"\r\n4000\r\n" + b"x" * 0x4000) * 7)
    except ConnectionError:
        return
    assert wire.raw_status(answer) == 413


@pytest.mark.parametrize("headers", ["X: " + "y" * 200_000, "\r\n".join(f"X-{n}: y" for n in range(5000))])
def test_the_head_is_capped(plain, headers):
    try:
        answer = wire.raw(plain, (HEAD + headers + "\r\n\r\n").encode())
    except ConnectionError:
        return
    assert wire.raw_status(answer) in (400, 413, 431, None)


@pytest.mark.parametrize("lines", [
    "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: -1",
    "Content-Length: +5", "Content-Length: 0x5", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: xchunked",
    "X : y", "X\x01: y", "Host: other"])
def test_an_ambiguous_message_is_refused_and_the_connection_closed(plain, lines):
    """What follows must not be read as a second request: smuggling."""
    second = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    text = HEAD.replace("Connection: close\r\n", "") + lines + "\r\n\r\n"
    try:
        answer = wire.raw(plain, text.encode("latin-1") + second, half_close=True)
    except ConnectionError:
        return
    # The cause may be authentication instead, but only of one whole request, never of two.
    assert wire.raw_status(answer) in (400, 403, 411, 413, 501, None), answer
    assert answer.count(b"HTTP/1.1 200") == 0, answer


def test_garbage_is_answered_or_cut_and_the_server_goes_on(plain):
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100):
        try:
            wire.raw(plain, garbage, half_close=True)
        except ConnectionError:
            pass
    assert wire.call(plain, "GetCallerIdentity").status == 200


@pytest.mark.long
def test_a_client_that_never_finishes_its_head_is_cut_off(plain):
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", plain.port), 30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
        try:
            while True:
                connection.settimeout(1)
                try:
                    if not connection.recv(65536):
                        break
                except TimeoutError:
                    connection.sendall(b"X: y\r\n")
                assert time.monotonic() - begin < 60, "a slow head is still being waited for after 60 s"
        except ConnectionError:
            pass


@pytest.mark.long
def test_slow_clients_do_not_keep_others_waiting(plain):
    slow = []
    try:
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", plain.port), 60)
            connection.sendall((HEAD + "Content-Length: 100\r\n\r\n").encode())
            slow.append(connection)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: wire.call(plain, "GetCallerIdentity").status, range(40)))
        assert answers == [200] * 40
        # The server waits for each body for 30 s: nobody else did.
        assert time.monotonic() - begin < 20
    finally:
        for connection in slow:
            connection.close()
