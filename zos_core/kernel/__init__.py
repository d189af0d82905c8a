"""The kernel: pure, synchronous, without a clock.

    decide(state, call) -> result, commits, effects     dispatch.py, checks and never mutates
    apply(committed, commit)                            reduce.py, the only mutator of committed state
    perform(transient, effect)                          effects.py  , the only mutator of transient state

A system call is one straight line: `dispatch` finds the handler (`ipc`, `console`, `authority`, `process`,
`services`, `privilege`), the handler reads `state` and answers with values from `commits` and `transient`.
Capabilities come by `insertion` and go by `capabilities.Removal`, and no other way.
"""
