"""The router: every page, cold deep links included, is reached through here."""

from ui.web import IMPORTS

with IMPORTS:
    from ui import shell
    from ui.turns import TURNS

with TURNS.turn():
    reason = shell.configure()
    shell.run(shell.navigation(reason), reason)
