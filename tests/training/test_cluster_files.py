"""The files for Slurm and Kubernetes in the reference tell each worker who and where it is.

The programs of a cluster are not here. In their place stand small ones that do what their manuals
say: ``scontrol show hostnames`` prints a name a line, ``srun`` starts a command once per task with
``SLURM_PROCID`` set, and Kubernetes gives each pod its ``JOB_COMPLETION_INDEX``.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cifarlib.training.distributed.__main__ import parse

PAGE = Path(__file__).parents[2] / "reference" / "api" / "training.md"
SCONTROL = """#!/bin/bash
printf 'node7\\nnode8\\nnode9\\n'
"""
SRUN = """#!/bin/bash
while [[ $1 == --* ]]; do shift; done
for number in 0 1 2; do SLURM_PROCID=$number "$@"; done
"""
PYTHON = """#!/bin/bash
echo "$TF_CONFIG" | tr -d '\\n'; echo; echo "$@"
"""


@pytest.fixture
def bash(tmp_path, monkeypatch):
    """Run a script where only these programs and the usual ones are found."""
    for name, text in [("scontrol", SCONTROL), ("srun", SRUN), ("python", PYTHON)]:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def run(script):
        shell = [shutil.which("bash"), "-c", script]
        return subprocess.run(shell, capture_output=True, text=True, check=True).stdout.splitlines()

    return run


def block(language):
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return text


def job_of(line):
    """The job that a line of arguments describes, read as the command reads it."""
    module, *arguments = line.split()[1:]
    assert module == "cifarlib.training.distributed"
    return parse(arguments)


def test_slurm_gives_every_task_its_place(bash, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_NODELIST", "node[7-9]")
    lines = bash(block("bash"))
    places = [json.loads(line) for line in lines[::2]]
    for number, place in enumerate(places):
        assert place["cluster"]["worker"] == ["node7:2222", "node8:2222", "node9:2222"]
        assert place["task"] == {"type": "worker", "index": number}
    assert len(places) == 3
    assert {job_of(line).batch_size for line in lines[1::2]} == {512}


def test_kubernetes_gives_every_pod_its_place(bash, monkeypatch):
    service, job = yaml.safe_load_all(block("yaml"))
    pod = job["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    count = job["spec"]["completions"]
    assert count == job["spec"]["parallelism"]  # all at once: they wait for one another
    # A pod is found by the name JOB-INDEX.SERVICE if its labels are what the service selects
    assert pod["metadata"]["labels"] == service["spec"]["selector"]
    assert pod["spec"]["subdomain"] == service["metadata"]["name"]
    names = [f"{job['metadata']['name']}-{n}.{service['metadata']['name']}" for n in range(count)]
    for number in range(count):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(number))
        place, line = bash(container["args"][0])
        assert json.loads(place) == {
            "cluster": {"worker": [f"{name}:2222" for name in names]},
            "task": {"type": "worker", "index": number},
        }
        assert str(job_of(line).checkpoint).startswith(container["volumeMounts"][0]["mountPath"])
