"""Answers that teach: what analysts said of incidents changes what is scored later, exactly and reversibly."""

from seawall.detection.feedback.applying import FeedbackModel, apply_feedback

__all__ = ["FeedbackModel", "apply_feedback"]
