//! Counts numbered messages: `receiver [COUNT] [NAME]`.
//!
//! It registers an endpoint under NAME ("receiver" by default) and ends when COUNT messages (100,000 by default) have
//! come, or none comes for a while; its exit code is 0 only if all came, in order.

use zos_process as zos;

const USAGE: &str = "usage: receiver [COUNT] [NAME]";
const DEFAULT_COUNT: u64 = 100_000;
const DEFAULT_NAME: &str = "receiver";
const PATIENCE_MS: u64 = 10_000;

zos::entry!(main);

fn main() -> Result<i32, String> {
    let args = zos::args();
    let count = match args.get(1) {
        Some(text) => text.parse().map_err(|_| format!("{}: {}", text, USAGE))?,
        None => DEFAULT_COUNT,
    };
    let name = args.get(2).map_or(DEFAULT_NAME, String::as_str);
    let endpoint = zos::create_endpoint().map_err(|error| error.to_string())?;
    zos::register_service(name, endpoint.slot).map_err(|error| format!("{}: {}", name, error))?;
    let tally = receive_all(endpoint.slot, count);
    tally.report(count);
    Ok(if tally.received == count && tally.out_of_order == 0 { 0 } else { 1 })
}

#[derive(Default)]
struct Tally {
    received: u64,
    out_of_order: u64,
    elapsed_ns: u64,
}

/// A message is in order when it carries the number after the one before it.
fn receive_all(slot: u32, count: u64) -> Tally {
    let mut tally = Tally::default();
    let mut expected = 0u64;
    let mut started = 0;
    while tally.received < count {
        let message = match zos::receive_timeout(slot, PATIENCE_MS) {
            Ok(Some(message)) => message,
            Ok(None) | Err(_) => break,
        };
        let number = match message.data.get(..8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes) {
            Some(number) => number,
            None => continue,
        };
        if tally.received == 0 {
            started = zos::time();
        }
        tally.received += 1;
        if number != expected {
            tally.out_of_order += 1;
        }
        expected = number.wrapping_add(1);
    }
    tally.elapsed_ns = if started == 0 { 0 } else { zos::time() - started };
    tally
}

impl Tally {
    fn report(&self, count: u64) {
        let elapsed_ns = u128::from(self.elapsed_ns.max(1));
        zos::console_write(&format!(
            "received {}, lost {}, out of order {}, {} messages/s\n",
            self.received,
            count - self.received,
            self.out_of_order,
            u128::from(self.received) * 1_000_000_000 / elapsed_ns
        ));
    }
}
