"""Floor 3: tables, queries and migrations. Every row belongs to an account."""
