"""What outlives a machine, in SQLite files written by threads outside it: storage, and recordings of whole sessions.

    storage.py    what programs keep; its transaction follows the journal of the tick that asked
    plain.py      commands as JSON, and back
    journal.py    a tick as canonical bytes, and the chain over all ticks
    recorder.py   writes a running machine's journal
    recording.py  the file, opened read-only
    album.py      the folder of recordings: names, the last 20, who writes which
    verify.py     both chains and the modules, without running anything; heads to check against
    replayer.py   the session again in a fresh machine, every tick compared
    history.py    calls and commits in order, and the committed state they lead to
    keyframes.py  copies of committed state along a log
    track.py      ticks and commits in order, and committed state after any of them
    uses.py       which capability a call exercised
    why.py        the chain behind a refusal
    least.py      the smallest manifests that would have been enough
    without.py    the session again without one capability
"""
