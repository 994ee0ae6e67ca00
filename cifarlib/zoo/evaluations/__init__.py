"""What trained models of the zoo do beyond the test set: records of evaluations, not of trainings.

``python -m cifarlib.zoo.evaluations`` repeats the one there is, of corrupted pictures. It lies
beside this file; chapters read it with :func:`read`.
"""

from cifarlib.zoo.evaluations.corrupted import CorruptionRecord, new_record, read, run

__all__ = ["CorruptionRecord", "new_record", "read", "run"]
