"""Test images whose label people did not confirm.

Northcutt, Athalye and Mueller (2021), arXiv 2103.14749, let an algorithm pick 275 suspicious images
of CIFAR-10's test set and asked five people about each: does it show what the label says, what the
algorithm thinks, both, or neither? The positions below follow from the answers that they published
(``mturk/cifar10_mturk.json`` of their repository ``cleanlab/label-errors``).
"""

from __future__ import annotations

# Fewer than three of the five people confirmed the label
DOUBTFUL = (
    165, 792, 882, 1227, 1300, 1684, 1718, 1969, 2010, 2128, 2232, 2405, 2532, 2592, 2804, 2840,
    2940, 3113, 3168, 3183, 3192, 3490, 3600, 3753, 3977, 4055, 4198, 4614, 4643, 4794, 4910, 4965,
    5166, 5191, 5211, 5468, 5632, 5690, 5882, 5960, 6522, 6792, 6877, 6966, 7311, 7657, 7846, 8058,
    8296, 8620, 9227, 9352, 9643, 9793,
)  # fmt: skip

# Of these, the images for which three or more agreed on another class, and that class
RELABELED = {
    1227: 5, 1718: 8, 2405: 6, 2592: 4, 2804: 5, 4794: 2, 5191: 5, 5468: 3, 5632: 5, 5690: 4,
    5960: 3, 6877: 8, 6966: 8, 7657: 7, 7846: 3, 8058: 7, 9227: 9, 9352: 9,
}  # fmt: skip
