"""The room for reminders: where they are sent, and what is sent when."""
