//! Takes all the memory it may have, and follows its ceiling up and down (kernel: Capabilities, Memory).
//!
//! `hog [STEP_PAGES]`: pages of 64 KiB a step, 16 by default. Each Enter tries again; a ceiling that rises is used at
//! once, one that falls takes nothing back, but nothing more is given. Ctrl-C or the end of input ends it.

use zos_app::lines::{Event, Lines};
use zos_process::abi::{OBJECT_MEMORY, PAGE};
use zos_process::words::{revocation_line, size_text};
use zos_process::{self as zos, memory, Notice};

const USAGE: &str = "usage: hog [STEP_PAGES]";
const DEFAULT_STEP_PAGES: usize = 16;

/// Nobody is told of a capability that is given: the table is looked at.
const LOOK_EVERY_MS: u64 = 500;

zos_app::manifest!("../app.toml");
zos::entry!(main);

fn main() -> Result<i32, String> {
    let step = match zos::args().get(1) {
        None => DEFAULT_STEP_PAGES,
        Some(text) => match text.parse() {
            Ok(pages) if pages > 0 => pages,
            _ => return Err(format!("{}: {}", text, USAGE)),
        },
    };
    follow(step).map_err(|error| error.to_string())
}

fn follow(step: usize) -> zos::Result<i32> {
    let mut lines = Lines::default();
    let mut ceiling = ceiling()?;
    try_to_grow(step, &ceiling);
    loop {
        match lines.next(LOOK_EVERY_MS)? {
            Event::Line(_) => try_to_grow(step, &ceiling),
            Event::Interrupt | Event::End => return Ok(0),
            Event::Message(message) => {
                if let Some(Notice::CapRevoked { slot, object_type, reason, .. }) = message.notice() {
                    print(&revocation_line(slot, object_type, reason));
                }
            }
            Event::Nothing => {}
        }
        let found = self::ceiling()?;
        if found != ceiling {
            let rose = found.bytes > ceiling.bytes;
            ceiling = found;
            if rose {
                try_to_grow(step, &ceiling);
            } else {
                print(&report("the ceiling changed", &ceiling));
            }
        }
    }
}

/// The largest ceiling held, and how many capabilities name one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ceiling {
    bytes: u64,
    capabilities: usize,
}

fn ceiling() -> zos::Result<Ceiling> {
    let mut found = Ceiling { bytes: 0, capabilities: 0 };
    for held in zos::cap_list()?.iter().filter(|held| held.object_type == OBJECT_MEMORY) {
        found.bytes = found.bytes.max(held.object_id);
        found.capabilities += 1;
    }
    Ok(found)
}

/// Takes steps until one is refused, then single pages, so that what is left is less than a page.
fn try_to_grow(step: usize, ceiling: &Ceiling) {
    let before = memory::pages();
    for pages in [step, 1] {
        while let Some(first) = memory::grow(pages) {
            memory::touch(first, pages);
        }
    }
    let grown = (memory::pages() - before) as u64 * u64::from(PAGE);
    let what = if grown == 0 { "refused".to_owned() } else { format!("grew by {}", size_text(grown)) };
    print(&report(&what, ceiling));
}

fn report(what: &str, ceiling: &Ceiling) -> String {
    let size = memory::pages() as u64 * u64::from(PAGE);
    let of = match ceiling.capabilities {
        0 => "no Memory capability".to_owned(),
        1 => "1 capability".to_owned(),
        count => format!("the largest of {}", count),
    };
    format!("{}: size {}, ceiling {} ({})", what, size_text(size), size_text(ceiling.bytes), of)
}

fn print(line: &str) {
    zos::console_write(&format!("{}\n", line));
}
