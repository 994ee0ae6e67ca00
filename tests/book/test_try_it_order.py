"""What comes late, fails, or is switched off: the page Try it shows what was chosen last."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from trying import Trying, require_all_networks

# Files of this name are opened only when they are let go
HOLD = """
() => {
  const real = window.createImageBitmap, waiting = [];
  window.createImageBitmap = (file, ...rest) => {
    if (file.name !== "slow.png") return real(file, ...rest);
    return new Promise(resolve => waiting.push(resolve)).then(() => real(file, ...rest));
  };
  window.letGo = async () => {
    waiting.forEach(go => go());
    await new Promise(resolve => setTimeout(resolve, 300));
  };
}
"""
# A camera that says yes when it is told to, and what became of its pictures
CAMERA = """
() => {
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = () => new Promise((yes, no) => {
    window.allow = () => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").fillRect(0, 0, 300, 150);
      const stream = canvas.captureStream(10);
      window.tracks.push(...stream.getTracks());
      yes(stream);
    };
    window.refuse = name => no(new DOMException("no", name));
  });
}
"""
# Let go of a file over a part of the page: whether the browser was kept from leaving for it
DROP = """
([selector, content, name]) => {
  const files = new DataTransfer();
  if (!name) files.setData("text/uri-list", "https://owner.example/");
  else
    files.items.add(new File([Uint8Array.from(atob(content), l => l.charCodeAt(0))], name));
  const target = document.querySelector(selector);
  return ["dragover", "drop"].map(kind => {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  });
}
"""
PASTE = """
content => {
  const files = new DataTransfer(), bytes = Uint8Array.from(atob(content), l => l.charCodeAt(0));
  files.items.add(new File([bytes], "image.png", { type: "image/png" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData: files }));
}
"""
NETWORK = ".try-column select"


def png(level):
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(file, "PNG")
    return file.getvalue()


def base64_of(content):
    return base64.b64encode(content).decode()


@pytest.fixture
def trying(browser, html, site):
    require_all_networks(html)
    one = Trying(browser, site)
    yield one
    one.visit.close()


@pytest.fixture(scope="module")
def started(browser, site):
    """The page, the same for tests that leave it as they found it."""
    one = Trying(browser, site)
    one.page.evaluate(CAMERA)
    yield one
    assert one.visit.troubles == []
    one.visit.close()


def choose_and_wait_for(trying, pattern):
    """Choose ResNet-20 as the second network; return the request that it waits for, held back."""
    held = []
    trying.page.route(pattern, lambda route: held.append(route))
    with trying.page.expect_request(pattern):
        trying.page.locator(NETWORK).nth(1).select_option("resnet20")
    trying.page.wait_for_timeout(50)  # until the request has come here
    return held[0]


LOADED = "TryIt.engines.ofTheBook({ id: 'resnet20' }).then(() => {}, () => {})"


@pytest.mark.parametrize("then", ["", "simple_cnn"])
def test_a_network_that_loads_late_does_not_answer_under_another_name(trying, then):
    late = choose_and_wait_for(trying, "**/resnet20.onnx")
    trying.page.locator(NETWORK).nth(1).select_option(then)
    loaded = trying.page.evaluate_handle(f"() => ({{ promise: {LOADED} }})")
    late.continue_()
    loaded.evaluate("({ promise }) => promise")
    trying.test_image(5)
    spoken = trying.page.locator(".try-all > [role=status]").inner_text()
    assert "ResNet" not in spoken
    if then:
        assert trying.data(1, "logits") == trying.data(0, "logits")
    else:
        assert trying.page.locator(".try-answer").nth(1).inner_text() == ""


def test_a_late_failure_of_an_older_choice_says_nothing(trying):
    late = choose_and_wait_for(trying, "**/resnet20.onnx")
    trying.page.locator(NETWORK).nth(1).select_option("")
    loaded = trying.page.evaluate_handle(f"() => ({{ promise: {LOADED} }})")
    late.abort()
    loaded.evaluate("({ promise }) => promise")
    trying.page.wait_for_timeout(50)  # until it would have been said
    assert "".join(trying.page.locator(".try-alert").all_inner_texts()) == ""


def test_while_a_network_loads_the_one_before_does_not_answer_for_it(trying):
    trying.choose(1, "simple_cnn")
    late = choose_and_wait_for(trying, "**/resnet20.onnx")
    trying.test_image(5)
    assert trying.page.locator(".try-answer").nth(1).inner_text() == "Loading ..."
    late.continue_()
    trying.page.wait_for_function("document.querySelectorAll('.try-column')[1].dataset.logits")


def test_none_is_no_longer_spoken_of(trying):
    trying.choose(1, "resnet20")
    status = trying.page.locator(".try-all > [role=status]")
    assert "ResNet-20" in status.inner_text()
    trying.page.locator(NETWORK).nth(1).select_option("")
    assert "ResNet-20" not in status.inner_text()


@pytest.mark.parametrize("part", ["*.wasm", "*.mjs", "ort.wasm.min.js", "resnet20.onnx"])
def test_what_could_not_be_loaded_can_be_tried_again(trying, part):
    column = trying.page.locator(".try-column").nth(1)
    trying.page.route(f"**/{part}", lambda route: route.abort())
    column.locator("select").select_option("resnet20")
    column.get_by_text("ResNet-20 could not be loaded. Check your internet connection.").wait_for()
    # Where the reader is: right below what was chosen
    below = [trying.complaint(1), column.locator("select")]
    top, bottom = (part.bounding_box() for part in below)
    assert 0 < top["y"] - bottom["y"] < 100
    trying.page.unroute(f"**/{part}")
    column.get_by_role("button", name="Try again").click()
    trying.page.wait_for_function("document.querySelectorAll('.try-column')[1].dataset.logits")
    assert trying.complaint(1).inner_text() == ""


def test_what_fails_at_the_start_is_said_and_start_can_be_pressed_again(browser, site):
    one = Trying(browser, site, start=False)
    one.page.route("**/try/pictures.js", lambda route: route.abort())
    start = one.page.get_by_role("button", name="Start")
    start.click()
    one.page.get_by_text("A part of this page is missing: pictures.js.").wait_for()
    assert start.is_enabled()
    one.page.unroute("**/try/pictures.js")
    one.start()
    assert one.page.locator(".try-bars li").count() == 10
    one.visit.close()


@pytest.mark.parametrize("content", [png(200), b"no picture"])
def test_a_file_that_opens_slowly_says_so_and_replaces_nothing_newer(trying, content):
    trying.page.evaluate(HOLD)
    trying.page.locator("#try-it input[type=file]").first.set_input_files(
        {"name": "slow.png", "mimeType": "image/png", "buffer": content}
    )
    trying.page.get_by_text("Opening slow.png ...").wait_for()
    trying.test_image(7)
    newer = trying.pixels()
    assert trying.complaint().inner_text() == ""
    trying.page.evaluate("letGo()")
    np.testing.assert_array_equal(trying.pixels(), newer)
    assert trying.complaint().inner_text() == ""


def test_a_drawing_is_newer_than_a_file_that_opens_slowly(trying):
    trying.page.evaluate(HOLD)
    trying.page.locator("#try-it input[type=file]").first.set_input_files(
        {"name": "slow.png", "mimeType": "image/png", "buffer": png(200)}
    )
    trying.page.get_by_role("button", name="Draw").click()
    trying.page.get_by_role("application", name="Sheet to draw on").press("Space")
    trying.page.evaluate("letGo()")
    assert trying.pixels().max() == 255


def switched_on(started):
    started.page.get_by_role("button", name="Camera").click()
    started.page.evaluate("allow()")
    started.page.get_by_role("button", name="Take the picture").wait_for()


def states(started):
    return started.page.evaluate("tracks.map(track => track.readyState)")


FOCUSED = "document.activeElement.textContent"


def test_the_camera_goes_off_when_a_photo_is_chosen_instead(started):
    switched_on(started)
    started.give({"name": "a.png", "mimeType": "image/png", "buffer": png(50)})
    assert set(states(started)) == {"ended"}
    assert not started.page.get_by_role("button", name="Take the picture").is_visible()


@pytest.mark.parametrize("button", ["Switch it off", "Take the picture"])
def test_the_camera_goes_off_by_its_buttons_and_the_focus_returns(started, button):
    switched_on(started)
    started.page.wait_for_function("TryIt.root.querySelector('video').videoWidth")
    started.page.get_by_role("button", name=button).click()
    started.page.wait_for_function("tracks.every(track => track.readyState === 'ended')")
    assert started.page.evaluate(FOCUSED) == "Camera"


def test_permission_that_comes_too_late_leaves_the_camera_off(started):
    started.page.get_by_role("button", name="Camera").click()
    started.page.get_by_role("button", name="Test images").click()
    started.test_image(3)
    started.page.evaluate("allow()")
    started.page.wait_for_function("tracks.every(track => track.readyState === 'ended')")
    assert not started.page.get_by_role("button", name="Take the picture").is_visible()


def test_a_camera_in_use_is_no_refusal(started):
    for error, words in [
        ("NotReadableError", "Another program is using the camera."),
        ("NotAllowedError", "did not allow it"),
        ("NotFoundError", "There is no camera."),
    ]:
        started.page.get_by_role("button", name="Camera").click()
        started.page.evaluate("name => refuse(name)", error)
        started.complaint().filter(has_text=words).wait_for()


def test_a_file_dropped_beside_the_frame_does_not_leave_the_page(browser, site):
    one = Trying(browser, site, start=False)
    drop = lambda name: one.page.evaluate(DROP, ["h1", base64_of(png(99)), name])  # noqa: E731
    assert drop("a.png") == drop("") == [True, True]
    assert one.page.get_by_text("Press Start, then drop it again.").is_visible()
    one.start()
    assert drop("b.png") == [True, True]
    one.page.get_by_text("What the networks see of b.png").wait_for()
    assert (one.pixels() == 99).all()
    assert not one.page.locator(".try-over").count()
    assert drop("") == [True, True]
    assert "no file" in one.complaint().inner_text()
    one.visit.close()


def test_a_picture_is_pasted(started):
    started.page.evaluate(PASTE, base64_of(png(77)))
    started.page.get_by_text("What the networks see of the pasted picture").wait_for()
    assert (started.pixels() == 77).all()


def test_back_at_the_sheet_the_networks_see_what_is_on_it(started):
    page, sheet = started.page, started.page.get_by_role("application", name="Sheet to draw on")
    page.get_by_role("button", name="Draw").click()
    sheet.press("Space")
    sheet.press("ArrowRight")
    drawn = started.pixels()
    said = page.locator(".try-said")
    page.wait_for_function("TryIt.root.querySelector('.try-said').textContent.includes(' %')")
    assert said.inner_text() == page.locator(".try-all > [role=status]").inner_text()
    page.get_by_role("button", name="Test images").click()
    started.test_image(4)
    assert not np.array_equal(started.pixels(), drawn)
    assert said.text_content() == ""
    page.get_by_role("button", name="Draw").click()
    np.testing.assert_array_equal(started.pixels(), drawn)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Test images").click()
    started.test_image(0)


def test_the_chosen_test_image_is_marked_until_another_picture_comes(started):
    pressed = started.page.locator(".try-tests [aria-pressed=true]")
    for number in (3, 11):
        started.test_image(number)
        assert pressed.count() == 1
        assert pressed.get_attribute("title") in started.page.locator(".try-seen").inner_text()
    started.give({"name": "a.png", "mimeType": "image/png", "buffer": png(50)})
    assert pressed.count() == 0


def test_two_networks_of_one_file_can_be_told_apart(started):
    stored = started.page.evaluate("TryIt.data('simple_cnn')")
    file = {"name": "mine.json", "mimeType": "", "buffer": json.dumps(stored).encode()}
    options = started.page.locator(NETWORK).first.locator("option")
    for number in (1, 2):
        started.page.locator("#try-it input[type=file]").nth(1).set_input_files(file)
        options.filter(has_text=f"your network {number} (mine.json)").wait_for(state="attached")
    texts = options.all_inner_texts()
    assert len(set(texts)) == len(texts)
    started.page.locator(NETWORK).first.select_option("simple_cnn")


def test_start_says_how_much_it_loads_and_hands_the_focus_on(browser, site):
    one = Trying(browser, site, start=False)
    before = len(one.visit.sent)
    text = one.page.get_by_role("button", name="Start").inner_text()
    one.start()
    loaded = sum(size for size, _ in one.visit.sent[before:])
    assert text == f"Start (loads {loaded / 1e6:.0f} MB)"
    assert one.page.evaluate("document.activeElement.className") == "try-all"
    one.page.keyboard.press("Tab")
    assert one.page.evaluate(FOCUSED) == "Choose a photo"
    one.visit.close()


def test_no_class_has_all_and_none_has_nothing(started):
    wanted = {
        0: "< 0.1 %", 0.0004: "< 0.1 %", 0.0006: "0.1 %", 0.05: "5.0 %", 0.42: "42 %",
        0.997: "99.7 %", 0.9993: "99.9 %", 0.9996: "> 99.9 %", 1: "> 99.9 %",
    }  # fmt: skip
    found = started.page.evaluate("shares => shares.map(s => TryIt.percent(s))", list(wanted))
    assert found == list(wanted.values())
