"""What ends when on a card, what moves each date, and who says so.

``schema`` is the shape of one operator's file, ``library`` loads the files of ``data/``.
"""
