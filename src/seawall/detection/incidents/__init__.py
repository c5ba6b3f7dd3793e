"""Groups, ranks and explains what the detectors found."""
