"""Orders placed from the page: which status may follow which, spending limits, what a product does, renewing by itself."""
