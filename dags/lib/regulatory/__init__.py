"""The monthly report to the supervisor: extracted, approved by a person, signed, and delivered once."""
