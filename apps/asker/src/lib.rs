//! Asks for a capability, uses it once a second until it goes, and asks again, until it is denied or ended.
//!
//! `asker [TYPE[:OBJECT] [RIGHTS [REASON...]]]`; a reason `@NAME` is one of the hostile texts of `reasons`. Enter asks
//! at once, Ctrl-C or the end of input ends it. The exit code is 1 when the last thing it heard was no.

mod reasons;
mod uses;
mod wish;

use uses::{Subject, Used};
use wish::Wish;
use zos_app::lines::{Event, Lines};
use zos_process::words::{capability_line, object_text, object_type_name, revocation_line};
use zos_process::{self as zos, Capability, Notice};

const USE_EVERY_MS: u64 = 1000;

zos_app::manifest!("../app.toml");
zos::entry!(main);

fn main() -> Result<i32, String> {
    let args = zos::args();
    let words: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    let wish = Wish::parse(&words)?;
    let mut lines = Lines::default();
    loop {
        let held = match ask(&wish) {
            Some(held) => held,
            None => return Ok(1),
        };
        if use_until_gone(&mut lines, &held).map_err(|error| error.to_string())? == Next::End {
            return Ok(0);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    AskAgain,
    End,
}

/// Asks and says what came of it; what is held now, `None` after a no.
fn ask(wish: &Wish) -> Option<Capability> {
    let object = match wish.object_id {
        0 => String::new(),
        id => format!(" {}", object_text(wish.object_type, id)),
    };
    print(&format!("asking for {}{} {}", object_type_name(wish.object_type), object, wish.perms));
    let slot = match zos::request_capability(wish.object_type, wish.object_id, wish.perms, &wish.reason) {
        Ok(slot) => slot,
        Err(denied) => {
            print(&denied.to_string());
            return None;
        }
    };
    let held = zos::cap_list().ok()?.into_iter().find(|held| held.slot == slot);
    match &held {
        Some(held) => print(&format!("given: {}", capability_line(held, zos::time()))),
        None => print("given, and gone already"),
    }
    held
}

/// Uses the capability each second; ends when it is lost, when a line asks for another, or by the person's wish.
fn use_until_gone(lines: &mut Lines, held: &Capability) -> zos::Result<Next> {
    let mut subject = Subject::new(*held);
    loop {
        match lines.next(USE_EVERY_MS)? {
            Event::Line(_) => return Ok(Next::AskAgain),
            Event::Interrupt | Event::End => return Ok(Next::End),
            Event::Message(message) => {
                if let Some(Notice::CapRevoked { slot, object_type, reason, .. }) = message.notice() {
                    print(&revocation_line(slot, object_type, reason));
                    if slot == held.slot {
                        print(&format!("using it: {}", subject.use_once()));
                        return Ok(Next::AskAgain);
                    }
                }
            }
            Event::Nothing => match subject.use_once() {
                Used::Nothing => {}
                told => print(&format!("using it: {}", told)),
            },
        }
    }
}

fn print(line: &str) {
    zos::console_write(&format!("{}\n", line));
}
