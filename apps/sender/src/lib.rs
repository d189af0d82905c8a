//! Sends numbered messages as fast as the receiver takes them: `sender [COUNT] [NAME]`.
//!
//! If nobody is registered under NAME, it starts a receiver and ends after it, with its exit code.

use zos_process::abi::SPAWN_SHARE_CONSOLE;
use zos_process::{self as zos, Error};

const USAGE: &str = "usage: sender [COUNT] [NAME]";
const DEFAULT_COUNT: u64 = 100_000;
const DEFAULT_NAME: &str = "receiver";
const TAG_NUMBER: u32 = 0x1_0000;
const PAYLOAD: usize = 16;
const LOOKUPS: u32 = 1000;
const BETWEEN_LOOKUPS_NS: u64 = 10_000_000;

zos::entry!(main);

fn main() -> Result<i32, String> {
    let args = zos::args();
    let count = match args.get(1) {
        Some(text) => text.parse().map_err(|_| format!("{}: {}", text, USAGE))?,
        None => DEFAULT_COUNT,
    };
    let name = args.get(2).map_or(DEFAULT_NAME, String::as_str);
    let (receiver, started) = find_receiver(name, count)?;
    let full = send_all(receiver, count).map_err(|error| error.to_string())?;
    zos::console_write(&format!("sent {}, queue full {} times\n", count, full));
    match started.map(|pid| zos::wait_for_exit(pid, |_| {})) {
        None => Ok(0),
        Some(Ok(ending)) => Ok(if ending.is_success() { 0 } else { 1 }),
        Some(Err(error)) => Err(error.to_string()),
    }
}

/// The slot of the receiver's endpoint, and its pid if it was started here.
fn find_receiver(name: &str, count: u64) -> Result<(u32, Option<u32>), String> {
    let look = || zos::lookup_service(name).map_err(|error| error.to_string());
    if let Some(slot) = look()? {
        return Ok((slot, None));
    }
    let factory = zos::find_factory("start the receiver").map_err(|denied| denied.to_string())?;
    let child = zos::spawn(factory, "receiver", &[&count.to_string(), name], SPAWN_SHARE_CONSOLE)
        .map_err(|error| error.to_string())?;
    for _ in 0..LOOKUPS {
        if let Some(slot) = look()? {
            return Ok((slot, Some(child.pid)));
        }
        zos::sleep(BETWEEN_LOOKUPS_NS).map_err(|error| error.to_string())?;
    }
    Err(format!("{}: nobody registers under this name", name))
}

/// Returns how often the queue was full; a full queue loses nothing, the message is sent again.
fn send_all(slot: u32, count: u64) -> Result<u64, Error> {
    let mut full = 0;
    let mut payload = [0u8; PAYLOAD];
    for number in 0..count {
        payload[..8].copy_from_slice(&number.to_le_bytes());
        loop {
            match zos::send(slot, TAG_NUMBER, &payload) {
                Ok(()) => break,
                Err(Error::Again) => {
                    full += 1;
                    zos::yield_now();
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(full)
}
