"""What a reader can move and answer: figures with sliders, quizzes, and a photo of one's own.

The first two are plain HTML: they work in Jupyter, in Colab and on the built pages, which have no
kernel. For a photo it takes a running notebook.
"""

from cifarlib.widgets.moving import MovingFigure, moving_figure
from cifarlib.widgets.quiz import Quiz, quiz, quiz_names
from cifarlib.widgets.upload import PhotoUpload, photo_upload

__all__ = [
    "MovingFigure", "PhotoUpload", "Quiz", "moving_figure", "photo_upload", "quiz", "quiz_names",
]  # fmt: skip
