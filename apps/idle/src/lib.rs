//! A program that does nothing: `idle` polls as published programs do, `idle block` waits.
//!
//! Ctrl-C or the end of input ends it.

use zos_process::abi::SLOT_INPUT;
use zos_process as zos;

zos::entry!(main);

fn main() -> Result<i32, String> {
    match zos::args().get(1).map(String::as_str) {
        None | Some("poll") => Ok(poll()),
        Some("block") => Ok(block()),
        Some(other) => Err(format!("{}: not a way to do nothing; usage: idle [poll|block]", other)),
    }
}

fn poll() -> i32 {
    loop {
        match zos::try_receive(SLOT_INPUT) {
            Ok(Some(message)) if message.asks_to_end() => return 0,
            Ok(_) => zos::yield_now(),
            Err(_) => return 1,
        }
    }
}

fn block() -> i32 {
    loop {
        match zos::receive_blocking(SLOT_INPUT) {
            Ok(message) if message.asks_to_end() => return 0,
            Ok(_) => {}
            Err(_) => return 1,
        }
    }
}
