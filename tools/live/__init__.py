"""Check a real gateway's responses against the contract: `make live`.

Departures from the contract are described by pointers and types, never by values, because responses contain the names
and images of somebody's elements, and some gateways repeat the token.
"""
