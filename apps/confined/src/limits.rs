//! More than fits, and calls that are not for programs.

use crate::{must_fail, Attempt, Told};
use zos_process::abi::{
    E_NOSYS, ERROR_BIT, MAX_ENDPOINTS, MAX_PAYLOAD, MAX_RANDOM, MAX_VALUE, SLOT_INIT, SLOT_OWN_ENDPOINT, SYS_SEND,
};
use zos_process::{self as zos, sys};

/// IRQ and port I/O, which the ABI reserves.
const DEVICES: core::ops::RangeInclusive<u32> = 0x50..=0x6f;

/// Where the numbers of what pid 0 may do begin, and some behind.
const PRIVILEGES: core::ops::Range<u32> = 0x1_0000..0x1_0020;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "a message that is too long", run: long_message },
    Attempt { what: "more bytes than a call may bring", run: long_outgoing },
    Attempt { what: "more random bytes than there are", run: || must_fail(zos::random(MAX_RANDOM as usize + 1)) },
    Attempt { what: "more endpoints than a process may have", run: many_endpoints },
    Attempt { what: "interrupts and ports", run: || not_there(DEVICES) },
    Attempt { what: "what only the supervisor may do", run: || not_there(PRIVILEGES) },
];

fn long_message() -> Told {
    must_fail(zos::send(SLOT_OWN_ENDPOINT, 0, &[0; MAX_PAYLOAD as usize + 1]))
}

fn long_outgoing() -> Told {
    let part = [0; MAX_PAYLOAD as usize];
    for _ in 0..MAX_VALUE / MAX_PAYLOAD + 2 {
        sys::send_bytes(&part);
    }
    must_fail(sys::status(sys::syscall(SYS_SEND, SLOT_INIT, 0, 0)))
}

fn many_endpoints() -> Told {
    let mut made = Vec::new();
    let told = loop {
        match zos::create_endpoint() {
            Ok(endpoint) if made.len() < MAX_ENDPOINTS as usize => made.push(endpoint.slot),
            Ok(_) => break Told::Allowed(format!("{} endpoints", made.len())),
            Err(error) => break Told::Refused(error.name().to_owned()),
        }
    };
    for slot in made {
        let _ = zos::cap_delete(slot);
    }
    told
}

/// Every one of these numbers answers that there is no such call.
fn not_there(mut numbers: impl Iterator<Item = u32>) -> Told {
    match numbers.find(|number| sys::syscall(*number, 0, 0, 0) & !ERROR_BIT != E_NOSYS) {
        None => Told::Refused("E_NOSYS".to_owned()),
        Some(number) => Told::Allowed(format!("{:#x} answers", number)),
    }
}
