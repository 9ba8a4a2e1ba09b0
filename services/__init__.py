"""Everything Simkeeper knows and does, without a page: usable from a notebook, a worker or the dashboard."""

VERSION = "0.1.0"
