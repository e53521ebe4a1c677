"""Names and places for those who have none."""

from __future__ import annotations

from local.sources.bank import Bank

_FIRST = ("Amara", "Bela", "Chiara", "Daniel", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Keira",
          "Liam", "Mina", "Noor", "Oscar", "Petra", "Rafael", "Sofia", "Tomas", "Uma", "Zoe")  # fmt: skip
_LAST = ("Abbott", "Bauer", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hughes", "Ivanov", "Jansen",
         "Keller", "Lopez", "Moreau", "Novak", "Olsen", "Peters", "Quinn", "Rossi", "Silva")  # fmt: skip
_FIRMS = ("Bakery", "Books", "Cycles", "Electronics", "Foods", "Garage", "Hotel", "Pharmacy")
_STREETS = ("Mill Lane", "Station Road", "Elm Street", "Harbour View", "Church Row", "Park Avenue")
_PLACES = (("US", "USD", "Boston"), ("US", "USD", "Austin"), ("DE", "EUR", "Hamburg"), ("FR", "EUR", "Lyon"),
           ("GB", "GBP", "Leeds"))  # fmt: skip
CURRENCIES = ("EUR", "GBP", "USD")


def name(bank: Bank, person: object) -> str:
    """That of a customer's number, or of anybody else."""
    number = bank.number(len(_FIRST) * len(_LAST), "name", person)
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST)]}"


def firm(bank: Bank, customer: int) -> str:
    """A business's, after its owner."""
    return f"{name(bank, customer).split()[1]} {_FIRMS[customer % len(_FIRMS)]}"


def street(bank: Bank, what: object) -> str:
    return f"{1 + bank.number(180, 'house', what)} {_STREETS[bank.number(len(_STREETS), 'street', what)]}"


def country(customer: int) -> str:
    """ISO 3166-1 alpha-2."""
    return _PLACES[customer % len(_PLACES)][0]


def currency(customer: int) -> str:
    """ISO 4217: that of all the customer's accounts."""
    return _PLACES[customer % len(_PLACES)][1]


def city(customer: int) -> str:
    return _PLACES[customer % len(_PLACES)][2]
