"""`make run`: one parent that starts everything, waits until all answer, and ends all of it in order."""
