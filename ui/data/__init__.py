"""The parts of the page about backups and one's own data."""
