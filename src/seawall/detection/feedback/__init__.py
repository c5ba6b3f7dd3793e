"""Answers that teach: what analysts said of incidents changes what is scored later, exactly and reversibly."""

from seawall.detection.feedback.applying import Teaching, apply

__all__ = ["Teaching", "apply"]
