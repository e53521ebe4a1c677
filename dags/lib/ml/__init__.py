"""The churn model: what it learns from, how it is trained, kept, judged and used."""
