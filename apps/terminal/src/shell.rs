//! What commands work on: where text goes, which children there are, and what notices mean.

use crate::commands;
use zos_process::abi::{ENDED_EXITED, ENDED_FAULTED, OBJECT_PROCESS, REVOKED_SOURCE_EXITED, SLOT_OWN_ENDPOINT};
use zos_process::words::revocation_line;
use zos_process::{self as zos, Message, Notice};

const RED: &str = "31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Ends being told of changes of size (mode 2048).
pub const STOP_SIZE_REPORTS: &str = "\x1b[?2048l";

/// Children remembered after their end, so that what was lost with them is no news.
const MAX_ENDED: usize = 64;

pub struct Child {
    pub pid: u32,
    pub name: String,
    pub ended: bool,
}

pub struct Shell {
    /// A program reads what is written: no colours, no notices between the lines.
    plain: bool,
    out: String,
    children: Vec<Child>,
    /// Keystrokes that came while a program was run; they were typed for the shell.
    pub typed_ahead: Vec<u8>,
    /// A child has used this console since this was last cleared.
    pub console_was_lent: bool,
    /// Set by `exit`.
    pub exit_code: Option<i32>,
}

impl Shell {
    pub fn new() -> Shell {
        Shell {
            plain: false,
            out: String::new(),
            children: Vec::new(),
            typed_ahead: Vec::new(),
            console_was_lent: false,
            exit_code: None,
        }
    }

    pub fn set_plain(&mut self) {
        self.plain = true;
    }

    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub fn print(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Writes what was printed; before anything that may wait or write by another way.
    pub fn flush(&mut self) {
        if !self.out.is_empty() {
            zos::console_write(&self.out);
            self.out.clear();
        }
    }

    /// A line in a colour, which plain mode leaves out.
    fn print_line(&mut self, colour: &str, text: &str) {
        if self.plain {
            self.print(&format!("{}\n", text));
        } else {
            self.print(&format!("\x1b[{}m{}\x1b[0m\n", colour, text));
        }
    }

    pub fn print_error(&mut self, text: &str) {
        self.print_line(RED, text);
    }

    /// Hands the console to a child as any program finds one: it does not expect reports of size.
    pub fn lend_console(&mut self) {
        if !self.plain {
            self.print(STOP_SIZE_REPORTS);
        }
        self.console_was_lent = true;
        self.flush();
    }

    /// Runs one command line and prints what went wrong with it.
    pub fn run_line(&mut self, line: &str) {
        if let Err(text) = commands::run(self, line) {
            self.print_error(&text);
        }
    }

    pub fn add_child(&mut self, pid: u32, name: &str) {
        let ended = self.children.iter().filter(|child| child.ended).count();
        if ended > MAX_ENDED {
            let oldest = self.children.iter().position(|child| child.ended);
            oldest.map(|index| self.children.remove(index));
        }
        self.children.push(Child { pid, name: name.to_owned(), ended: false });
    }

    /// Says how a child ended, if that is worth a line; `quiet` when its success is expected.
    pub fn child_ended(&mut self, pid: u32, how: u32, code: i32, quiet: bool) {
        let name = match self.children.iter_mut().find(|child| child.pid == pid) {
            Some(child) => {
                child.ended = true;
                child.name.clone()
            }
            None => "process".to_owned(),
        };
        match how {
            ENDED_EXITED if code == 0 && quiet => {}
            ENDED_EXITED => self.print_line(CYAN, &format!("{} ({}) ended with code {}", name, pid, code)),
            ENDED_FAULTED => self.print_line(RED, &format!("✗ {} ({}) faulted", name, pid)),
            _ => self.print_line(YELLOW, &format!("✗ {} ({}) was killed", name, pid)),
        }
    }

    /// Prints what the message says, if it says something.
    pub fn notice(&mut self, message: &Message) {
        match message.notice() {
            Some(Notice::Input(bytes)) => self.typed_ahead.extend_from_slice(bytes),
            Some(Notice::ProcessExited { pid, how, code }) => self.child_ended(pid, how, code, self.plain),
            Some(Notice::CapRevoked { slot, object_type, object_id, reason }) => {
                if !self.is_echo_of_an_end(object_type, object_id, reason) {
                    self.print_line(YELLOW, &revocation_line(slot, object_type, reason));
                }
            }
            None => {
                let text = String::from_utf8_lossy(&message.data);
                let line = format!("✉ from {}, tag {:#x}: {}", message.from_pid, message.tag, text.escape_debug());
                self.print_line(CYAN, &line);
            }
        }
    }

    /// The capability on a child goes with the child, and that it ended is told anyway.
    fn is_echo_of_an_end(&self, object_type: u32, object_id: u64, reason: u32) -> bool {
        let is_child = || self.children.iter().any(|child| u64::from(child.pid) == object_id);
        object_type == OBJECT_PROCESS && reason == REVOKED_SOURCE_EXITED && is_child()
    }

    /// Messages that others sent to the shell's own endpoint.
    pub fn take_own_messages(&mut self) {
        while let Some(message) = zos::receive(SLOT_OWN_ENDPOINT) {
            self.notice(&message);
        }
    }
}
