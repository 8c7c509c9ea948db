"""The built-in demo provider: a small OpenAI-compatible server that answers from rules and says so."""
