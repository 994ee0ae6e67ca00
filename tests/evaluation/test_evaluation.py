"""Accuracy with its interval, logits, and the cost of a model in multiply-accumulates."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from cifarlib import load_cifar10
from cifarlib.evaluation import accuracy, latency, layer_macs, logits, macs
from cifarlib.layers import (
    BatchNormalization,
    ClassToken,
    PaddedShortcut,
    PositionEmbedding,
    normalization,
)
from cifarlib.models import build, simple_cnn

layers = keras.layers

# Accuracy


@given(
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=200),
    as_logits=st.booleans(),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_accuracy_is_scikit_learn_s_for_classes_and_for_logits(pairs, as_logits):
    predicted, labels = np.array(pairs).T
    predictions = np.eye(10)[predicted] * 7 - 3 if as_logits else predicted
    found = accuracy(predictions, labels)
    assert found.value == pytest.approx(accuracy_score(labels, predicted), abs=1e-12)
    assert found.correct == accuracy_score(labels, predicted, normalize=False)
    assert found.count == len(pairs)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 10_000])
def test_interval_is_wilson_s_as_scipy_computes_it(n):
    for correct in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        predictions = (np.arange(n) >= correct).astype(int)
        found = accuracy(predictions, np.zeros(n, int))
        assert found.correct == correct
        expected = binomtest(correct, n).proportion_ci(0.95, method="wilson")
        assert found.low == pytest.approx(expected.low, abs=1e-7)
        assert found.high == pytest.approx(expected.high, abs=1e-7)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_accuracy_reads_well():
    assert str(accuracy(np.zeros(10_000, int), (np.arange(10_000) >= 9340) * 1)) == (
        "93.40% (95 % interval 92.9% to 93.9%)"
    )


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_labels_may_be_a_column_or_one_hot_of_any_number_of_classes(classes):
    rng = np.random.default_rng(classes)
    scores, labels = rng.normal(size=(50, classes)), rng.integers(0, classes, 50)
    labels[:classes] = scores.argmax(axis=1)[:classes]
    expected = accuracy_score(labels, scores.argmax(axis=1))
    one_hot = np.eye(classes)[labels]
    for form in (labels, labels[:, None], one_hot, one_hot.astype(bool), one_hot.astype(int)):
        assert accuracy(scores, form).value == pytest.approx(expected, abs=1e-12)
    assert accuracy(scores.argmax(axis=1), labels % 10).count == 50


def test_labels_may_go_beyond_the_classes_that_were_answered():
    assert accuracy(np.array([50, 3]), np.array([99, 3])).value == 0.5
    assert accuracy(np.array([50, 3]), np.array([[99], [3]])).value == 0.5


def test_any_monotone_scale_of_the_logits_gives_the_same_accuracy():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(500, 10)), rng.integers(0, 10, 500)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert accuracy(scores, labels) == accuracy(probabilities, labels)
    assert accuracy(scores, labels) == accuracy(scores.argmax(axis=1), labels)


def test_unsigned_labels_compare_with_signed_predictions():
    assert accuracy(np.array([1, 2, 3]), np.array([1, 2, 9], np.uint8)).correct == 2


@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        (np.zeros((4, 1), int), np.zeros(4, int), r"\(n, classes\).*got int64 \(4, 1\)"),
        (np.zeros((4, 10), bool), np.zeros(4, int), r"got bool \(4, 10\)"),
        (np.zeros(4), np.zeros(4, int), r"whole-number classes \(n,\) from 0, got float64 \(4,\)"),
        (np.zeros(4, bool), np.zeros(4, int), "got bool"),
        (np.zeros((4, 10, 1)), np.zeros(4, int), r"got float64 \(4, 10, 1\)"),
        (np.array(3), np.zeros(1, int), r"got int64 \(\)"),
        (np.zeros((4, 10)), np.zeros((4, 2), int), r"must have the shape \(4,\).*got \(4, 2\)"),
        (np.zeros((4, 10)), np.zeros(3, int), r"must have the shape \(4,\)"),
        (np.zeros((4, 10)), np.eye(9)[:4], r"must have the shape \(4,\)"),
        (np.zeros((4, 10)), np.full((4, 10), 0.1), "one-hot, a single 1 per row"),
        (np.zeros((4, 10)), np.ones((4, 10)), "one-hot, a single 1 per row"),
        (np.zeros((4, 10)), np.full(4, 10), "from 0 to 9"),
        (np.zeros((4, 3)), np.full(4, 3), "from 0 to 2"),
        (np.zeros((4, 10)), np.zeros(4), "whole numbers"),
        (np.zeros((0, 10)), np.zeros(0, int), "predictions are empty"),
        (np.zeros(0, int), np.zeros(0, int), "predictions are empty"),
    ],
)
def test_what_does_not_fit_is_refused(predictions, labels, message):
    with pytest.raises(ValueError, match=message):
        accuracy(predictions, labels)


def test_a_single_nan_among_the_logits_is_refused():
    scores = np.zeros((100, 10))
    scores[57, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        accuracy(scores, np.zeros(100, int))


# Logits


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:23]


def test_logits_are_what_the_model_gives_for_any_batch_size(images):
    model = simple_cnn()
    expected = np.asarray(model(images, training=False))
    for batch_size in (500, 10):  # the second leaves a smaller last batch
        found = logits(model, images, batch_size)
        assert found.dtype == np.float32
        assert found.shape == (23, 10)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_logits_come_without_dropout(images):
    model = simple_cnn(dropout=0.9)
    np.testing.assert_array_equal(logits(model, images), logits(model, images))


def test_logits_of_scaled_images_are_refused(images):
    with pytest.raises(ValueError, match="do not divide by 255"):
        logits(simple_cnn(), images / 255)


def test_logits_of_one_image_without_its_axis_are_refused(images):
    with pytest.raises(ValueError, match=r"\(n, 32, 32, 3\).*got \(32, 32, 3\)"):
        logits(simple_cnn(), images[0])


class ReadersOwn:
    """A model as a first tutorial makes it: pixels from 0 to 1, a softmax at the end."""

    def __init__(self):
        keras.utils.set_random_seed(4)
        inputs = keras.Input((32, 32, 3))
        x = layers.Dense(7)(layers.Flatten()(inputs))
        self.scores = keras.Model(inputs, x)
        self.model = keras.Model(inputs, layers.Softmax()(x))


def test_a_readers_own_model_may_take_scaled_images_and_end_in_a_softmax(images):
    own = ReadersOwn()
    found = logits(own.model, images, 10, preprocess=lambda raw: raw / 255)
    expected = np.asarray(own.scores(images / 255))
    shift = (found - expected).mean(axis=1, keepdims=True)  # which no softmax notices
    np.testing.assert_allclose(found - shift, expected, atol=1e-5)
    assert found.shape == (23, 7)
    assert abs(shift).max() > 0.1
    raw_scores = logits(own.scores, images, preprocess=lambda raw: raw / 255)
    np.testing.assert_allclose(raw_scores, expected, atol=1e-5)


def test_a_probability_of_zero_gives_a_finite_logit(images):
    last = layers.Dense(3, activation="softmax")
    sure = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), last])
    last.set_weights([np.zeros((3072, 3)), np.array([0, 500, 0])])
    found = logits(sure, images)
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == 1).all()


def test_preprocessing_sees_raw_values_as_floats(images):
    seen = []

    def note(batch):
        seen.append((batch.dtype, batch.min(), batch.max()))
        return batch / 255

    logits(ReadersOwn().model, images, preprocess=note)
    assert {dtype for dtype, _, _ in seen} == {np.dtype(np.float32)}
    assert max(most for *_, most in seen) == images.max() > 200


@pytest.mark.parametrize("shape", [(5, 5), (1,)])
def test_a_model_without_a_row_of_scores_per_image_is_refused(images, shape):
    units = int(np.prod(shape))
    odd = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(units),
                            layers.Reshape(shape)])  # fmt: skip
    with pytest.raises(ValueError, match="a row of two numbers or more per image"):
        logits(odd, images)


# Multiply-accumulates


def profiled_macs(model, shape):
    """Half the FLOPs that TensorFlow's own profiler counts in convolutions and matrix products."""
    function = tf.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec([1, *shape], tf.float32))
    graph = convert_variables_to_constants_v2(concrete).graph
    with tf.Graph().as_default() as frozen:
        tf.graph_util.import_graph_def(graph.as_graph_def(), name="")
        builder = tf.compat.v1.profiler.ProfileOptionBuilder
        options = builder(builder.float_operation()).with_empty_output().build()
        root = tf.compat.v1.profiler.profile(frozen, cmd="op", options=options)
    flops, nodes = 0, [root]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children)
        if node.name in ("Conv2D", "MatMul", "BatchMatMulV2", "DepthwiseConv2dNative"):
            flops += node.float_ops
    assert flops % 2 == 0
    return flops // 2


def test_simple_cnn_costs_what_the_profiler_and_pencil_say():
    by_hand = 30 * 30 * 32 * 27 + 13 * 13 * 64 * 288 + 4 * 4 * 64 * 576 + 1024 * 64 + 64 * 10
    assert by_hand == 4_548_608
    assert macs(simple_cnn()) == by_hand
    assert profiled_macs(simple_cnn(), (32, 32, 3)) == by_hand


def random_net(seed):
    """Convolutions of random size, stride and padding, then dense layers."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(9, 24, 2)
    shape = int(height), int(width), int(rng.integers(1, 5))
    net = [keras.Input(shape)]
    for _ in range(rng.integers(1, 4)):
        stride = int(rng.integers(1, 4))
        settings = {"strides": stride, "padding": ["same", "valid"][rng.integers(2)]}
        settings["use_bias"] = bool(rng.integers(2))
        kernel = int(rng.integers(1, 4)), int(rng.integers(1, 3))
        net.append(layers.Conv2D(int(rng.integers(1, 9)), kernel, **settings))
        net.append(layers.BatchNormalization() if rng.integers(2) else layers.ReLU())
        try:
            model = keras.Sequential(net)
        except ValueError:  # the map had shrunk to less than the kernel
            net = net[:-2]
            break
    net += [layers.GlobalAveragePooling2D() if rng.integers(2) else layers.Flatten()]
    net += [layers.Dense(int(rng.integers(1, 20))), layers.Dense(10, use_bias=False)]
    model = keras.Sequential(net)
    return model, shape


@pytest.mark.parametrize("seed", range(10))
def test_macs_of_random_nets_are_the_profiler_s(seed):
    model, shape = random_net(seed)
    assert macs(model) == profiled_macs(model, shape) > 0


def test_grouped_convolution_costs_a_group_s_share():
    whole = keras.Sequential([keras.Input((8, 8, 12)), layers.Conv2D(6, 3)])
    groups = keras.Sequential([keras.Input((8, 8, 12)), layers.Conv2D(6, 3, groups=3)])
    assert macs(groups) * 3 == macs(whole) == 6 * 6 * 6 * 9 * 12


def test_dilated_convolution_costs_no_more_for_each_output():
    model = keras.Sequential([keras.Input((9, 9, 2)), layers.Conv2D(3, 3, dilation_rate=2)])
    assert macs(model) == (9 - 4) ** 2 * 3 * 9 * 2


def test_dense_layer_on_a_sequence_costs_a_product_for_each_position():
    model = keras.Sequential([keras.Input((7, 5)), layers.Dense(4)])
    assert macs(model) == 7 * 5 * 4


def test_both_branches_of_a_graph_are_counted():
    x = keras.Input((8, 8, 3))
    y = layers.Add()([layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 1)(x)])
    model = keras.Model(x, layers.Dense(10)(layers.Flatten()(y)))
    assert macs(model) == profiled_macs(model, (8, 8, 3)) == 64 * 4 * (27 + 3) + 256 * 10


def test_model_inside_a_model_is_counted():
    inner = simple_cnn()
    x = keras.Input((32, 32, 3))
    outer = keras.Model(x, layers.Dense(3)(inner(x)))
    assert macs(outer) == 4_548_608 + 30


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.5),
        layers.Rescaling(2.0), layers.Flatten(), layers.LayerNormalization(),
        layers.GlobalAveragePooling2D(), layers.ZeroPadding2D(1), layers.PReLU(),
    ],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_layers_without_a_kernel_cost_nothing(layer):
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    assert macs(model) == 0
    assert layer_macs(model.layers[0]) == 0


def test_layers_without_sizes_are_refused_not_counted_as_nothing():
    with pytest.raises(ValueError, match="'hidden' is not built"):
        layer_macs(layers.Dense(10, name="hidden"))
    with pytest.raises(ValueError, match="'hidden' is not built"):
        macs(keras.Sequential([layers.Dense(10, name="hidden")]))
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3, name="conv")])
    with pytest.raises(ValueError, match="'conv': its output has no one size"):
        macs(any_size)
    shared = layers.Conv2D(4, 3, name="shared")
    small, large = (keras.Sequential([keras.Input((n, n, 3)), shared]) for n in (8, 16))
    assert small.layers[0] is large.layers[0]
    with pytest.raises(ValueError, match="'shared': its output has no one size"):
        macs(large)


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((8, 8, 3), layers.Conv2DTranspose(4, 3)),
        ((8, 3), layers.DepthwiseConv1D(3)),
        ((8, 3), layers.Conv1D(4, 3)),
        ((8, 8, 8, 3), layers.Conv3D(4, 3)),
        ((8, 3), layers.EinsumDense("xyc,cz->xyz", (None, 4))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kernels_of_unknown_kinds_are_refused_not_counted_as_nothing(shape, layer):
    model = keras.Sequential([keras.Input(shape), layer])
    with pytest.raises(ValueError, match=f"do not know how to count {type(layer).__name__}"):
        macs(model)


class Inside(layers.Layer):
    """A layer that keeps another one inside, as blocks of larger networks do."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((8, 8, 3), layers.SeparableConv2D(4, 3)),
        ((8, 3), layers.TimeDistributed(layers.Dense(4))),
        ((8, 3), layers.LSTM(4)),
        ((8, 3), Inside()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers_that_multiply_under_another_name_are_refused(shape, layer):
    model = keras.Sequential([keras.Input(shape), layer])
    with pytest.raises(ValueError, match=f"do not know how to count {type(layer).__name__}"):
        macs(model)


def test_attention_is_refused():
    x, y = keras.Input((16, 8)), keras.Input((9, 8))
    outputs = [
        layers.MultiHeadAttention(2, 4)(x, y),
        layers.MultiHeadAttention(2, 4)(query=x, value=y),
        layers.MultiHeadAttention(2, 4)(x, x, key=layers.ReLU()(x)),
        layers.Attention()([x, x]),
        layers.AdditiveAttention(use_scale=False)([x, x]),
        layers.Dot((2, 2))([x, y]),
    ]
    for output in outputs:
        with pytest.raises(ValueError, match="do not know how to count"):
            macs(keras.Model([x, y], [output, y]))


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_costs_its_window_for_each_output(stride):
    layer = layers.DepthwiseConv2D((3, 5), strides=stride, padding="same", depth_multiplier=2)
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    by_hand = (8 // stride) ** 2 * (3 * 2) * (3 * 5)
    assert macs(model) == layer_macs(layer) == by_hand == profiled_macs(model, (8, 8, 3))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("call", [{}, {"return_attention_scores": True}])
def test_self_attention_costs_four_projections_scores_and_sums(use_bias, call):
    x = keras.Input((16, 8))
    layer = layers.MultiHeadAttention(2, 4, use_bias=use_bias)
    outputs = layer(x, x, **call)
    model = keras.Model(x, outputs)
    projections = 4 * 16 * 8 * 8  # queries, keys, values and the output: 8 x 8 for each token
    scores = sums = 2 * 16 * 16 * 4  # for each head and pair of tokens 4 products
    assert macs(model) == layer_macs(layer) == projections + scores + sums == 8_192
    if call:  # else TensorFlow computes the scores by an operation that its profiler leaves out
        assert profiled_macs(model, (16, 8)) == 8_192


def test_self_attention_with_heads_of_other_sizes_is_counted():
    x = keras.Input((5, 8))
    layer = layers.MultiHeadAttention(3, 4, value_dim=7, output_shape=11)
    model = keras.Model(x, layer(x, x, x, return_attention_scores=True))
    projections = 5 * (8 * 12 + 8 * 12 + 8 * 21 + 21 * 11)
    assert macs(model) == projections + 25 * 12 + 25 * 21 == profiled_macs(model, (5, 8))


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_dot_costs_the_length_of_the_axis_it_sums_over_for_each_output(axis):
    x = keras.Input((6, 8))
    model = keras.Model(x, layers.Dot(axis)([x, x]))
    by_hand = 8 * 8 * 6 if axis == 1 else 6 * 6 * 8
    assert macs(model) == by_hand == profiled_macs(model, (6, 8))


ops = keras.ops
# Of x (n, 6, 8) and y (n, 8, 5): the products of matrices, and what each costs
PRODUCTS = {
    "matmul": (lambda x, y: ops.matmul(x, y), 6 * 8 * 5),
    "at sign": (lambda x, y: x @ y, 6 * 8 * 5),
    "by name": (lambda x, y: ops.matmul(x1=x, x2=y), 6 * 8 * 5),
    "constant": (lambda x, y: x @ ops.ones((8, 3)), 6 * 8 * 3),
    "constant first": (lambda x, y: ops.ones((4, 6)) @ x, 4 * 6 * 8),
    "vector": (lambda x, y: x @ ops.ones((8,)), 6 * 8),
    "dot": (lambda x, y: ops.dot(x, ops.ones((8, 3))), 6 * 8 * 3),
    "einsum": (lambda x, y: ops.einsum("nij,njk->nik", x, y), 6 * 8 * 5),
    "einsum over two axes": (lambda x, y: ops.einsum("nij,njk->nk", x, y), 6 * 8 * 5),
    "einsum with a constant": (lambda x, y: ops.einsum("nij,jk->nik", x, ops.ones((8, 3))), 144),
    "einsum of one": (lambda x, y: ops.einsum("nij->nj", x), 0),
    "two": (lambda x, y: ops.matmul(ops.matmul(x, y), ops.transpose(y, (0, 2, 1))), 2 * 240),
    "scores": (lambda x, y: ops.softmax(x @ ops.transpose(x, (0, 2, 1)) / 8) @ x, 2 * 36 * 8),
    "beside a layer": (lambda x, y: layers.Dense(3)(x @ y), 6 * 8 * 5 + 6 * 5 * 3),
    "conv": (lambda x, y: ops.conv(x, ops.ones((3, 8, 7))), 4 * 7 * 3 * 8),
    "conv with a step": (lambda x, y: ops.conv(x, ops.ones((3, 8, 7)), 2, "same"), 3 * 7 * 3 * 8),
    "depthwise": (lambda x, y: ops.depthwise_conv(x, ops.ones((3, 8, 2))), 4 * 16 * 3),
    "number": (lambda x, y: ops.dot(x, 2.0), 0),
    "no product": (lambda x, y: ops.relu(x[:, 1:] * 2 + ops.mean(x, 1, keepdims=True)), 0),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_without_a_layer_are_counted(name):
    make, by_hand = PRODUCTS[name]
    x, y = keras.Input((6, 8)), keras.Input((8, 5))
    assert macs(keras.Model([x, y], [make(x, y), y])) == by_hand


def test_products_are_counted_as_the_profiler_does_and_inside_a_model_too():
    x = keras.Input((6, 8))
    inner = keras.Model(x, ops.matmul(x, ops.transpose(x, (0, 2, 1))))
    assert macs(inner) == profiled_macs(inner, (6, 8)) == 6 * 6 * 8
    outer = keras.Model(x, layers.Dense(2)(inner(x)))
    assert macs(outer) == profiled_macs(outer, (6, 8)) == 6 * 6 * 8 + 6 * 6 * 2


class Written(layers.Layer):
    """A product in a layer without weights, as a reader may write it."""

    def call(self, x):
        return x @ ops.transpose(x, (0, 2, 1))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda x, y: ops.tensordot(x, ops.ones((8, 3)), 1), "Tensordot"),
        (lambda x, y: ops.inner(x, ops.ones((3, 8))), "Inner"),
        (lambda x, y: ops.einsum("nij,njk,nk->ni", x, y, y[:, 0]), "Einsum"),
        (lambda x, y: ops.einsum("...ij,...jk->...ik", x, y), "Einsum"),
        (lambda x, y: ops.einsum("nij,mij->nm", x, x), "Einsum"),
        (lambda x, y: x[:, 0] @ ops.transpose(x[:, 0]), "Matmul"),
        (lambda x, y: ops.conv_transpose(x, ops.ones((3, 4, 8)), 1), "ConvTranspose"),
        (lambda x, y: ops.norm(x, axis=-1), "Norm"),
        (lambda x, y: layers.Lambda(lambda z: z @ z)(x[:, :, :6]), "Lambda"),
        (lambda x, y: Written()(x), "Written"),
    ],
)
def test_products_that_cannot_be_counted_are_refused_by_name(make, kind):
    x, y = keras.Input((6, 8)), keras.Input((8, 5))
    with pytest.raises(ValueError, match=f"do not know how to count {kind} "):
        macs(keras.Model([x, y], [make(x, y), y]))


def test_a_model_that_is_no_graph_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x @ ops.transpose(x)

    with pytest.raises(ValueError, match="do not know how to count 'own': it is no graph"):
        macs(Own(name="own"))


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((16, 8), ClassToken()),
        ((16, 8), PositionEmbedding()),
        ((16, 8), PositionEmbedding("sincos")),
        ((8, 8, 3), BatchNormalization()),
        ((8, 8, 3), PaddedShortcut(5, 2)),
        ((8, 8, 3), normalization()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers_of_the_package_cost_nothing(shape, layer):
    assert macs(keras.Sequential([keras.Input(shape), layer])) == 0


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("alexnet", {"width": 5}),
        ("vgg", {"depth": 11, "width": 3}),
        ("resnet18", {"width": 3}),
        ("resnet18", {"width": 3, "shortcut": "pad"}),
        ("efficientnet", {"width": 0.5, "depth": 0.5, "resolution": 40}),
        ("vit", {"dim": 12, "depth": 2, "heads": 3}),
        ("vit", {"dim": 12, "depth": 1, "heads": 2, "positions": "sincos", "pooling": "mean"}),
        ("cct", {"dim": 12}),
        ("speednet", {"widths": (3, 5, 7)}),
    ],
    ids=str,
)
def test_macs_of_every_architecture_are_the_profiler_s(name, settings):
    model = build(name, **settings)
    assert macs(model) == profiled_macs(model, (32, 32, 3)) > 0


def test_shared_layer_is_counted_as_often_as_it_is_used():
    x = keras.Input((8,))
    dense = layers.Dense(8)
    model = keras.Model(x, dense(dense(x)))
    assert profiled_macs(model, (8,)) == 128
    try:
        found = macs(model)
    except ValueError:  # fine too: refused
        return
    assert found == 128


class Slow(keras.Model):
    """A model and a clock in one: each batch takes the next of some times."""

    input_shape = (None, 32, 32, 3)

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.now, self.given = iter(seconds), 0.0, []

    def predict_on_batch(self, x):
        self.given.append(x.shape)
        self.now += next(self.seconds)


def test_latency_is_the_median_without_the_first_two_calls(monkeypatch):
    model = Slow([9.0, 9.0, 1.0, 2.0, 9.0])
    monkeypatch.setattr("cifarlib.evaluation.timing.time.perf_counter", lambda: model.now)
    assert latency(model, 7, repeats=3) == 2.0
    assert model.given == [(7, 32, 32, 3)] * 5


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"repeats": 0}, {"batch_size": 1.5}])
def test_latency_refuses_what_is_no_count(settings):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        latency(Slow([]), **settings)


def test_latency_of_a_real_model_is_positive():
    assert latency(simple_cnn(), 2, repeats=3) > 0
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.GlobalAveragePooling2D()])
    assert latency(any_size, 2, repeats=3) > 0
