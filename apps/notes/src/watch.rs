//! Writes a counter five times a second and says how each write went: to watch a capability come and go.

use crate::store::Store;
use crate::tell;
use zos_app::lines::{Event, Lines};
use zos_process as zos;

const BETWEEN_WRITES_NS: u64 = 200_000_000;

#[derive(Default)]
pub struct Ending {
    pub written: u32,
    pub refused: u32,
    pub is_end_of_input: bool,
}

/// Writes until a line, Ctrl-C or the end of input.
pub fn run(store: &mut Store, lines: &mut Lines) -> zos::Result<Ending> {
    let mut ending = Ending::default();
    let mut next_ns = zos::time();
    loop {
        let now = zos::time();
        if now >= next_ns {
            write(store, &mut ending);
            // A write that had to wait for a person is not made up for by a burst.
            next_ns = (next_ns + BETWEEN_WRITES_NS).max(now);
            continue;
        }
        match lines.next((next_ns - now) / 1_000_000 + 1)? {
            Event::Line(_) | Event::Interrupt => return Ok(ending),
            Event::End => {
                ending.is_end_of_input = true;
                return Ok(ending);
            }
            Event::Message(message) => tell(&message),
            Event::Nothing => {}
        }
    }
}

fn write(store: &mut Store, ending: &mut Ending) {
    let count = ending.written + ending.refused + 1;
    let told = match store.write_counter(count) {
        Ok(()) => {
            ending.written += 1;
            "ok".to_owned()
        }
        Err(failure) => {
            ending.refused += 1;
            failure.to_string()
        }
    };
    zos::console_write(&format!("write {}: {}\n", count, told));
}
