"""What a machine may do to a download: no network, no room, no right to write, a kill, a crowd.

Each download runs in a process of its own; nothing is a stand-in but the images and the server.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from servers import Server, binary_members, describe, make_stand_in, same, tar_gz

from cifarlib.data import cache_folder, sources

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "tests" / "helpers" / "servers.py"
# Long enough for the slowest machine: nothing is measured by it, only a hang is ended
PATIENCE = 600
WHOLE = "mirror cifar10.lock cifar10.npz"  # what servers.py prints when all went well


@pytest.fixture(scope="module")
def small():
    return make_stand_in()


@pytest.fixture
def server(small):
    server = Server(tar_gz(binary_members(small)))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("ROOM", str(tmp_path / "cache"))
    monkeypatch.setenv("NPM", shutil.which("npm") or "")
    if sys.platform != "win32":  # no npm unless a test makes one
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin")
        write_npm(tmp_path, "echo no such package >&2; exit 1")


def write_npm(tmp_path, script):
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin" / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin" / "npm").chmod(0o755)


def start(url, **more):
    """A process that fetches the stand-in from ``url``; ``more`` is for its environment."""
    command = [sys.executable, SERVERS, url]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=os.environ | more)


def unshare(flags, script, url, *more):
    """Run a shell script in namespaces of its own, where ``fetch`` fetches the stand-in."""
    trial = ["unshare", flags, *more, "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        said = f"unshare {flags} is not allowed here"
        (pytest.fail if os.environ.get("REQUIRE_UNSHARE") == "1" else pytest.skip)(said)
    script = f'fetch() {{ "{sys.executable}" "{SERVERS}" "{url}"; }}\n{script}'
    command = ["unshare", flags, *more, "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for npm")


def files():
    return sorted(path.name for path in cache_folder().glob("*"))


# The network, the disk


@linux
def test_no_network_at_all(server):
    done = unshare("-rn", "fetch", server.url)
    assert done.returncode == 1
    assert "mirror: [Errno 101] Network is unreachable" in done.stderr
    assert "load_cifar10() gives the 20,000 images inside the package" in done.stderr
    assert "Traceback" not in done.stderr
    assert files() == ["cifar10.lock"]
    again = start(server.url)
    assert again.communicate()[0].strip() == WHOLE
    assert len(server.requests) == 1


@linux
def test_read_only_cache_is_said_and_the_images_are_there(server, tmp_path):
    script = """
        mount -t tmpfs none "$ROOM" && mount -o remount,ro "$ROOM" || exit 9
        touch "$ROOM/file" 2>/dev/null && exit 8
        fetch
        mount -o remount,rw "$ROOM" && fetch && fetch
    """
    done = unshare("-rm", script, server.url)
    assert done.stdout.splitlines() == ["mirror", WHOLE, "cache cifar10.lock cifar10.npz"]
    said = [line for line in done.stderr.splitlines() if "could not be kept" in line]
    assert len(said) == 1
    assert "Read-only file system" in said[0]
    assert len(server.requests) == 2


@linux
@pytest.mark.parametrize("size", ["8k", "300k"])  # the images take 370 kB
def test_full_disk_is_said_and_the_images_are_there(server, size):
    script = f"""
        mount -t tmpfs -o size={size} none "$ROOM" || exit 9
        fetch
        mount -o remount,size=64m "$ROOM" && fetch && fetch
    """
    done = unshare("-rm", script, server.url)
    assert done.stdout.splitlines() == [
        "mirror cifar10.lock", WHOLE, "cache cifar10.lock cifar10.npz"
    ]  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "could not be kept" in line]
    assert len(said) == 1
    assert "No space left on device" in said[0]


@linux
def test_what_came_is_not_kept_on_a_full_disk(server):
    server.trouble = server.breaks_off
    script = """
        mount -t tmpfs -o size=64k none "$ROOM" || exit 9
        fetch
        ls "$ROOM"
    """
    done = unshare("-rm", script, server.url)
    assert "the connection broke" in done.stderr
    assert done.stdout.split() == ["cifar10.lock"]


@linux
@posix
def test_npm_works_elsewhere_when_the_cache_has_no_room(server, tmp_path):
    write_npm(tmp_path, f'pwd >> "{tmp_path}/places"; exit 1')
    script = """
        mount -t tmpfs -o size=64k none "$ROOM" && fetch
        mount -o remount,size=900m "$ROOM" && rm -f "$ROOM"/*.npz && fetch
    """
    unshare("-rm", script, server.url)
    full, roomy = (tmp_path / "places").read_text().split()
    assert Path(full).parent != tmp_path / "cache"
    assert Path(roomy).parent == tmp_path / "cache"
    assert not Path(full).exists()


def test_a_file_in_place_of_the_folder_is_said_and_the_images_are_there(server, tmp_path):
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("")
    out, err = start(server.url).communicate()
    assert out.strip() == "mirror"
    assert "could not be kept" in err
    assert (tmp_path / "cache").is_file()


@linux
def test_no_home_at_all(server, tmp_path, monkeypatch):
    """A number that no name belongs to, as containers are started; images are there and kept."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for name in ("HOME", "CIFARLIB_CACHE", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    probe = "from cifarlib import cifar10; print(len(cifar10.load_data()[0][0]))"
    script = f"""
        cd "{tmp_path}" && fetch && fetch
        CIFARLIB_SOURCES=keras "{sys.executable}" -c "{probe}"
        CIFARLIB_CACHE=~/images fetch
    """
    done = unshare("-U", script, server.url, "--map-user=54321")
    assert done.stdout.splitlines()[:2] == [WHOLE, "cache cifar10.lock cifar10.npz"], done.stderr
    assert done.stdout.splitlines()[-1] == "10000"
    assert "CIFARLIB_CACHE is ~/images, but there is no such home folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "temporary").iterdir()] == ["cifarlib-54321"]
    assert not (tmp_path / "~").exists()


# Processes


def test_killed_in_the_middle(server):
    server.trouble = server.stalls
    process = start(server.url)
    assert server.halfway.wait(PATIENCE)
    process.kill()
    process.communicate()
    server.trouble = None
    assert files() == ["cifar10.lock"]
    assert start(server.url).communicate()[0].strip() == WHOLE


@posix
def test_interrupted_in_the_middle_goes_on_from_there(server):
    server.trouble = server.stalls
    process = start(server.url, TELL="1")
    half = len(server.body) // 2
    assert f"{half}\n" in process.stdout, "it never came"  # sent is not yet received
    process.send_signal(signal.SIGINT)
    process.communicate()
    server.trouble = None
    assert files() == ["cifar10.lock", "cifar10.mirror.partial"]
    assert start(server.url).communicate()[0].strip() == WHOLE
    # On a slow machine the first process has given up the stalled answer and asked again by then
    assert server.ranges[0] is None
    assert set(server.ranges[1:]) == {f"bytes={half - 1}-"}


@posix
def test_killed_while_npm_works(server, tmp_path):
    """npm and what it started end at once, though nobody was left to end them."""
    os.mkfifo(tmp_path / "alive")
    write_npm(tmp_path, f'exec 7>"{tmp_path}/alive"; touch a; sleep 600 & sleep 600')
    process = start(server.url)
    with (tmp_path / "alive").open("rb", buffering=0) as alive:  # waits for npm to open it
        process.kill()
        process.communicate()
        assert select.select([alive], [], [], PATIENCE)[0], "npm outlives who called it"
        assert alive.read() == b""  # all who held it have ended
    # What is left lies in the cache's folder, where the next call finds it
    (left,) = set(files()) - {"cifar10.lock"}
    assert left.endswith(".partial")
    write_npm(tmp_path, "exit 1")
    assert start(server.url).communicate()[0].strip() == WHOLE


def test_killed_while_the_cache_was_written(server, small, tmp_path):
    for name in ("cifar10.npz.4711.partial", "cifar10.another.partial"):
        (tmp_path / "cache" / name).write_bytes(b"a part")
    assert start(server.url).communicate()[0].strip() == WHOLE


def test_eight_processes_share_one_download(server):
    others_wait, said = threading.Event(), []

    def listen(process):
        for line in process.stderr:
            if "waiting for it" in line:
                said.append(process)
                if len(said) == 7:
                    others_wait.set()

    def answer_when_all_others_wait(handler):
        assert others_wait.wait(PATIENCE)
        handler.answer()

    server.trouble = answer_when_all_others_wait
    processes = [start(server.url) for _ in range(8)]
    listeners = [threading.Thread(target=listen, args=(process,)) for process in processes]
    for thread in listeners:
        thread.start()
    printed = sorted(process.stdout.read().strip() for process in processes)
    assert printed == ["cache cifar10.lock cifar10.npz"] * 7 + [WHOLE]
    assert len(server.requests) == 1
    for each in (*listeners, *processes):
        each.join() if isinstance(each, threading.Thread) else each.wait()


@posix
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize("kept", [True, False])
def test_stderr_that_takes_nothing_costs_nothing(server, tmp_path, where, kept):
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    if not kept:
        shutil.rmtree(tmp_path / "cache")
        (tmp_path / "cache").write_text("so that nothing can be kept, which is said")
    command = f'"{sys.executable}" "{SERVERS}" "{server.url}" {where}'
    done = subprocess.run(["sh", "-c", command], stdout=-1, text=True, check=False)
    assert done.stdout.strip() == (WHOLE if kept else "mirror")


def test_those_who_wait_are_told_and_outlive_the_one_that_is_killed(server, small):
    server.trouble = server.stalls
    first = start(server.url)
    assert server.halfway.wait(PATIENCE)
    second = start(server.url)
    assert "waiting for it" in second.stderr.readline()
    server.trouble = None
    first.kill()
    first.communicate()
    assert second.communicate()[0].strip() == WHOLE
    assert same(sources.fetch(describe(small))[1], small)
