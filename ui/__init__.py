"""Floor 5: router, shell, language, figures and charts that the pages share."""
