"""What watching somebody else's training loop takes, without leaving a trace in it."""
