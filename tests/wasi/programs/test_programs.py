"""Programs from package indexes do what their manuals say: with pipes, at a terminal, and in a tab."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import Person, command
from tests.wasi.programs.scripts import ICEPLL, JAVASCRIPT, JAVASCRIPT_SAYS, PYTHON, PYTHON_SAYS
from tests.wasi.programs.support import SCRIPTS, Program, Programs, run, start
from zos_core.abi import ExitHow
from zos_core.supervisor import Supervisor

END_OF_INPUT = b"\x04"


# --- with pipes -------------------------------------------------------------------------------------------------------


def test_icepll_prints_its_table(programs: Programs) -> None:
    done = run(programs.icepll, "-i", "12", "-o", "60")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, ICEPLL, b"")


def test_micropython_runs_a_script_on_a_folder(programs: Programs, folder: Path, scripts: Path) -> None:
    (scripts / "files.py").write_text(PYTHON)
    done = run(programs.micropython, f"{SCRIPTS}/files.py", "an argument", folder=folder, scripts=scripts)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, PYTHON_SAYS, b"")
    assert (folder / "box" / "kept").read_text() == "one\ntwo\nthree\n"
    assert not (folder.parent / "outside").exists()


def test_quickjs_evaluates(programs: Programs) -> None:
    done = run(programs.quickjs, "-e", "print(6 * 7, [1, 2].map(n => n / 4), 0.1 + 0.2)")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"42 0.25,0.5 0.30000000000000004\n", b"")


def test_quickjs_runs_a_script_on_a_folder(programs: Programs, folder: Path, scripts: Path) -> None:
    (scripts / "files.js").write_text(JAVASCRIPT)
    done = run(programs.quickjs, f"{SCRIPTS}/files.js", folder=folder, scripts=scripts)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (3, JAVASCRIPT_SAYS, b"")
    assert (folder / "answer").read_text() == "1,1024,59049"
    assert not (folder.parent / "outside").exists()


def test_quickjs_ends_at_the_end_of_piped_input(programs: Programs) -> None:
    done = run(programs.quickjs, stdin=b"6 * 7\n'a'.repeat(3)\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"42" in done.stdout and b"'aaa'" in done.stdout


def test_an_error_goes_to_standard_error(programs: Programs) -> None:
    done = run(programs.quickjs, "-e", "throw new Error('on purpose')")
    assert done.returncode == 1 and done.stdout == b"" and b"Error: on purpose" in done.stderr
    done = run(programs.micropython, "-c", "1 / 0")
    assert done.returncode == 1 and done.stdout == b"" and b"ZeroDivisionError" in done.stderr


# --- at a terminal ----------------------------------------------------------------------------------------------------


def at_terminal(people: list[Person], program: Program) -> Person:
    people.append(Person(command("run", *program.flags, program.path)))
    return people[-1]


def test_micropython_s_prompt_at_a_terminal(programs: Programs, people: list[Person]) -> None:
    person = at_terminal(people, programs.micropython)
    person.sees(b">>> ")
    person.type(b"1 + 3\x7f2\n")
    assert person.sees(b">>> ").endswith(b"\r\n3\r\n")
    person.type(b"def twice(x):\n    return x * 2\n\n")
    person.sees(b"... ... >>> ")
    person.type(b"twice(21)\n")
    assert b"\r\n42\r\n" in person.sees(b">>> ")
    person.type(END_OF_INPUT)
    assert person.ends() == 0


def test_quickjs_s_prompt_at_a_terminal(programs: Programs, people: list[Person]) -> None:
    person = at_terminal(people, programs.quickjs)
    person.sees(b"qjs > ")
    person.type(b"6 * 7\n")
    assert b"42" in person.sees(b"qjs > ")
    person.type(END_OF_INPUT)
    assert person.ends() == 0


# --- in a tab ---------------------------------------------------------------------------------------------------------


def test_micropython_s_prompt_in_a_tab(programs: Programs, machine: Supervisor, folder: Path) -> None:
    tab = start(machine, programs.micropython, folder=folder)
    tab.sees(b">>> ")
    tab.type(b"1 + 2\n")
    assert tab.sees(b">>> ") == b"3\n"
    tab.type(b"def twice(x):\n")
    tab.sees(b"... ")
    tab.type(b"    return x * 2\n")
    tab.sees(b"... ")
    tab.type(b"\n")
    tab.sees(b">>> ")
    tab.type(b"print(open('/given/n', 'w').write(str(twice(21))))\n")
    assert tab.sees(b">>> ") == b"2\n"
    tab.type(b"1 / 0\n")
    assert b"ZeroDivisionError" in tab.sees(b">>> ")
    tab.press_ctrl_d()
    assert tab.ends().how is ExitHow.EXITED and tab.ends().code == 0
    assert (folder / "n").read_text() == "42"


def test_quickjs_s_prompt_in_a_tab(programs: Programs, machine: Supervisor) -> None:
    tab = start(machine, programs.quickjs)
    tab.sees(b"qjs > ")
    tab.type(b"6 * 7\n")
    assert b"42" in tab.sees(b"qjs > ")
    tab.press_ctrl_d()
    assert tab.ends().how is ExitHow.EXITED and tab.ends().code == 0
