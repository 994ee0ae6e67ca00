"""A model card says what the record says."""

import dataclasses

import pytest

from cifarlib import zoo
from cifarlib.export import model_card

TEXTS = {"description": "A small network.", "intended_use": "Learning how one is shipped."}


def test_the_cards_numbers_are_the_records():
    record = zoo.record("simple_cnn")
    card = model_card(
        record, **TEXTS, limits=["Not for photographs of people."],
        per_class={"cat": 0.5, "ship": 0.75, "dog": 0.6}, files={"a.onnx": 123456},
    )  # fmt: skip
    assert card.startswith("# Model card: simple_cnn\n\nA small network.\n\n## Use\n")
    for accuracy in record.accuracies:
        assert f"{accuracy:.2%}" in card
    for part in ("122,570 parameters", "50,000 training images", "10 epochs", "5 seeds",
                 record.finished[0]["hardware"], record.command, "keras 3.", "`a.onnx`: 123,456",
                 "The test images were watched", "Not for photographs of people.",
                 "Best class: ship, 75.0%", "worst: cat, 50.0%"):  # fmt: skip
        assert part in card, part
    titles = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert titles == ["Use", "Input and output", "Training", "Evaluation", "Limits", "Files"]


def test_a_card_without_extras_has_no_empty_section():
    card = model_card(zoo.record("resnet20"), **TEXTS)
    assert "## Files" not in card and "Best class" not in card and "watched" not in card
    assert "one seed: 92.21%" in card
    lines = card.splitlines()
    assert all(lines[n + 2].startswith("* ") for n, line in enumerate(lines) if line[:3] == "## ")


@pytest.mark.parametrize("name", zoo.names())
def test_every_model_of_the_zoo_gets_its_card(name):
    card = model_card(zoo.record(name), **TEXTS)
    assert f"{zoo.record(name).parameters:,} parameters" in card
    assert "nan" not in card and "None" not in card


@pytest.mark.parametrize("missing", TEXTS)
@pytest.mark.parametrize("text", ["", "  ", None])
def test_a_card_must_say_what_for(missing, text):
    with pytest.raises(ValueError, match=f"{missing} must say something"):
        model_card(zoo.record("resnet20"), **(TEXTS | {missing: text}))


def test_a_training_that_failed_gets_no_card():
    record = dataclasses.replace(zoo.record("resnet20"), runs=[{"seed": 0, "error": "x"}])
    with pytest.raises(ValueError, match="no seed of 'resnet20' finished"):
        model_card(record, **TEXTS)


def test_shares_are_no_percentages():
    with pytest.raises(ValueError, match="shares from 0 to 1"):
        model_card(zoo.record("resnet20"), **TEXTS, per_class={"cat": 55.0})
