"""The router: every page, cold deep links included, is reached through here."""

from ui.web import IMPORTS

with IMPORTS:
    from ui import shell

reason = shell.configure()
shell.run(shell.navigation(reason), reason)
