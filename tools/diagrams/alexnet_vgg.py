"""Diagrams of the opening of the architectures, and of the pages on AlexNet and VGG."""

from __future__ import annotations

from svg import Drawing

# The year, the network, what it brought; the color says what the network is made of
NETWORKS = [
    ("1998", "LeNet-5", "convolutions that learn", "blue"),
    ("2012", "AlexNet", "the same, large, on GPUs", "blue"),
    ("2014", "VGG", "only 3 x 3, 19 layers", "blue"),
    ("2015", "ResNet", "shortcuts: 152 layers", "blue"),
    ("2019", "EfficientNet", "cheap blocks, scaled up", "blue"),
    ("2020", "ViT", "attention among patches", "orange"),
    ("2021", "CCT", "a ViT for few images", "orange"),
    ("2022", "ConvNeXt", "a ResNet, modernized", "blue"),
    ("2022", "ConvMixer", "patches and convolutions", "blue"),
    ("2024", "airbench94", "94 % in 3.29 GPU seconds", "green"),
]


def ten_networks() -> Drawing:
    """Ten networks from 1998 to 2024, downwards, each with what it brought."""
    step, top = 46, 12
    drawing = Drawing(420, top + step * len(NETWORKS) + 58)
    line = 66
    drawing.arrow((line, top), (line, top + step * len(NETWORKS) + 4))
    for number, (year, name, brought, fill) in enumerate(NETWORKS):
        y = top + step * (number + 0.5)
        drawing.text(10, y, year, anchor="start", bold=True)
        drawing.circle(line, y, 5)
        drawing.box(84, y - 17, 116, 34, name, fill=fill)
        drawing.text(206, y, brought, anchor="start", size=14)
    legend = [("blue", "convolutions"), ("orange", "attention"), ("green", "for speed")]
    bottom = top + step * len(NETWORKS) + 20
    for number, (fill, words) in enumerate(legend):
        left = 10 + 144 * number
        drawing.box(left, bottom + 6, 18, 18, fill=fill)
        drawing.text(left + 26, bottom + 15, words, anchor="start", size=14)
    return drawing


def features_by_hand() -> Drawing:
    """Two ways from an image to a class: features made by people, and features learned."""
    drawing = Drawing(420, 330)
    columns = [
        (8, "before 2012", "edge directions,\ncounted region\nby region", "orange", "by hand"),
        (216, "AlexNet, 2012", "five layers of\nconvolutions", "blue", "learned"),
    ]
    for left, title, middle, fill, how in columns:
        center = left + 98
        drawing.text(center, 18, title, bold=True)
        drawing.box(left + 43, 38, 110, 34, "image", fill="data")
        drawing.arrow((center, 72), (center, 98))
        drawing.box(left, 98, 196, 96, f"{middle}\n({how})", fill=fill)
        drawing.arrow((center, 194), (center, 222))
        drawing.text(center + 10, 207, "features", anchor="start", size=14)
        drawing.box(left, 222, 196, 44, "classifier (learned)", fill="blue")
        drawing.arrow((center, 266), (center, 290))
        drawing.text(center, 306, "tiger cat")
    return drawing


# What stands at each level of the two columns: words and, below them, the shape that leaves
LENET = [
    ("data", "image", "32 x 32 x 1"),
    ("blue", "convolution 5 x 5", "28 x 28 x 6"),
    ("green", "pool 2 x 2", "14 x 14 x 6"),
    ("blue", "convolution 5 x 5", "10 x 10 x 16"),
    ("green", "pool 2 x 2", "5 x 5 x 16"),
    None,
    None,
    ("blue", "convolution 5 x 5", "120"),
    None,
    ("orange", "dense", "84"),
    None,
    ("orange", "output", "10 digits"),
]
ALEXNET = [
    ("data", "image", "227 x 227 x 3"),
    ("blue", "convolution 11 x 11", "55 x 55 x 96"),
    ("green", "pool 3 x 3", "27 x 27 x 96"),
    ("blue", "convolution 5 x 5", "27 x 27 x 256"),
    ("green", "pool 3 x 3", "13 x 13 x 256"),
    ("blue", "convolution 3 x 3", "13 x 13 x 384"),
    ("blue", "convolution 3 x 3", "13 x 13 x 384"),
    ("blue", "convolution 3 x 3", "13 x 13 x 256"),
    ("green", "pool 3 x 3", "6 x 6 x 256"),
    ("orange", "dense", "4,096"),
    ("orange", "dense", "4,096"),
    ("orange", "dense", "1,000 classes"),
]


def lenet_to_alexnet() -> Drawing:
    """LeNet-5 and AlexNet beside each other, layer by layer, with the shape that leaves each."""
    height, gap, top = 42, 16, 36
    drawing = Drawing(420, top + len(ALEXNET) * (height + gap) - gap + 10)
    for left, title, column in ((8, "LeNet-5, 1998", LENET), (220, "AlexNet, 2012", ALEXNET)):
        drawing.text(left + 96, 16, title, bold=True)
        bottom = None
        for number, layer in enumerate(column):
            if layer is None:
                continue
            fill, name, shape = layer
            y = top + number * (height + gap)
            if bottom is not None:
                drawing.arrow((left + 96, bottom), (left + 96, y))
            drawing.box(left, y, 192, height, f"{name}\n{shape}", fill=fill, size=15)
            bottom = y + height
    return drawing


def stack_of_three() -> Drawing:
    """Seen from the side: one window of 5, and two windows of 3 that see the same 5 pixels."""
    drawing = Drawing(420, 262)
    size, gap, top, middle, low = 28, 6, 60, 122, 184
    columns = [
        (8, "one layer of 5 x 5", "25 weights"),
        (234, "two layers of 3 x 3", "9 + 9 weights"),
    ]
    for left, title, weights in columns:
        centers = [left + (size + gap) * place + size / 2 for place in range(5)]
        drawing.text(centers[2], 16, title, size=15, bold=True)
        drawing.text(centers[2], 238, weights)
        if "9" in weights:
            for place in (1, 2, 3):
                for below in (place - 1, place, place + 1):
                    drawing.arrow(
                        (centers[below], low), (centers[place], middle + size), head=False
                    )
                drawing.arrow((centers[place], middle), (centers[2], top + size), head=False)
            for place in (1, 2, 3):
                drawing.box(centers[place] - size / 2, middle, size, size, fill="blue")
        else:
            for center in centers:
                drawing.arrow((center, low), (centers[2], top + size), head=False)
        for center in centers:
            drawing.box(center - size / 2, low, size, size, fill="data")
        drawing.box(centers[2] - size / 2, top, size, size, fill="orange")
    return drawing


# VGG-16: convolutions and filters of each stage
STAGES = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]


def vgg_stages() -> Drawing:
    """VGG-16's five stages, with the side of the maps for 224 pixels and for 32."""
    height, gap, top = 62, 16, 44
    drawing = Drawing(420, top + 5 * (height + gap) + 60)
    drawing.text(294, 14, "side of the maps", size=14, bold=True)
    drawing.text(258, 34, "224", size=14).text(338, 34, "32 pixels", size=14)
    for number, (convolutions, filters) in enumerate(STAGES):
        y = top + number * (height + gap)
        drawing.box(
            10, y, 210, 34, f"{convolutions} x (3 x 3), {filters} filters", fill="blue", size=15
        )
        drawing.box(10, y + 34, 210, 28, "max pool 2 x 2", fill="green", size=15)
        drawing.arrow((115, y + height), (115, y + height + gap))
        for x, pixels in ((258, 224), (338, 32)):
            drawing.text(x, y + 17, str(pixels // 2**number))
            drawing.text(x, y + 48, str(pixels // 2 ** (number + 1)))
    y = top + 5 * (height + gap)
    drawing.box(10, y, 210, 48, "dense 4,096 and 4,096,\ndense 1,000", fill="orange", size=15)
    return drawing.text(228, y + 24, "reads 7 x 7 x 512,\nor 1 x 1 x 512", anchor="start", size=14)


DIAGRAMS = {
    "ten_networks": ten_networks,
    "features_by_hand": features_by_hand,
    "lenet_to_alexnet": lenet_to_alexnet,
    "stack_of_three": stack_of_three,
    "vgg_stages": vgg_stages,
}
