//! Grows its memory, writing to every page of it, until it is refused.
//!
//! `memhog [STEP_PAGES] [hold]`: pages of 64 KiB a step, 16 by default; with `hold` it keeps what it got until its
//! input ends.

use zos_process::abi::{PAGE, SLOT_INPUT};
use zos_process::{self as zos, memory};

const USAGE: &str = "usage: memhog [STEP_PAGES] [hold]";
const DEFAULT_STEP_PAGES: usize = 16;

zos::entry!(main);

fn main() -> Result<i32, String> {
    let args = zos::args();
    let mut step = DEFAULT_STEP_PAGES;
    let mut hold = false;
    for argument in args.iter().skip(1) {
        match (argument.as_str(), argument.parse()) {
            ("hold", _) => hold = true,
            (_, Ok(pages)) if pages > 0 => step = pages,
            _ => return Err(format!("{}: {}", argument, USAGE)),
        }
    }
    let refused_at = grow_until_refused(step);
    zos::console_write(&format!("refused at {}\n", size_text(refused_at)));
    if hold {
        wait_for_end();
    }
    Ok(0)
}

/// Returns how many pages there are when the next step is refused.
fn grow_until_refused(step: usize) -> usize {
    loop {
        let pages = memory::pages();
        match memory::grow(step) {
            Some(first) => {
                memory::touch(first, step);
                zos::console_write(&format!("grew to {}\n", size_text(first + step)));
            }
            None => return pages,
        }
    }
}

fn size_text(pages: usize) -> String {
    let kib = pages as u64 * PAGE as u64 / 1024;
    format!("{} pages ({}.{} MiB)", pages, kib / 1024, kib % 1024 * 10 / 1024)
}

fn wait_for_end() {
    while let Ok(message) = zos::receive_blocking(SLOT_INPUT) {
        if message.asks_to_end() {
            return;
        }
    }
}
