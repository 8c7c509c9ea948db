"""Running an agent for one question: memory, model, tools, hand-over, limits, settlement."""
