"""What ends when on a card, what moves each date, and who says so.

``schema`` is the shape of one operator's file, ``library`` loads the files of ``data/``. ``engine`` answers for a card: start there.
Behind it ``replay`` hands each clock to its family (``restarts``, ``plans``, ``fees``), and ``counting`` knows days, months and zones.
``overrides`` puts a person's own figures in force, ``moves`` tells which cards a changed shipped rule moves.
"""
