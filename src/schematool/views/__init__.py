"""Reports, findings and events to text, JSON, SARIF, JUnit, GitHub and Markdown: the only author of words on screen."""
