"""Emulators of the providers. Every price and plan here is invented; every shape is the contract's.

Each provider's emulator is one module with ``create_app(seed, now) -> Starlette``. It runs inside the process (the embedded
default of a fresh start) or on a socket: ``python -m services.providers.sandbox simsima --port 0``.
"""
