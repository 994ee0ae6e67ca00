"""What is published: only what passed, in the right order, with buttons that agree."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_book import small_book
from test_tools import load_tool

import cifarlib

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
# The first major version of each action that runs on a Node that GitHub's machines still have
OLDEST = {"checkout": 5, "setup-python": 6, "upload-pages-artifact": 5, "deploy-pages": 5}

sphinx_book = load_tool("sphinx_book")


def triggers(workflow):
    return workflow[True]  # YAML takes a bare `on` for a boolean


def steps(name):
    return [step for job in WORKFLOWS[name]["jobs"].values() for step in job.get("steps", [])]


def place(words):
    """The number of the one publishing step that has these words."""
    found = [number for number, step in enumerate(steps("publish")) if words in str(step)]
    assert len(found) == 1, words
    return found[0]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_run_on_a_node_that_still_exists(name):
    for step in steps(name):
        if "uses" in step:
            action, version = re.fullmatch(r"actions/([\w-]+)@v(\d+)", step["uses"]).groups()
            assert int(version) >= OLDEST[action], step["uses"]


def test_publishing_waits_for_every_job_of_the_tests_and_starts_no_other_way():
    jobs = dict(WORKFLOWS["ci"]["jobs"])
    publish = jobs.pop("publish")
    assert publish["uses"] == "./.github/workflows/publish.yml"
    assert set(publish["needs"]) == set(jobs)
    assert "github.ref == 'refs/heads/main'" in publish["if"]
    assert "pull_request" in publish["if"]  # a pull request's code is never published
    assert set(triggers(WORKFLOWS["publish"])) == {"workflow_call"}


def test_the_called_workflow_is_granted_what_it_asks_for():
    asked = WORKFLOWS["publish"]["permissions"]
    assert asked == {"contents": "write", "pages": "write", "id-token": "write"}
    assert WORKFLOWS["ci"]["jobs"]["publish"]["permissions"] == asked
    assert WORKFLOWS["ci"]["permissions"] == {"contents": "read"}


def test_the_notebooks_for_colab_are_there_before_the_pages_that_link_to_them():
    assert place("make book") < place("git push") < place("deploy-pages")
    assert place("upload-pages-artifact") < place("deploy-pages")


def test_the_pdf_and_the_zip_to_which_the_front_page_leads_are_published_with_it():
    number = place("make pdf zip")
    assert place("make book") < number < place("upload-pages-artifact")
    run = steps("publish")[number]["run"]
    assert run.endswith("&& cp _build/*.pdf _build/*.zip _build/html")  # where the front page is
    (job,) = WORKFLOWS["publish"]["jobs"].values()
    assert job["env"]["BOOK_URL"].endswith("/")  # or there are no links (tools/sphinx_take_away.py)


def test_the_notebooks_for_colab_come_from_the_tool_that_makes_all_reader_notebooks():
    push = steps("publish")[place("git push")]["run"]
    assert "tools/readers_notebooks.py --colab --repository" in push
    (job,) = WORKFLOWS["publish"]["jobs"].values()
    branch = job["env"]["BOOK_BRANCH"]
    assert f"origin HEAD:{branch}" in push or f"origin {branch}" in push
    # A token of Actions may not push workflows
    assert "git rm -r --cached --quiet .github" in push


def test_the_step_that_makes_the_notebooks_for_colab_works_in_a_checkout(tmp_path):
    small_book(tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    push = steps("publish")[place("git push")]["run"]
    (line,) = [line for line in push.splitlines() if "readers_notebooks.py" in line]
    address = "https://github.com/OWNER/NAME"
    _, *command = shlex.split(line.replace("$BOOK_REPOSITORY", address))
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "chapters" / "part" / "page.ipynb").read_text(encoding="utf-8")
    assert f"git+{address}" in page
    assert "blob/colab/about.md" in page


def test_the_readme_says_what_has_to_be_enabled():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for words in ("Settings → Pages", "GitHub Actions", "Read and write permissions"):
        assert words in text


def test_onednn_is_given_values_that_it_knows():
    text = (ROOT / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8")
    given = re.findall(r"isa: (\w+)", text)
    assert given
    assert set(given) <= {"DEFAULT", "SSE41", "AVX", "AVX2", "AVX512_CORE"}


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/OWNER/NAME",
        "https://github.com/OWNER/NAME/",
        "https://github.com/OWNER/NAME.git",
        "https://github.com/OWNER/NAME.git/",
    ],
)
def test_every_form_of_the_repository_s_address_gives_the_same_buttons(address, monkeypatch):
    monkeypatch.delenv("BOOK_BRANCH", raising=False)
    options = sphinx_book.repository_buttons(address)
    assert options["repository_url"] == "https://github.com/OWNER/NAME"


def test_a_name_that_only_contains_git_is_left_alone():
    options = sphinx_book.repository_buttons("https://github.com/OWNER/digit.github")
    assert options["repository_url"] == "https://github.com/OWNER/digit.github"


@pytest.mark.parametrize(
    "address",
    ["", " ", "git@github.com:OWNER/NAME.git", "https://github.com/OWNER/.git",
     "https://github.com/OWNER/NAME/tree/main", "http://github.com/OWNER/NAME"],
)  # fmt: skip
def test_what_is_no_address_of_a_repository_is_refused_as_given(address):
    with pytest.raises(sphinx_book.ConfigError, match="must look like") as error:
        sphinx_book.repository_buttons(address)
    assert str(error.value).endswith(f"got {address!r}")


def test_colab_is_offered_only_on_a_branch_whose_notebooks_know_their_repository(monkeypatch):
    monkeypatch.delenv("BOOK_BRANCH", raising=False)
    alone = sphinx_book.repository_buttons("https://github.com/OWNER/NAME")
    assert alone["repository_branch"] == "main"
    assert not alone.get("launch_buttons")
    monkeypatch.setenv("BOOK_BRANCH", "colab")
    published = sphinx_book.repository_buttons("https://github.com/OWNER/NAME")
    assert published["repository_branch"] == "colab"
    assert published["launch_buttons"] == {"colab_url": "https://colab.research.google.com"}


# Licenses


def test_the_package_s_license_does_not_claim_the_photographs():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    expression = re.search(r'^license = "(.*)"', text, re.MULTILINE)[1]
    assert expression.split(" AND ") == ["MIT", "LicenseRef-CIFAR-10"]
    files = re.search(r"^license-files = \[(.*)\]", text, re.MULTILINE)[1]
    for name in re.findall(r'"([^"]+)"', files):
        assert (ROOT / name).is_file(), name
    assert '"LICENSE-CIFAR-10"' in files  # an SPDX LicenseRef needs its text


def test_the_license_expression_is_one_that_package_tools_accept():
    licenses = pytest.importorskip("packaging.licenses")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    expression = re.search(r'^license = "(.*)"', text, re.MULTILINE)[1]
    assert licenses.canonicalize_license_expression(expression) == expression


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == cifarlib.__version__


def test_the_citation_names_one_license_since_a_list_would_mean_a_choice():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == "MIT"
    assert "CC BY 4.0" in citation["message"]
