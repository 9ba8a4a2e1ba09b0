"""Drawing parts of the pages about cards."""
