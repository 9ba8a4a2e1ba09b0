"""Who belongs to the household, and what each changed."""
