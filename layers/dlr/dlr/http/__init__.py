"""What every function that serves the team's API shares: problems, parameters, the gate."""
