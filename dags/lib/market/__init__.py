"""Prices of shares and what is told about their companies, from the market API to RAW_MARKET."""
