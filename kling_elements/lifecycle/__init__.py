"""Everything that both clients do, decided once in coroutines: create, find, wait, list and delete.

`calls` prepares each coroutine for a client. `creating` and `create_all` create, `waiting` waits, and `queries` looks
up, lists and deletes. They await `effects` for every call and sleep. `retry_budget` says when to try again, and
`limiter` when to begin the next of many creates. `preflight` checks a request before it is sent, and `create_record`
tracks whether its element may exist.
"""
