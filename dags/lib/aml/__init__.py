"""What is decided about the alerts of money laundering, and the record of it."""
