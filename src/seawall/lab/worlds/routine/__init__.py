"""What happens beside reading mail: mistakes, help desk, rules, consents, administration, noise from outside."""
