"""The build brings what the page Try it runs; without npm or Keras it says so and goes on."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import sphinx_try_it
from sphinx_try_it import Missing, assembled, install, kept

LOCK = json.loads((sphinx_try_it.LOCK / "package-lock.json").read_text(encoding="utf-8"))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "try-it"


def small(folder):
    """What tools/try_it_models.py writes, without the networks themselves."""
    networks = [{"id": "simple_cnn"}, {"id": "resnet20", "file": "resnet20.onnx"}]
    content = {"classes": ["a"], "networks": networks}
    (folder / "networks.json").write_text(json.dumps(content), encoding="utf-8")
    for name in ("simple_cnn.js", "pictures.js", "resnet20.onnx"):
        (folder / name).write_text("", encoding="utf-8")


@pytest.fixture
def exported(cache, monkeypatch):
    monkeypatch.setattr(sphinx_try_it, "export", small)
    monkeypatch.setattr(sphinx_try_it.export_needed, "missing", list)


def test_the_lock_names_content_and_no_address():
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert f"node_modules/{sphinx_try_it.PACKAGE}" in packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
    assert "://" not in json.dumps(LOCK)


def test_the_version_is_exact_and_the_same_in_both_files():
    entry = LOCK["packages"][f"node_modules/{sphinx_try_it.PACKAGE}"]
    assert entry["version"] == sphinx_try_it.version()
    assert entry["license"] == "MIT"


def test_without_npm_the_page_has_the_small_network_and_says_so(
    exported, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sphinx_try_it.shutil, "which", lambda name: None)
    contents = assembled(tmp_path / "target")
    assert contents["networks"] == [{"id": "simple_cnn"}]
    assert contents["missing"] == sphinx_try_it.NO_RUNTIME
    assert capsys.readouterr().err.count("\n") == 1  # a line, and no warning
    names = sorted(path.name for path in (tmp_path / "target").iterdir())
    assert names == ["pictures.js", "simple_cnn.js"]


def test_where_npm_fails_its_words_are_given(exported, tmp_path, monkeypatch, capsys):
    def refuse(command, **settings):
        assert command[1:3] == ["ci", "--ignore-scripts"]
        return subprocess.CompletedProcess(command, 1, "", "npm error code EAI_AGAIN\n")

    monkeypatch.setattr(sphinx_try_it.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(sphinx_try_it.subprocess, "run", refuse)
    assert assembled(tmp_path / "target")["missing"] == sphinx_try_it.NO_RUNTIME
    assert "npm failed: npm error code EAI_AGAIN" in capsys.readouterr().err


def test_where_npm_hangs_the_build_goes_on(exported, tmp_path, monkeypatch, capsys):
    def hang(command, *, timeout, **settings):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(sphinx_try_it.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(sphinx_try_it.subprocess, "run", hang)
    assembled(tmp_path / "target")
    assert "within five minutes" in capsys.readouterr().err


def test_only_what_a_page_needs_is_taken_with_its_license(tmp_path, monkeypatch):
    def npm(command, *, cwd, **settings):
        dist = sphinx_try_it.Path(cwd, "node_modules", sphinx_try_it.PACKAGE, "dist")
        dist.mkdir(parents=True)
        for name in (*sphinx_try_it.RUNTIME, "ort.all.js"):
            (dist / name).write_text(name)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(sphinx_try_it.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(sphinx_try_it.subprocess, "run", npm)
    install(tmp_path)
    license_ = tmp_path / "LICENSE-onnxruntime-web.txt"
    assert "MIT" in license_.read_text() and sphinx_try_it.version() in license_.read_text()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*sphinx_try_it.RUNTIME, license_.name}


def test_without_the_extra_export_the_small_network_is_left(
    exported, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sphinx_try_it.export_needed, "missing", lambda: ["onnx"])
    assert assembled(tmp_path / "target")["networks"] == [{"id": "simple_cnn"}]
    assert "exporting needs onnx" in capsys.readouterr().err


def test_without_networks_the_page_says_so(cache, tmp_path, monkeypatch, capsys):
    broken = [sys.executable, "-c", "raise SystemExit('no Keras here')"]
    run = subprocess.run
    monkeypatch.setattr(
        sphinx_try_it.subprocess, "run", lambda command, **settings: run(broken, **settings)
    )
    (tmp_path / "target").mkdir()
    contents = assembled(tmp_path / "target")
    assert contents == {"classes": [], "networks": [], "missing": sphinx_try_it.NO_MODELS}
    assert "no Keras here" in capsys.readouterr().err


def test_what_was_made_once_is_kept_and_what_failed_leaves_nothing(cache):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "file").write_text("x")

    def fail(folder):
        (folder / "half").write_text("x")
        raise Missing("no")

    assert kept("kind-1", make) == kept("kind-1", make) == cache / "kind-1"
    assert len(made) == 1 and (cache / "kind-1" / "file").read_text() == "x"
    with pytest.raises(Missing):
        kept("kind-2", fail)
    assert [path.name for path in cache.iterdir()] == ["kind-1"]


def test_old_versions_go(cache):
    for number in range(sphinx_try_it.KEPT + 3):
        kept(f"kind-{number}", lambda folder: None)
    kept("other-1", lambda folder: None)
    assert len(list(cache.glob("kind-*"))) == sphinx_try_it.KEPT
    assert (cache / f"kind-{sphinx_try_it.KEPT + 2}").is_dir()


def test_a_page_without_the_directive_loads_nothing_of_it():
    added = []
    add = lambda name, **settings: added.append(name)  # noqa: E731
    app = SimpleNamespace(add_js_file=add, add_css_file=add)
    sphinx_try_it.add_scripts(app, "page", "", {"body": "<p>try-it</p>"}, None)
    assert added == []
    sphinx_try_it.add_scripts(app, "page", "", {"body": sphinx_try_it.HTML}, None)
    assert added == ["try_it/start.js", "try_it/try_it.css"]
