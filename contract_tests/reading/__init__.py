"""A second reading of the documents: tables, an oracle that shares no code with the client, and test media."""
