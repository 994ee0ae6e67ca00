"""The page Try it in a real browser: Python's numbers, kind words, by keys and on a phone."""

import base64
import functools
import io

import numpy as np
import pytest
import skimage.data
from axe_playwright_python.sync_playwright import Axe
from built_pages import PHONE
from PIL import Image
from trying import PAGE, Trying, require_all_networks, share

from cifarlib import load_cifar10, zoo
from cifarlib.data import photo
from cifarlib.evaluation import probabilities
from cifarlib.explain import occlusion_map

NARROW = 320
NEAR = 1e-3  # of a logit
MEANS = [125.3069, 122.9504, 113.8654]  # the gray that covers, as in cifarlib.layers
RUN_AXE = """
async () => (await axe.run({ exclude: ["#pst-back-to-top"] }, {  // it fades in as the page scrolls
  resultTypes: ["violations"] })).violations.flatMap(rule =>
  rule.nodes.map(node => [rule.id, node.target.join(" "), node.failureSummary]))
"""
# What the browser makes of a file, in all its pixels: decoders of JPEG differ by a level or two
DECODE = """
async ([content, kind]) => {
  const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: kind }),
    { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  let text = "";
  for (let at = 0; at < data.length; at += 9000)
    text += String.fromCharCode(...data.subarray(at, at + 9000));
  return [bitmap.height, bitmap.width, btoa(text)];
}
"""
ORIENTATION = """
text => TryIt.exif.orientation(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer)
"""


@pytest.fixture(scope="module")
def trying(browser, html, site):
    """The page with ResNet-20 beside the simple CNN, the same for tests that only use it."""
    require_all_networks(html)
    one = Trying(browser, site)
    one.choose(1, "resnet20")
    yield one
    assert one.visit.troubles == []
    one.visit.close()


def encoded(array, kind, **settings):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **settings)
    return file.getvalue()


def five_photos():
    """Name, kind and content of real photographs, each in another format and shape."""
    cat, cup = skimage.data.chelsea(), skimage.data.coffee()
    person, rocket = skimage.data.astronaut(), skimage.data.rocket()
    turned = Image.Exif()
    turned[0x0112] = 6  # stored sideways, as phones do
    few = Image.fromarray(cup[::2, ::2]).quantize(64)
    gif = io.BytesIO()
    few.save(gif, "GIF")
    return {
        "PNG": ("cat.png", "image/png", encoded(cat, "PNG")),
        "JPEG": ("person.jpg", "image/jpeg",
                 encoded(person[:, 30:430], "JPEG", quality=90, exif=turned)),
        "WebP": ("rocket.webp", "image/webp", encoded(rocket, "WEBP", lossless=True)),
        "GIF": ("cup.gif", "image/gif", gif.getvalue()),
        "BMP": ("cup.bmp", "image/bmp", encoded(cup, "BMP")),
    }  # fmt: skip


def decoded(trying, content, kind):
    """All pixels of a file, as the browser decodes it: upright RGB."""
    height, width, text = trying.page.evaluate(DECODE, [base64.b64encode(content).decode(), kind])
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[..., :3]


def assert_same_pixels(seen, wanted):
    """Where a mean lies in the middle of two levels, Python's float32 may round it the other way"""
    assert np.abs(seen.astype(int) - wanted).max() <= 1 and (seen != wanted).sum() <= 3


load = functools.cache(zoo.load)


def logits_of(name, image):
    return load(name).predict(image[None].astype("float32"), verbose=0)[0]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "GIF", "BMP"])
def test_a_photo_gets_the_same_logits_as_in_python(trying, format):
    name, kind, content = five_photos()[format]
    trying.give({"name": name, "mimeType": kind, "buffer": content})
    seen = trying.pixels()
    pixels = decoded(trying, content, kind)
    if format != "JPEG":
        np.testing.assert_array_equal(
            pixels, np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        )
    assert_same_pixels(seen, photo(pixels))
    for place, network in enumerate(["simple_cnn", "resnet20"]):
        found = trying.data(place, "logits")
        np.testing.assert_allclose(found, logits_of(network, seen), atol=NEAR)
        end_to_end = np.abs(found - logits_of(network, photo(content))).max()
        assert end_to_end < (0.3 if format == "JPEG" else 0.03)


def checkered(height, width):
    """A photo, every other of its 32 x 32 areas inverted, so that a shift by a pixel is seen."""
    image = np.array(Image.fromarray(skimage.data.coffee()).resize((width, height)))
    side = min(height, width)
    y = (np.arange(height) - (height - side) // 2) * 32 // side
    x = (np.arange(width) - (width - side) // 2) * 32 // side
    image[(y[:, None] + x) % 2 == 1] ^= 255
    return image


@pytest.mark.parametrize(
    ("height", "width"),
    [(3024, 4032), (4032, 3024), (4500, 4501), (641, 800), (33, 40), (20, 31), (1, 1)],
)
def test_of_any_size_the_pixels_are_pythons(trying, height, width):
    image = checkered(height, width)
    content = encoded(image, "PNG", compress_level=1)
    trying.give({"name": "a.png", "mimeType": "image/png", "buffer": content})
    assert_same_pixels(trying.pixels(), photo(image))


@pytest.mark.parametrize("orientation", [1, 2, 3, 5, 6, 8])
def test_a_photo_stored_turned_has_the_same_pixels_as_in_python(trying, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(checkered(901, 1200), "JPEG", quality=90, exif=exif)
    text = base64.b64encode(content).decode()
    assert trying.page.evaluate(ORIENTATION, text) == orientation
    trying.give({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content})
    assert_same_pixels(trying.pixels(), photo(decoded(trying, content, "image/jpeg")))


def test_both_networks_say_how_long_an_image_took(trying):
    before = trying.page.evaluate("TryIt.root.dataset.shown")
    trying.page.locator(".try-tests button").nth(20).click()
    trying.page.wait_for_function("before => TryIt.root.dataset.shown !== before", arg=before)
    taken = [trying.data(place, "milliseconds") for place in (0, 1)]
    assert all(0 < milliseconds < 60_000 for milliseconds in taken), taken  # no limit on a busy CPU


def test_a_test_image_is_the_one_that_its_name_says_and_its_probabilities_are_calibrated(trying):
    data = load_cifar10()
    button = trying.page.locator(".try-tests button").nth(13)
    name, number = button.get_attribute("aria-label").split(", test image ")
    trying.page.locator(".try-tests button").nth(13).press("Enter")
    trying.page.wait_for_function(
        "name => TryIt.root.querySelector('.try-seen canvas').ariaLabel.includes(name)", arg=name
    )
    np.testing.assert_array_equal(trying.pixels(), data.x_test[int(number)])
    assert data.y_test[int(number)] == 3 and name == "cat"
    trying.page.wait_for_timeout(300)
    for place, (network, temperature) in enumerate([("simple_cnn", 1.048), ("resnet20", 1.44)]):
        wanted = probabilities(logits_of(network, data.x_test[int(number)])[None], temperature)[0]
        shown = trying.page.locator(".try-column").nth(place).locator(".try-bars li > :last-child")
        shares = [share(text) / 100 for text in shown.all_inner_texts()]
        np.testing.assert_allclose(shares, wanted, atol=0.006)
        note = trying.page.locator(".try-column").nth(place).locator(".try-quiet").inner_text()
        divisor = float(note.partition("divided by ")[2].rstrip("."))
        known = trying.page.evaluate("TryIt.data('contents').then(c => c.networks)")
        assert divisor == next(one["temperature"] for one in known if one["id"] == network)


def test_speednet_answers_as_in_python(trying):
    trying.choose(1, "speednet")
    np.testing.assert_allclose(
        trying.data(1, "logits"), logits_of("speednet", trying.pixels()), atol=NEAR
    )
    trying.choose(1, "resnet20")


def test_the_occlusion_map_is_that_of_the_package(trying):
    column = trying.page.locator(".try-column").first
    column.get_by_role("button", name="What does it look at?").click()
    column.locator("figure canvas").wait_for()
    found = np.reshape(trying.data(0, "occlusion"), (32, 32))
    image, model = trying.pixels(), zoo.load("simple_cnn")
    np.testing.assert_allclose(found, occlusion_map(model, image[None])[0], atol=NEAR)
    # The square that is marked in the picture costs what the caption says
    style = trying.page.locator(".try-seen .try-mark").first.evaluate(
        "mark => [mark.style.top, mark.style.left].map(parseFloat)"
    )
    row, column = (round(0.32 * percent) for percent in style)
    covered = image.astype("float32")
    covered[row : row + 8, column : column + 8] = MEANS
    before, after = logits_of("simple_cnn", image), logits_of("simple_cnn", covered)
    words = trying.page.locator(".try-column figcaption").first.inner_text()
    loss = float(words.partition("falls by ")[2].partition(". ")[0])
    assert loss == pytest.approx((before - after)[before.argmax()], abs=0.051)


WRONG = {
    "nothing in it": ("empty.png", b"", "is empty"),
    "a text": ("notes.txt", b"This is no picture.", "no picture that this browser can open"),
    "a phone's": ("a.heic", b"\0\0\0\x18ftypheic" + bytes(40), "HEIC photo"),
    "a document": ("a.pdf", b"%PDF-1.7 " + bytes(40), "PDF document"),
    "a page": ("a.html", b"<!doctype html><p>x", "web page"),
    "a part": ("cut.png", encoded(skimage.data.chelsea(), "PNG")[:200], "a damaged picture"),
    "any JSON": ("a.json", b'{"a": 1}', "not a network for this page"),
    "no JSON": ("b.json", b"{", "not JSON"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_gets_a_friendly_word_and_the_picture_stays(trying, what):
    name, content, words = WRONG[what]
    before = trying.pixels()
    trying.page.locator("#try-it input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "", "buffer": content}
    )
    trying.page.wait_for_function(
        "words => TryIt.root.querySelector('.try-alert').textContent.includes(words)", arg=words
    )
    np.testing.assert_array_equal(trying.pixels(), before)


def test_without_a_camera_the_page_says_so(trying):
    trying.page.get_by_role("button", name="Camera").click()
    trying.page.wait_for_function(
        "/camera/.test(TryIt.root.querySelector('.try-alert').textContent)"
    )


def test_one_draws_by_keys(trying):
    trying.page.get_by_role("button", name="Draw").press("Enter")
    sheet = trying.page.get_by_role("application", name="Sheet to draw on")
    sheet.press("Space")
    for _ in range(5):
        sheet.press("ArrowRight")
    image = trying.pixels()
    assert (image[16, 16:21] < 60).all()  # a black line from the middle to the right
    assert (image[:10] == 255).all()
    trying.page.get_by_role("button", name="Test images").press("Enter")


def test_nothing_leaves_the_machine(trying):
    before, asked = len(trying.visit.sent), []
    trying.page.on("request", lambda request: asked.append(request.url))
    name, kind, content = five_photos()["PNG"]
    trying.give({"name": name, "mimeType": kind, "buffer": content})
    trying.page.get_by_role("button", name="conv1, map 0", exact=True).click()
    assert asked == [] and len(trying.visit.sent) == before


def test_before_the_click_only_the_first_script_and_the_style_are_loaded(visit):
    one = visit()
    page = one.open(PAGE)
    ours = [
        url.rpartition("/")[2].partition("?")[0] for _, url in one.sent if "/_static/try" in url
    ]
    assert sorted(ours) == ["start.js", "try_it.css"]
    assert page.get_by_text("Nothing leaves your machine").is_visible()
    other = visit()
    other.open("chapters/start/first_network.html")
    assert not [url for _, url in other.sent if "/_static/try" in url]


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "dark"), (PHONE, "light"), (1280, "dark")])
def test_started_it_fits_and_axe_finds_nothing(browser, site, width, scheme):
    one = Trying(browser, site, width=width, scheme=scheme)
    one.page.get_by_role("button", name="What does it look at?").first.click()
    one.page.locator(".try-column figure canvas").first.wait_for()
    assert one.visit.troubles == []  # axe itself asks for style sheets that are not there
    one.page.evaluate(Axe().axe_script)
    for button in ("conv2, map 7", "pool1, map 3", "hidden, unit 5", "cat "):
        one.page.locator(".try-overview").get_by_role("button", name=button).first.click()
        assert one.wide() <= width
        assert one.page.evaluate(RUN_AXE) == []
    one.visit.close()


def test_from_a_disk_the_small_network_works_and_the_page_says_what_does_not(browser, html):
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((html / PAGE).as_uri())
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector("#try-it[data-ready]")
    assert page.locator(".try-bars li").count() == 10
    select = page.locator(".try-column select").nth(1)
    if select.locator("option[value=resnet20]").count():
        select.select_option("resnet20")
        page.locator(".try-column").nth(1).get_by_text("from a server").wait_for()
    assert errors == []
    context.close()
