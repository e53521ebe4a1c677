"""The daily close of the ledger: built aside, tested, and shown to its readers in one go."""
