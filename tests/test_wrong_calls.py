"""Every public function, argument by argument: what is wrong is refused in words of our own.

The tables stand in ``tests/helpers/calls_*.py``. A function that is in none of them, and not among
the exceptions below, fails a test, and so does an argument.
"""

import functools
import importlib
import inspect
import re
from pathlib import Path

import calls_of_answers
import calls_of_files
import calls_of_models
import calls_without_keras
import pytest
from wrong_calls import FOLDER, Call, Given, public

TABLES = (calls_without_keras, calls_of_answers, calls_of_models, calls_of_files)
API = Path(__file__).parents[1] / "reference" / "api"
RESULT = "is made by a function of the package, not by readers"
NOTHING = "takes no argument, or those of Keras alone"
EXCEPTIONS = {
    RESULT: """
        ClaimError Cifar10 LabeledImages Accuracy LinearProbe McNemar PairedDifference PerClass
        Reliability RiskCoverage Parity Corruption Contender Run Outcome RingStep WorkerFailed
        MovingFigure PhotoUpload Quiz Leaderboard Record Row ExperimentRecord CorruptionRecord
        ExportedModel Pretraining UnlabeledRecord TuningRecord Bench
    """,
    NOTHING: """
        versions cache_folder missing_packages ClassToken LocalResponseNormalization PartlyIdentity
        TakeTokens normalization raw_images require_channels_last imagenet_names quiz_names
        leaderboard names new_record HiddenPatches
    """,
    "gets tensors from Keras, inside of a training": "partner_found label_accuracy",
}
# Arguments that are not tried: any truth value serves; layers' and losses' own of Keras; ports are
# those of `listening`; `slow` comes from a checkpoint
PASSED_ON = {
    "verbose", "settings", "name", "reduction", "dtype", "data", "host", "port", "slow",
    "views", "kwargs", "args",
}  # fmt: skip


def calls():
    """Each entry of the tables once, by its full name."""
    known = {}
    for table in TABLES:
        for room, entries in table.CALLS.items():
            for name, call in entries.items():
                if call not in known.values():
                    known[f"{room}.{name}"] = call
    return known


CALLS = calls()
ARGUMENTS = [(name, argument) for name, call in CALLS.items() for argument in call.tried]


def rooms():
    """The modules that the reference shows."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(API.glob("*.md")))
    return ["cifarlib", *re.findall(r"\{room\} (\S+)", text)]


def excepted(room, name):
    listed = " ".join(EXCEPTIONS.values()).split()
    return name in listed or f"{room}.{name}" in listed


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    """No download, and the cache in a folder of its own."""
    monkeypatch.setenv("CIFARLIB_SOURCES", "cache")
    monkeypatch.setenv("CIFARLIB_CACHE", str(FOLDER / "cache"))


def told(found):
    return "\n".join(f"{shown(value)}: {fault}" for value, fault in found if fault)


def shown(value):
    shape = getattr(value, "shape", None)
    return repr(value)[:80] if shape is None else f"{value.dtype} {shape}"


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=map(" ".join, ARGUMENTS))
def test_a_wrong_argument_is_refused_by_name_and_value(name, argument):
    faults = told(CALLS[name].outcomes(argument))
    assert not faults, faults


QUICK = [name for name, call in CALLS.items() if call.quick]


@pytest.mark.parametrize("name", QUICK)
def test_valid_and_unusual_arguments_are_taken(name):
    call = CALLS[name]
    call()
    faults = "\n".join(filter(None, (told(call.refusals(argument)) for argument in call.tried)))
    assert not faults, faults


@pytest.mark.parametrize("room", rooms())
def test_every_public_function_is_in_a_table(room):
    known = {key for table in TABLES for key in table.CALLS.get(room, {})}
    missing = [
        name
        for name in public(importlib.import_module(room))
        if name not in known and not excepted(room, name)
    ]
    assert not missing, f"{room}: {', '.join(missing)} in no table of tests/helpers/calls_*.py"


def test_every_exception_is_one():
    there = {name for room in rooms() for name in public(importlib.import_module(room))}
    for listed in " ".join(EXCEPTIONS.values()).split():
        assert listed.rsplit(".", 1)[-1] in there, f"{listed} is no public function any more"


def untried(room, name):
    """The arguments of a function that no entry of its name tries."""
    function = public(importlib.import_module(room)).get(name)
    entries = [
        call
        for table in TABLES
        for key, call in table.CALLS.get(room, {}).items()
        if key == name or key.startswith((f"{name} ", f"{name}'"))
    ]
    tried = {argument for call in entries for argument in call.tried} | PASSED_ON
    return [one for one in inspect.signature(function).parameters if one not in tried]


@pytest.mark.parametrize("room", rooms())
def test_every_argument_is_tried(room):
    functions = public(importlib.import_module(room))
    known = {name for table in TABLES for name in table.CALLS.get(room, {})} & functions.keys()
    left = {name: found for name in sorted(known) if (found := untried(room, name))}
    assert not left, left


# That the rules see what they should


def half(count, *, kind="whole"):
    if count < 0:
        raise ValueError(f"count must be at least 0, got {count}")
    return {"whole": count // 2, "real": count / 2}[kind]


@pytest.mark.parametrize(
    ("argument", "value", "fault"),
    [
        ("count", 2.5, "taken without a word"),
        ("count", "2", "foreign error: TypeError"),
        ("count", -1, "foreign error: ValueError"),  # raised here, not by the package
        ("kind", "odd", "foreign error: KeyError"),
    ],
)
def test_silence_and_errors_of_others_are_faults(argument, value, fault):
    given = Given(2 if argument == "count" else "whole", (value,))
    call = Call(half, **{"count": 2, argument: given})
    assert next(call.outcomes(argument))[1].startswith(fault)


def test_an_error_must_name_the_argument_and_the_value():
    from cifarlib._checks import whole

    for says, fault in (("rate", "does not name it"), ("count", "")):
        call = Call(functools.partial(whole, "count"), value=Given(1, (-7,), (), says), least=0)
        assert next(call.outcomes("value"))[1].startswith(fault)
