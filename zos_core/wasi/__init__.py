"""WASI preview1 on capabilities: programs built for it run unchanged, and hold no authority of their own.

    preview1.py     every number, type and layout of the interface
    calls.py        its functions as one table, and the one way in
    process.py      what the calls of one program share; the one way to the kernel and to the host
    descriptors.py  what a program's descriptors stand for
    rows.py         what the log keeps of their calls
    streams.py      descriptors 0-2: the console
    fdcalls.py      functions on descriptors
    pathcalls.py    functions on paths
    polling.py      waiting for the first of several things
    host.py         what the host answers, live or from a recording
    hostfiles.py    what is open on the host, and what is done to it
    hostpaths.py    names in a directory of the host
    walk.py         a path, component by component, inside its directory
    directories.py  which directories of the host a session gave to programs

One call: `runtime.hostcalls` → `calls.call` → `fdcalls.fd_read` → `WasiProcess.use` → `Gateway.exercise`, which finds
the capability → `HostCalls.ask` → `HostFiles.read`; then the row in the SysLog, and the bytes in the program's memory.
"""
