"""The rooms of run.py: one benchmark a file."""
