"""What a network that knows ImageNet is worth on CIFAR-10, at few and at many labeled images.

``python -m cifarlib.zoo.transfer`` repeats the study of few labels. Its record lies beside this
file; chapters read it with :func:`read`. ``python -m cifarlib.zoo.transfer tuning`` fine-tunes the
whole network; :mod:`cifarlib.zoo.transfer.fine_tuning` reads that record.
"""

from cifarlib.zoo.transfer.label_efficiency import PER_CLASS, SEEDS, new_record, read, run

__all__ = ["PER_CLASS", "SEEDS", "new_record", "read", "run"]
