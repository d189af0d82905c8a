//! The commands: one table, and one way to run a line.

use crate::store::{Failure, Store};
use crate::watch;
use zos_app::lines::Lines;
use zos_process::words::capability_line;
use zos_process as zos;

/// How much of a note's first line a list shows.
const LISTED_CHARACTERS: usize = 60;

#[derive(Default)]
pub struct Notes {
    store: Store,
    over: bool,
}

/// The text to print, or why there is none.
type Answer = Result<String, Problem>;

enum Problem {
    /// The words make no sense: the usage is shown.
    Usage,
    Failure(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        Problem::Failure(failure)
    }
}

struct Command {
    name: &'static str,
    usage: &'static str,
    summary: &'static str,
    run: fn(&mut Notes, &mut Lines, &str) -> Answer,
}

const COMMANDS: &[Command] = &[
    Command { name: "add", usage: "TEXT", summary: "keep a note", run: add },
    Command { name: "list", usage: "", summary: "the first line of each note", run: list },
    Command { name: "show", usage: "N", summary: "a whole note", run: show },
    Command { name: "delete", usage: "N", summary: "delete a note", run: delete },
    Command { name: "clear", usage: "", summary: "delete all notes", run: clear },
    Command { name: "ask", usage: "", summary: "ask for storage again", run: ask },
    Command { name: "watch", usage: "", summary: "write five times a second until Enter or Ctrl-C", run: watch },
    Command { name: "help", usage: "", summary: "what there is", run: help },
    Command { name: "exit", usage: "", summary: "end", run: exit },
];

impl Notes {
    /// Runs one line and prints what came of it; whether it failed.
    pub fn run(&mut self, lines: &mut Lines, line: &str) -> bool {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if name.is_empty() {
            return false;
        }
        let command = match COMMANDS.iter().find(|command| command.name == name) {
            Some(command) => command,
            None => {
                zos::console_write(&format!("{}: no such command; `help` lists them\n", name));
                return true;
            }
        };
        let (text, failed) = match (command.run)(self, lines, rest.trim()) {
            Ok(text) => (text, false),
            Err(Problem::Usage) => (format!("usage: {}\n", usage(command)), true),
            Err(Problem::Failure(failure)) => (format!("{}: {}\n", name, failure), true),
        };
        zos::console_write(&text);
        failed
    }

    /// `exit` was the last command.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

fn usage(command: &Command) -> String {
    format!("{} {}", command.name, command.usage).trim_end().to_owned()
}

fn nothing_behind(rest: &str) -> Result<(), Problem> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Problem::Usage)
    }
}

fn number(rest: &str) -> Result<u32, Problem> {
    rest.parse().map_err(|_| Problem::Usage)
}

fn add(notes: &mut Notes, _lines: &mut Lines, text: &str) -> Answer {
    if text.is_empty() {
        return Err(Problem::Usage);
    }
    Ok(format!("note {} kept\n", notes.store.add(text)?))
}

fn list(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    let numbers = notes.store.numbers()?;
    if numbers.is_empty() {
        return Ok("no notes\n".to_owned());
    }
    let mut out = String::new();
    for number in numbers {
        out.push_str(&format!("{:>4}  {}\n", number, shortened(&notes.store.read(number)?)));
    }
    Ok(out)
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(LISTED_CHARACTERS).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn show(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    Ok(notes.store.read(number(rest)?)? + "\n")
}

fn delete(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    let number = number(rest)?;
    notes.store.delete(number)?;
    Ok(format!("note {} deleted\n", number))
}

fn clear(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    Ok(format!("{} deleted\n", notes.store.clear()?))
}

fn ask(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    let given = notes.store.ask()?;
    Ok(format!("given: {}\n", capability_line(&given, zos::time())))
}

fn watch(notes: &mut Notes, lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    let ending = watch::run(&mut notes.store, lines).map_err(Failure::Kernel)?;
    notes.over |= ending.is_end_of_input;
    Ok(format!("{} written, {} refused\n", ending.written, ending.refused))
}

fn help(_notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    Ok(COMMANDS.iter().map(|command| format!("  {:<10}  {}\n", usage(command), command.summary)).collect())
}

fn exit(notes: &mut Notes, _lines: &mut Lines, rest: &str) -> Answer {
    nothing_behind(rest)?;
    notes.over = true;
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_in_a_list() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"日".repeat(LISTED_CHARACTERS)), "日".repeat(LISTED_CHARACTERS));
        assert_eq!(shortened(&"x".repeat(61)), "x".repeat(60) + "…");
    }
}
