"""What a host may do to a download, done by a real server on the loopback."""

import inspect
import os
import pickle
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from servers import (
    IMPATIENT,
    LAST,
    QUICK,
    Server,
    binary_members,
    describe,
    make_stand_in,
    pickled_members,
    same,
    tar_gz,
)

from cifarlib import Cifar10
from cifarlib.data import cache_folder, download, sources
from cifarlib.data.job import PACES, Limits


@pytest.fixture(scope="module")
def small():
    return make_stand_in()


@pytest.fixture(scope="module")
def archive(small):
    return tar_gz(binary_members(small))


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def serve(archive):
    """``serve()`` starts a server that has the stand-in's archive, or another body."""
    servers = []

    def start(body=archive, **options):
        servers.append(Server(body, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def fetch(small):
    """Fetch the stand-in from the cache or some servers, the last one patiently."""

    def get(*servers, paces=(QUICK, LAST)):
        named = {f"mirror{i}": sources.over_http(server.url) for i, server in enumerate(servers)}
        return sources.fetch(describe(small), {"cache": sources.SOURCES["cache"], **named}, paces)

    return get


@pytest.fixture
def after_trouble(fetch, small):
    """``after_trouble(server, reason)``: a clear error, no leftover; in good times, the images."""

    def check(server, reason, leftover=(), paces=(QUICK, LAST)):
        with pytest.raises(OSError, match=r"Could not get all 60,000 images of CIFAR-10") as error:
            fetch(server, paces=paces)
        text = str(error.value)
        lines = [line for line in text.splitlines() if line.startswith("  mirror0: ")]
        assert len(lines) == 1, text
        assert reason in lines[0]
        assert "load_cifar10() gives the 20,000 images inside the package" in text
        assert files() == ["cifar10.lock", *leftover]
        server.trouble = None
        name, data = fetch(server)
        assert name == "mirror0"
        assert same(data, small)
        assert files() == ["cifar10.lock", "cifar10.npz"]

    return check


def files():
    """The names in the cache folder."""
    return sorted(path.name for path in cache_folder().glob("*"))


def test_the_defaults_are_those_that_are_promised():
    assert inspect.signature(sources.fetch).parameters["paces"].default is PACES
    assert PACES[0] == Limits(rate=200_000, seconds=15)
    assert PACES[-1] == Limits(rate=4_000, seconds=30)  # no call lasts for ever


def test_good_server(serve, fetch, small):
    server = serve()
    assert same(fetch(server)[1], small)
    assert fetch(server)[0] == "cache"
    assert len(server.requests) == 1
    assert files() == ["cifar10.lock", "cifar10.npz"]


def test_python_version_of_the_archive(serve, fetch, small):
    assert same(fetch(serve(tar_gz(pickled_members(small))))[1], small)


# Broken connections


@pytest.mark.parametrize("end", ["breaks_off", "resets"])
def test_half_of_it_again_and_again(serve, after_trouble, end):
    server = serve()
    server.etag = ""  # nothing to go on from
    server.trouble = getattr(server, end)
    after_trouble(server, {"breaks_off": "the connection broke after", "resets": "reset"}[end])


@pytest.mark.parametrize("end", ["breaks_off", "resets", "stalls"])
def test_goes_on_at_once_where_the_connection_broke(serve, fetch, small, end):
    server = serve()

    def once(handler):
        server.trouble = None
        getattr(server, end)(handler)

    server.trouble = once
    name, data = fetch(server, paces=[IMPATIENT])
    assert (name, same(data, small)) == ("mirror0", True)
    first, rest = server.ranges
    came = int(rest.removeprefix("bytes=").removesuffix("-")) + 1
    # A reset throws away what has come and was not read yet
    assert first is None and 0 < came <= len(server.body) // 2
    assert end == "resets" or came == len(server.body) // 2
    assert files() == ["cifar10.lock", "cifar10.npz"]


def test_goes_on_in_the_next_call_where_the_last_one_broke(serve, after_trouble):
    server = serve()
    server.trouble = lambda handler: (
        handler.page(503) if len(server.requests) > 1 else server.breaks_off(handler)
    )
    after_trouble(server, "503", leftover=["cifar10.mirror0.partial"])
    half = len(server.body) // 2
    assert server.ranges[1:] == [f"bytes={half - 1}-"] * 2


def test_a_whole_file_that_was_kept_is_not_asked_for_again(serve, fetch, archive, small):
    cache_folder().mkdir()
    (cache_folder() / "cifar10.mirror0.partial").write_bytes(b'"first"\n' + archive)
    server = serve()
    assert same(fetch(server)[1], small)
    assert server.ranges == [f"bytes={len(archive) - 1}-"]


def test_halves_of_two_versions_are_not_joined(serve, fetch, archive, small):
    cache_folder().mkdir()
    (cache_folder() / "cifar10.mirror0.partial").write_bytes(b'"older"\n' + bytes(5000))
    server = serve()
    assert same(fetch(server)[1], small)
    assert server.ranges == ["bytes=4999-"]  # and the server sent all of it


@pytest.mark.parametrize(
    "content",
    [
        b'"first"\n' + bytes(5000),  # not what the server has
        b'"first"\n' + bytes(500_000),  # more than it has
        b"no version\n" + bytes(5000),
        b"a\rb\n" + bytes(5000),  # no header may hold it
        b"\x80\x00\n" + bytes(5000),
        b"x" * 70_000 + b"\n" + bytes(5000),
        b"",
        b"x",
        b"\n" + bytes(5000),
        bytes(3_000_000),  # more than an honest one can be
    ],
    ids=["other", "longer", "none", "return", "bytes", "long", "empty", "x", "nothing", "large"],
)
def test_what_was_kept_and_is_wrong_does_no_harm(serve, fetch, small, content):
    """A poisoned file may cost a download that begins anew, and no more than that."""
    cache_folder().mkdir()
    (cache_folder() / "cifar10.mirror0.partial").write_bytes(content)
    server = serve()
    server.trouble = strict
    name, data = fetch(server)
    assert (name, same(data, small)) == ("mirror0", True)
    assert len(server.requests) <= 2
    assert files() == ["cifar10.lock", "cifar10.npz"]


def strict(handler):
    """As a host that takes no nonsense for a version."""
    version = handler.headers.get("If-Range", '"')
    handler.answer() if version.startswith('"') else handler.page(400)


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe has a name on POSIX alone")
def test_a_pipe_in_place_of_what_was_kept_is_removed(serve, fetch, small):
    cache_folder().mkdir()
    os.mkfifo(cache_folder() / "cifar10.mirror0.partial")
    assert same(fetch(serve())[1], small)
    assert files() == ["cifar10.lock", "cifar10.npz"]


def test_server_without_such_a_rest_is_asked_anew_at_once_and_once(serve, after_trouble):
    cache_folder().mkdir()
    (cache_folder() / "cifar10.mirror0.partial").write_bytes(b'"first"\n' + bytes(5000))
    server = serve()
    server.trouble = lambda handler: handler.page(416)
    after_trouble(server, "416")
    assert server.ranges == ["bytes=4999-", None, None]


def test_gives_up_on_a_connection_that_breaks_all_the_time(serve, after_trouble):
    server = serve()

    def a_bit_more(handler):
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        handler.answer(length=start + 3000)

    server.trouble = a_bit_more
    after_trouble(server, "the connection broke", leftover=["cifar10.mirror0.partial"])
    assert len(server.ranges) == download.TRIES + 1


# Wrong content


def test_damage_in_the_middle(serve, after_trouble, archive):
    server = serve()
    half = len(archive) // 2
    wrong = archive[:half] + bytes(1000) + archive[half + 1000 :]
    server.trouble = lambda handler: handler.page(200, wrong)
    after_trouble(server, "")


@pytest.mark.parametrize("part", ["x_train", "y_train", "x_test", "y_test"])
def test_other_images_in_an_archive_of_the_right_size(serve, after_trouble, small, part):
    wrong = vars(small)[part].copy()
    wrong.flat[11] ^= 1
    server = serve()
    body = tar_gz(binary_members(Cifar10(**{**vars(small), part: wrong})))
    server.trouble = lambda handler: handler.page(200, body, ETag='"first"')
    after_trouble(server, f"{part} is not CIFAR-10's")


def test_page_of_a_captive_portal(serve, after_trouble):
    server = serve()
    server.trouble = lambda handler: handler.page(200)
    after_trouble(server, "not a gzip file: it begins with b'<html>Please sig'")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_refusal(serve, after_trouble, status):
    server = serve()
    server.trouble = lambda handler: handler.page(status)
    after_trouble(server, str(status))


def test_redirects_in_a_circle(serve, after_trouble):
    server = serve()
    server.trouble = server.redirects_in_circles
    after_trouble(server, "infinite loop")
    assert len(server.requests) < 20


def test_a_redirect_to_the_archive_is_followed(serve, fetch, small):
    server, other = serve(), serve()
    other.trouble = lambda handler: handler.page(302, Location=server.url)
    assert same(fetch(other)[1], small)


@pytest.mark.parametrize("says_so", [True, False])
def test_far_more_than_the_archive(serve, after_trouble, says_so):
    server = serve()
    more = bytes(2 * 10**6)
    length = {"Content_Length": len(more)} if says_so else {"Content_Length": "", "X": 1}
    server.trouble = lambda handler: handler.page(200, more, ETag='"first"', **length)
    after_trouble(server, "at most are honest" if says_so else "")


def test_far_more_than_the_archive_is_not_even_received(serve, fetch):
    server, sent = serve(), []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while len(sent) < 1000:
            handler.wfile.write(bytes(2**16))
            sent.append(2**16)

    server.trouble = endless
    with pytest.raises(OSError, match="at most are honest"):
        fetch(server)
    assert sum(sent) < 2**24  # what the machine's own buffers hold comes on top of the limit


def test_length_need_not_be_said(serve, fetch, small):
    server = serve()

    def without_length(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(server.body)

    server.trouble = without_length
    assert same(fetch(server)[1], small)


@pytest.mark.parametrize("whole", [True, False])
def test_chunks_of_unknown_number(serve, fetch, after_trouble, small, whole):
    server = serve()

    def in_chunks(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(server.body), 50_000):
            chunk = server.body[start : start + 50_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            if not whole and start:
                break
        else:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    server.trouble = in_chunks
    if whole:
        assert same(fetch(server)[1], small)
    else:
        after_trouble(server, "IncompleteRead")


# Content that means harm, and a damaged cache


class Bomb:
    """Pickles to a call that creates a file when loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_malicious_pickle(serve, after_trouble, small, tmp_path):
    bomb = pickle.dumps({b"data": Bomb(tmp_path / "ran"), b"labels": [1]})
    body = tar_gz(pickled_members(small) | {"cifar-10-batches-py/data_batch_3": bomb})
    server = serve()
    server.trouble = lambda handler: handler.page(200, body, ETag='"first"')
    after_trouble(server, "data_batch_3 is no batch of 20 images and labels")
    assert not (tmp_path / "ran").exists()
    pickle.loads(bomb)
    assert (tmp_path / "ran").exists()  # the bomb is a real one


def test_path_traversal(serve, after_trouble, small, tmp_path, monkeypatch):
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    members = binary_members(small)
    wanted = "cifar-10-batches-bin/data_batch_1.bin"
    content = members.pop(wanted)
    for name in (f"../{wanted}", f"{tmp_path}/here/{wanted}", f"cifar-10-batches-bin/../{wanted}"):
        members[name] = content
    server = serve()
    server.trouble = lambda handler: handler.page(200, tar_gz(members), ETag='"first"')
    after_trouble(server, "the archive lacks data_batch_1.bin")
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"here", "here/below", "cache", "cache/cifar10.lock", "cache/cifar10.npz"}


def test_gigantic_member(serve, after_trouble, small):
    body = tar_gz(binary_members(small) | {"cifar-10-batches-bin/readme.html": bytes(2**26)})
    server = serve()
    server.trouble = lambda handler: handler.page(200, body, ETag='"first"')
    tracemalloc.start()
    try:
        after_trouble(server, f"unpacks to more than {describe(small).limit} bytes")
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", "x_test"])
def test_corrupt_cache(serve, fetch, small, damage):
    cache_folder().mkdir()
    if damage == "x_test":
        np.savez(cache_folder() / "cifar10.npz", **vars(small) | {"x_test": 255 - small.x_test})
    else:
        (cache_folder() / "cifar10.npz").write_bytes(damage)
    server = serve()
    server.trouble = lambda handler: handler.page(500)
    with pytest.raises(OSError, match=r"cache: .*\n  mirror0: .*500"):
        fetch(server)
    server.trouble = None
    assert [fetch(server)[0], fetch(server)[0]] == ["mirror0", "cache"]
    assert same(fetch(server)[1], small)
    assert files() == ["cifar10.lock", "cifar10.npz"]


# Slow hosts

SLOW = ["crawls", "stalls", "never_answers", "drips", "drips_content", "drips_a_length"]


@pytest.mark.parametrize("trouble", [*SLOW, "says_go_on"])
def test_slow_host_is_left_for_the_next(serve, fetch, small, trouble):
    slow, quick = serve(), serve()
    slow.trouble = getattr(slow, trouble)
    start = time.monotonic()
    name, data = fetch(slow, quick)
    assert (name, same(data, small)) == ("mirror1", True)
    assert time.monotonic() - start < 50  # those that say nothing would hold it for a minute
    assert files() == ["cifar10.lock", "cifar10.npz"]


def test_slow_host_is_not_left_when_it_is_the_last(serve, fetch, small):
    server = serve()
    server.trouble = server.crawls
    assert same(fetch(server)[1], small)
    assert len(server.requests) == 1


def test_slow_host_gets_a_second_chance_when_all_others_fail(serve, fetch, small):
    slow, gone = serve(), serve()
    slow.trouble = slow.crawls
    gone.trouble = lambda handler: handler.page(404)
    name, data = fetch(slow, gone)
    assert (name, same(data, small)) == ("mirror0", True)
    assert len(slow.requests) == 2


def test_last_host_is_left_as_well_while_a_quicker_one_waits(serve, fetch, small):
    """Once it was waited for at any pace, and the one that was merely slow was lost."""
    slowest, slow, slower = serve(), serve(), serve()
    slow.trouble = slow.crawls
    for server in (slowest, slower):
        server.trouble = lambda handler, server=server: server.crawls(handler, 5_000)
    name, data = fetch(slowest, slow, slower)
    assert (name, same(data, small)) == ("mirror1", True)
    assert [len(server.requests) for server in (slowest, slow, slower)] == [1, 2, 1]


def test_each_round_has_a_pace_of_its_own(serve, fetch):
    server, other = serve(), serve()
    server.trouble = server.crawls
    other.trouble = lambda handler: other.crawls(handler, 5_000)
    with pytest.raises(OSError, match=r"mirror0: it sent only .*\n  mirror1: it sent only"):
        fetch(server, other, paces=[QUICK, Limits(rate=100_000, seconds=2.5)])
    assert (len(server.requests), len(other.requests)) == (2, 2)


def test_host_that_is_slow_for_a_moment_is_kept(serve, fetch, small):
    server, other = serve(), serve()

    def hurries(handler):
        server.closed.wait(0.5)
        handler.answer()

    server.trouble = hurries
    assert fetch(server, other, paces=[Limits(rate=1_000_000, seconds=30), LAST])[0] == "mirror0"


@pytest.mark.parametrize("trouble", SLOW[1:])
def test_last_host_falls_silent(serve, after_trouble, trouble):
    """However it does so: a call that waits for ever also holds the lock for ever."""
    server = serve()
    server.trouble = getattr(server, trouble)
    server.etag = ""
    start = time.monotonic()
    after_trouble(server, "" if trouble == "drips_content" else "timed out", paces=[IMPATIENT])
    assert time.monotonic() - start < 50  # the server would hold it for a minute


@pytest.mark.parametrize("trouble", ["drips", "drips_content", "drips_a_length", "says_go_on"])
def test_connection_that_is_given_up_is_cut(serve, fetch, trouble):
    server = serve()
    server.trouble = getattr(server, trouble)
    with pytest.raises(OSError, match="mirror0: "):
        fetch(server, paces=[IMPATIENT])
    assert server.left.wait(60), "somebody still listens"


# Proxies and certificates from the environment


def assert_asked(proxy, fetch, small):
    """An address that does not exist is fetched, by way of the proxy."""

    class Elsewhere:
        url = "http://mirror.invalid/cifar.tar.gz"

    assert same(fetch(Elsewhere)[1], small)
    assert proxy.requests == ["http://mirror.invalid/cifar.tar.gz"]


def test_proxy_of_the_environment_is_asked(serve, fetch, small, monkeypatch):
    fetch(serve())  # whatever was set when the first download began
    (cache_folder() / "cifar10.npz").unlink()
    proxy = serve()
    monkeypatch.setenv("http_proxy", proxy.url)
    assert_asked(proxy, fetch, small)


def test_proxy_for_everything_is_asked(serve, fetch, small, monkeypatch):
    proxy = serve()
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    assert_asked(proxy, fetch, small)


@pytest.mark.parametrize("name", ["ALL_PROXY", "http_proxy"])
def test_socks_proxy_is_refused_in_words_and_not_gone_around(serve, fetch, monkeypatch, name):
    server = serve()
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(name, "socks5h://user:secret@127.0.0.1:1080")
    with pytest.raises(OSError, match=f"mirror0: {name.upper()} names a SOCKS proxy") as error:
        fetch(server)
    assert "127.0.0.1 in NO_PROXY" in str(error.value)
    assert "secret" not in str(error.value)
    assert server.requests == []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch(server)[0] == "mirror0"


def test_certificates_of_the_environment_are_trusted_and_no_others(
    serve, fetch, small, monkeypatch, tmp_path
):
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate, and there is none")
    pem = tmp_path / "certificate.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    extra = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out"]
    certificate = tmp_path / "only.pem"
    subprocess.run(
        ["openssl", *command.split(), *extra, str(certificate)], check=True, capture_output=True
    )
    pem.write_text(pem.read_text() + certificate.read_text())
    server = serve(certificate=pem)
    with pytest.raises(OSError, match=r"CERTIFICATE_VERIFY_FAILED"):
        fetch(server)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert same(fetch(server)[1], small)
