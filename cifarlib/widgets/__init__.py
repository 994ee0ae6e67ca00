"""What a reader can move and answer: figures with sliders, and quizzes.

Both are plain HTML: they work in Jupyter, in Colab and on the built pages, which have no kernel.
"""

from cifarlib.widgets.moving import MovingFigure, moving_figure
from cifarlib.widgets.quiz import Quiz, quiz, quiz_names

__all__ = ["MovingFigure", "Quiz", "moving_figure", "quiz", "quiz_names"]
