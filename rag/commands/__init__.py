"""One file for each command of `rag`.

Each has `ABOUT` (its line in `rag --help`), `options(parser)` and `run(args)`, which returns the
exit code. `rag --help` imports them all, so whatever is heavy is imported inside `run`.
"""
