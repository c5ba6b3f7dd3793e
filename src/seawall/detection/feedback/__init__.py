"""Adjust scores by analysts' answers to incidents, exactly and reversibly."""

from seawall.detection.feedback.applying import FeedbackModel, apply_feedback

__all__ = ["FeedbackModel", "apply_feedback"]
