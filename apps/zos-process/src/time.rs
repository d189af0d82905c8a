//! Clocks and sleep.

use crate::abi::{SYS_GET_TIME, SYS_GET_WALLCLOCK, SYS_SLEEP};
use crate::error::Result;
use crate::sys;

/// Part 0 samples the clock and gives the low half, part 1 the high half of that sample.
fn sample(num: u32) -> u64 {
    let low = sys::syscall(num, 0, 0, 0) as u64;
    let high = sys::syscall(num, 1, 0, 0) as u64;
    high << 32 | low
}

/// Nanoseconds since the machine started.
pub fn time() -> u64 {
    sample(SYS_GET_TIME)
}

/// Milliseconds since the Unix epoch.
pub fn wallclock() -> u64 {
    sample(SYS_GET_WALLCLOCK)
}

/// Waits for `ns` nanoseconds.
pub fn sleep(ns: u64) -> Result<()> {
    sys::status(sys::syscall(SYS_SLEEP, ns as u32, (ns >> 32) as u32, 0))
}
