"""What both clients do, decided once in coroutines: create, find, wait, list and delete.

`calls` starts each coroutine for a client. `creating` and `many` create, `waiting` waits, and `queries` looks up, lists
and deletes. They await an `outside` for every call and sleep; `patience` says when to try again, `preflight` checks a
request before it is sent, and a `record` keeps what is known of its element.
"""
