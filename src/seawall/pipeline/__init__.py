"""Run the stages in order: once over files, or without end over growing logs."""
