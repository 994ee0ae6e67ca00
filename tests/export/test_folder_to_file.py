"""From a folder of photos to a network in a file, by Keras' own reader of folders."""

import keras
import numpy as np
import pytest
from PIL import Image

from cifarlib import load_cifar10
from cifarlib.data import check_image_folder
from cifarlib.evaluation import cached_features
from cifarlib.models import pretrained


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixteen frogs and sixteen trucks, of two sizes and two formats."""
    folder, data = tmp_path_factory.mktemp("photos"), load_cifar10()
    for label, name in ((6, "frogs"), (9, "trucks")):
        (folder / name).mkdir()
        for place, number in enumerate(np.flatnonzero(data.y_train == label)[:16]):
            picture = Image.fromarray(data.x_train[number])
            if place % 2:
                picture = picture.resize((50, 40))
            picture.save(folder / name / f"{number}.{('png', 'jpg')[place % 2]}")
    return folder


def test_a_folder_becomes_a_file_that_tells_its_classes_apart(folder, tmp_path):
    assert check_image_folder(folder) == {"frogs": 16, "trucks": 16}
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(64, 64), crop_to_aspect_ratio=True, shuffle=False, verbose=False
    )
    images = np.concatenate([np.asarray(batch) for batch, _ in dataset])
    labels = np.concatenate([np.asarray(batch) for _, batch in dataset])
    learn = np.arange(32) % 2 == 0
    body = pretrained(input_size=64, classes=None)
    features = cached_features(body, images, folder=tmp_path / "cache", verbose=False)
    keras.utils.set_random_seed(0)
    head = keras.Sequential([keras.Input((1280,)), keras.layers.Dense(2, name="logits")])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    head.compile(keras.optimizers.Adam(1e-3), loss)
    head.fit(features[learn], labels[learn], epochs=40, verbose=0)

    model = pretrained(input_size=64, classes=2)
    model.get_layer("logits").set_weights(head.get_weights())
    scores = model.predict(images, verbose=0)
    np.testing.assert_allclose(scores, head.predict(features, verbose=0), atol=0.05)
    assert (scores.argmax(axis=1) == labels)[~learn].mean() >= 0.75

    model.save(tmp_path / "photos.keras")
    loaded = keras.models.load_model(tmp_path / "photos.keras")
    np.testing.assert_allclose(loaded.predict(images, verbose=0), scores, atol=1e-4)
    path = next((folder / "trucks").glob("*.png"))  # 32 x 32, as it is in its file
    answer = loaded.predict(np.asarray(Image.open(path))[None], verbose=0)
    assert answer.shape == (1, 2)
