"""How fast this machine learns: ``python -m cifarlib.bench`` trains, times and compares.

Each contender learns in a process of its own, one after another, round by round:

* ``classic``: the simple CNN as the walkthrough trains it, 10 epochs, the test set after each;
* ``quick``: the best that this book knows in the same time, with a narrower network in float32;
* ``sprint``: the shortest training that beats the classic's accuracy;
* ``speednet``: the recipe for 94 %, once; the zoo has it with more seeds;
* ``torch``, if asked for: airbench94 in PyTorch, the bar for ``speednet`` (extra ``torch``).

The clock runs from data in memory to a known accuracy: building, tracing, training and the test
count; Python's imports and reading the images do not. ``--epochs-timed N`` takes minutes instead:
each contender trains one epoch a round, and only the pace of its steps is measured.
"""

from cifarlib.bench.contenders import CONTENDERS, Contender, contender
from cifarlib.bench.records import Bench, read
from cifarlib.bench.tables import table

__all__ = ["CONTENDERS", "Bench", "Contender", "contender", "read", "table"]
