"""Who may call the team's API, what each may do there, and the trace of what they did."""
