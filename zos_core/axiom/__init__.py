"""Axiom: nothing reaches the kernel but through the gateway, and nothing it did is lost.

    gateway.py    logs the request, asks the kernel, appends the commits, logs the answer
    syslog.py     one row a call: who asked what, and what was answered
    commitlog.py  the hash-chained commits, with a base that moves forward
    replay.py     committed state from commits alone
"""
