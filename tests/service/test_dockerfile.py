"""The Dockerfile, as far as it can be known without Docker."""

import json
import re
from pathlib import Path

from cifarlib import zoo
from cifarlib.service import create_app
from cifarlib.service.__main__ import parse

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "cifarlib" / "service" / "Dockerfile").read_text(encoding="utf-8")


def instructions():
    """Each instruction with its arguments, lines that go on joined."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


FOUND = instructions()


def the(name):
    [value] = [rest for kind, rest in FOUND if kind == name]
    return value


def test_every_instruction_is_one_of_dockers():
    known = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert {kind for kind, _ in FOUND} == known
    assert FOUND[0][0] == "FROM" and FOUND[-1][0] == "CMD"


def test_what_it_copies_is_there():
    for sources in [rest.split()[:-1] for kind, rest in FOUND if kind == "COPY"]:
        for source in sources:
            assert (ROOT / source).exists(), source


def test_its_python_and_its_extra_are_supported():
    version = re.fullmatch(r"python:(3\.\d+)-slim", the("FROM"))[1]
    assert f'"{version}"' in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    installed = next(rest for kind, rest in FOUND if kind == "RUN" and "pip" in rest)
    assert '".[service]"' in installed and "-c constraints.txt" in installed
    assert re.search(r"(?m)^service = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_runs_as_nobody():
    kinds = [kind for kind, _ in FOUND]
    assert the("USER").isdigit() and int(the("USER")) > 0
    assert kinds.index("USER") > max(n for n, kind in enumerate(kinds) if kind in ("RUN", "COPY"))
    assert f"--uid {the('USER')}" in TEXT


def test_its_command_is_one_that_this_package_has():
    python, dash, module, *options = json.loads(the("CMD"))
    chosen = parse(options)
    assert [python, dash, module] == ["python", "-m", "cifarlib.service"]
    assert chosen.model in zoo.names()
    assert str(chosen.port) == the("EXPOSE")
    assert chosen.host == "0.0.0.0"


def test_its_health_check_asks_an_address_that_answers():
    check = json.loads(the("HEALTHCHECK").partition("CMD ")[2])
    compile(check[2], "health check", "exec")
    port, path = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check[2]).groups()
    app = create_app(zoo.load("simple_cnn"))
    assert port == the("EXPOSE")
    assert path in app.openapi()["paths"]
