//! The commands: one table, and one way to run a line.

mod arguments;
mod authority;
mod processes;

use crate::shell::Shell;
use crate::words;
use zos_app::calendar::DateTime;
use zos_process::{self as zos, Denied, Error};

pub use processes::names_for;

/// Why a command did not do what was asked.
pub enum Failure {
    /// The words make no sense: the usage is shown.
    Usage,
    Kernel(Error),
    Text(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Kernel(error)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Failure {
        Failure::Text(denied.to_string())
    }
}

pub type Done = Result<(), Failure>;

pub struct Command {
    pub name: &'static str,
    usage: &'static str,
    summary: &'static str,
    run: fn(&mut Shell, &[&str]) -> Done,
}

pub const COMMANDS: &[Command] = &[
    Command { name: "help", usage: "[COMMAND]", summary: "what there is", run: help },
    Command { name: "ps", usage: "[all|NAME]", summary: "processes", run: processes::ps },
    Command { name: "caps", usage: "", summary: "what this shell holds", run: authority::caps },
    Command {
        name: "grant",
        usage: "SLOT PID RIGHTS [for 10s] [uses N]",
        summary: "give a process a capability",
        run: authority::grant,
    },
    Command {
        name: "derive",
        usage: "SLOT RIGHTS [for 10s] [uses N]",
        summary: "make a weaker copy for this shell",
        run: authority::derive,
    },
    Command {
        name: "revoke",
        usage: "SLOT [keep]",
        summary: "take back all that came from a slot",
        run: authority::revoke,
    },
    Command {
        name: "run",
        usage: "PROGRAM [ARGUMENTS]",
        summary: "run a program here until it ends",
        run: processes::run,
    },
    Command {
        name: "spawn",
        usage: "PROGRAM [ARGUMENTS]",
        summary: "start a program on its own console",
        run: processes::spawn,
    },
    Command { name: "kill", usage: "PID", summary: "end a process this shell started", run: processes::kill },
    Command { name: "send", usage: "SLOT TAG [TEXT]", summary: "send a message", run: authority::send },
    Command { name: "echo", usage: "[TEXT]", summary: "print the words", run: echo },
    Command { name: "time", usage: "", summary: "uptime and date", run: time },
    Command { name: "clear", usage: "", summary: "clear the screen", run: clear },
    Command { name: "exit", usage: "[CODE]", summary: "end the shell", run: exit },
];

/// Runs one line; the error is the line to print.
pub fn run(shell: &mut Shell, line: &str) -> Result<(), String> {
    let words = words::split(line)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, arguments) = match words.as_slice() {
        [] => return Ok(()),
        [name, arguments @ ..] => (*name, arguments),
    };
    let command = match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => command,
        None => return Err(format!("{}: no such command; `help` lists them, `run {}` runs a program", name, name)),
    };
    (command.run)(shell, arguments).map_err(|failure| match failure {
        Failure::Usage => format!("usage: {}", usage(command)),
        Failure::Kernel(error) => format!("{}: {}", name, error),
        Failure::Text(text) => format!("{}: {}", name, text),
    })
}

fn usage(command: &Command) -> String {
    format!("{} {}", command.name, command.usage).trim_end().to_owned()
}

fn help(shell: &mut Shell, arguments: &[&str]) -> Done {
    match arguments {
        [] => {
            let width = COMMANDS.iter().map(|command| usage(command).len()).max().unwrap_or(0);
            for command in COMMANDS {
                shell.print(&format!("  {:<width$}  {}\n", usage(command), command.summary, width = width));
            }
            shell.print("RIGHTS are letters: r read, w write, g grant. Tab completes, Ctrl-R searches.\n");
            Ok(())
        }
        [name] => match COMMANDS.iter().find(|command| command.name == *name) {
            Some(command) => {
                shell.print(&format!("{}  {}\n", usage(command), command.summary));
                Ok(())
            }
            None => Err(Failure::Text(format!("{}: no such command", name))),
        },
        _ => Err(Failure::Usage),
    }
}

fn echo(shell: &mut Shell, arguments: &[&str]) -> Done {
    shell.print(&format!("{}\n", arguments.join(" ")));
    Ok(())
}

fn time(shell: &mut Shell, arguments: &[&str]) -> Done {
    if !arguments.is_empty() {
        return Err(Failure::Usage);
    }
    let up_ms = zos::time() / 1_000_000;
    let (seconds, now) = (up_ms / 1000, DateTime::from_unix_ms(zos::wallclock()));
    shell.print(&format!(
        "up {}:{:02}:{:02}.{:03}, {} {} UTC\n",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        up_ms % 1000,
        now.date_text(),
        now.time_text()
    ));
    Ok(())
}

fn clear(shell: &mut Shell, arguments: &[&str]) -> Done {
    if !arguments.is_empty() {
        return Err(Failure::Usage);
    }
    if !shell.is_plain() {
        shell.print("\x1b[H\x1b[2J\x1b[3J");
    }
    Ok(())
}

fn exit(shell: &mut Shell, arguments: &[&str]) -> Done {
    shell.exit_code = match arguments {
        [] => Some(0),
        [code] => Some(code.parse().map_err(|_| Failure::Usage)?),
        _ => return Err(Failure::Usage),
    };
    Ok(())
}
