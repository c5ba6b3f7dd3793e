"""Answers that teach: what analysts said of incidents changes what is scored later, exactly and reversibly."""
