//! Text out of a process: its console and the debug log (seed: Console Output).

use crate::abi::{SYS_CONSOLE_WRITE, SYS_DEBUG};
use crate::error::Result;
use crate::sys;

/// Names the console a process was started with, wherever its capability is.
pub const DEFAULT_CONSOLE: u32 = 0;

/// A write to a full console waits until its whole text fits, so long texts go in parts.
const CHUNK: usize = 16 * 1024;

/// Writes a line to the debug log; never to a console.
pub fn debug(text: &str) {
    sys::send_bytes(text.as_bytes());
    sys::syscall(SYS_DEBUG, text.len() as u32, 0, 0);
}

/// Writes to the process's console. Without the right to, the text is lost; `try_console_write` says so.
pub fn console_write(text: &str) {
    let _ = try_console_write(DEFAULT_CONSOLE, text.as_bytes());
}

/// Writes to `console`: `DEFAULT_CONSOLE`, or the slot of a Console capability plus one.
pub fn try_console_write(console: u32, bytes: &[u8]) -> Result<()> {
    for part in bytes.chunks(CHUNK) {
        sys::send_bytes(part);
        sys::status(sys::syscall(SYS_CONSOLE_WRITE, part.len() as u32, console, 0))?;
    }
    Ok(())
}
