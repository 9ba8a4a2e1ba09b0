"""Ways to reach a person: what each asks for (``data/<kind>.toml``), and the one module that sends through them."""
