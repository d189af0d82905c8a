//! Notes that outlive the program, kept in its Storage.
//!
//! `notes` reads commands, a line each; `notes COMMAND ...` runs one and ends. It starts without any Storage and asks
//! for it when a command first needs it. What is taken away it notices: the next command says so, and goes on.

mod commands;
mod store;
mod watch;

use commands::Notes;
use zos_app::lines::{Event, Lines};
use zos_process::words::revocation_line;
use zos_process::{self as zos, Message, Notice};

const PLAIN: &str = "--plain";
const PROMPT: &str = "notes> ";
const FOREVER: u64 = u64::MAX;

zos_app::manifest!("../app.toml");
zos::entry!(main);

fn main() -> Result<i32, zos::Error> {
    let mut args: Vec<String> = zos::args().into_iter().skip(1).collect();
    let is_plain = args.first().map(String::as_str) == Some(PLAIN);
    if is_plain {
        args.remove(0);
    }
    let mut lines = Lines::default();
    let mut notes = Notes::default();
    if !args.is_empty() {
        return Ok(notes.run(&mut lines, &args.join(" ")) as i32);
    }
    if !is_plain {
        zos::console_write("Notes. `help` lists the commands.\n");
    }
    let prompt = if is_plain { "" } else { PROMPT };
    session(&mut notes, &mut lines, prompt)
}

/// Runs line after line until the input ends; the exit code says whether the last command succeeded.
fn session(notes: &mut Notes, lines: &mut Lines, prompt: &str) -> Result<i32, zos::Error> {
    let mut failed = false;
    zos::console_write(prompt);
    loop {
        match lines.next(FOREVER)? {
            Event::Line(line) => {
                failed = notes.run(lines, &line);
                if notes.is_over() {
                    return Ok(failed as i32);
                }
            }
            Event::Message(message) => {
                // The prompt stands on the row: the notice takes the next one.
                if !prompt.is_empty() {
                    zos::console_write("\n");
                }
                tell(&message);
            }
            Event::Interrupt | Event::End => {
                if !prompt.is_empty() {
                    zos::console_write("\n");
                }
                return Ok(failed as i32);
            }
            Event::Nothing => {}
        }
        zos::console_write(prompt);
    }
}

/// Prints what a message means for notes, if anything.
fn tell(message: &Message) {
    if let Some(Notice::CapRevoked { slot, object_type, reason, .. }) = message.notice() {
        zos::console_write(&format!("{}\n", revocation_line(slot, object_type, reason)));
    }
}
