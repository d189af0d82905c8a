"""What the programs are told to do, and what they then say."""

from __future__ import annotations

import textwrap

from tests.wasi.programs.support import GUEST

ICEPLL = """
F_PLLIN:    12.000 MHz (given)
F_PLLOUT:   60.000 MHz (requested)
F_PLLOUT:   60.000 MHz (achieved)

FEEDBACK: SIMPLE
F_PFD:   12.000 MHz
F_VCO:  960.000 MHz

DIVR:  0 (4'b0000)
DIVF: 79 (7'b1001111)
DIVQ:  4 (3'b100)

FILTER_RANGE: 1 (3'b001)

"""
PYTHON = textwrap.dedent(
    f"""
    import os, sys
    os.chdir({GUEST!r})
    with open('notes', 'w') as notes:
        print(notes.write('one\\ntwo\\n'))
    with open('notes', 'a') as notes:
        notes.write('three\\n')
    with open('notes', 'rb') as notes:
        notes.seek(4)
        print(notes.read(3), notes.tell())
    os.mkdir('box')
    os.rename('notes', 'box/kept')
    print(sorted(os.listdir()), os.listdir('box'))
    print(os.stat('box/kept')[6], oct(os.stat('box')[0]))
    open('gone', 'w').close()
    os.remove('gone')
    attempts = ["open('gone')", "open('../outside', 'w')", "open('/etc/passwd')", "os.rmdir('box')", "os.listdir('/')"]
    for attempt in attempts:
        try:
            eval(attempt)
        except OSError as error:
            print(attempt, error)
    print(sum(i * i for i in range(1000)), sys.argv)
    """
)
PYTHON_SAYS = """\
8
b'two' 7
['box'] ['kept']
14 0o40000
open('gone') [Errno 44] ENOENT
open('../outside', 'w') [Errno 63] EPERM
open('/etc/passwd') [Errno 44] ENOENT
os.rmdir('box') 55
os.listdir('/') [Errno 44] ENOENT
332833500 ['/scripts/files.py', 'an argument']
"""
JAVASCRIPT = textwrap.dedent(
    f"""
    import * as std from "qjs:std";
    import * as os from "qjs:os";
    const file = std.open("{GUEST}/notes", "w");
    file.puts("one\\ntwo\\n");
    file.close();
    print(std.loadFile("{GUEST}/notes"));
    print(os.mkdir("{GUEST}/box"), os.rename("{GUEST}/notes", "{GUEST}/box/kept"));
    print(os.readdir("{GUEST}")[0].sort(), os.readdir("{GUEST}/box")[0].sort(), os.stat("{GUEST}/box/kept")[0].size);
    print(os.remove("{GUEST}/box/kept"), os.remove("{GUEST}/box"), os.stat("{GUEST}/box")[1] !== 0);
    print(std.open("{GUEST}/../outside", "w"), std.open("/etc/passwd", "r"));
    const kept = std.open("{GUEST}/answer", "w");
    kept.puts(String([3, 1, 2].sort().map(n => n ** 10)));
    kept.close();
    std.exit(3);
    """
)
JAVASCRIPT_SAYS = "one\ntwo\n\n0 0\n.,..,box .,..,kept 8\n0 0 true\nnull null\n"
WRITES_FOR_EVER = textwrap.dedent(
    f"""
    import time
    count = 0
    while True:
        count += 1
        try:
            with open('{GUEST}/count', 'w') as file:
                file.write(str(count))
            print('wrote', count)
        except OSError as error:
            print('refused', count, error.errno)
        time.sleep_ms(100)
    """
)
"""For MicroPython: a file ten times a second, whether it may or not."""
HOLDS_A_FILE = textwrap.dedent(
    f"""
    import time
    file = open('{GUEST}/held', 'w')
    while True:
        try:
            file.write('x')
            file.flush()
            print('wrote')
        except OSError as error:
            print('refused', error.errno)
        time.sleep_ms(20)
    """
)
"""For MicroPython: the same file all the time."""
SPEAKS_FOR_EVER = textwrap.dedent(
    f"""
    import * as std from "qjs:std";
    import * as os from "qjs:os";
    const line = new Uint8Array([104, 105, 10]).buffer;
    for (;;) {{
        const written = os.write(1, line, 0, 3);
        const log = std.open("{GUEST}/log", "a");
        log.puts(written + "\\n");
        log.close();
        os.sleep(20);
    }}
    """
)
"""For QuickJS: a line to the console, and what became of it to a file."""
