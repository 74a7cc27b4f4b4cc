"""Second readings of the documents: tables, a checker that shares no code with the client, and test media."""
