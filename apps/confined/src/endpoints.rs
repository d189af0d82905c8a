//! Messages through what it does not hold, or may not use that way.

use crate::{must_fail, Attempt, Told, EMPTY_SLOT};
use zos_process::abi::{
    MAX_CAPS_PER_MESSAGE, PID_INIT, PID_PERMISSION, SLOT_INIT, SLOT_INPUT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION, SYS_SEND,
};
use zos_process::{self as zos, sys, Limits, Permissions};

const TAG: u32 = 0x1_0002;
const CONSOLE_SLOT: u32 = 4;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "send through an empty slot", run: || must_fail(zos::send(EMPTY_SLOT, TAG, b"hello")) },
    Attempt { what: "send through a slot above them all", run: || must_fail(zos::send(u32::MAX, TAG, b"hello")) },
    Attempt { what: "send through a Console", run: || must_fail(zos::send(CONSOLE_SLOT, TAG, b"hello")) },
    Attempt { what: "send more than was handed over", run: send_unsent },
    Attempt { what: "receive what is meant for init", run: || must_fail(zos::try_receive(SLOT_INIT)) },
    Attempt {
        what: "wait for what is meant for the service",
        run: || must_fail(zos::receive_timeout(SLOT_PERMISSION, 1)),
    },
    Attempt { what: "receive from an empty slot", run: || must_fail(zos::try_receive(EMPTY_SLOT)) },
    Attempt { what: "call an endpoint of its own", run: || must_fail(zos::call(SLOT_OWN_ENDPOINT, TAG, &[])) },
    Attempt { what: "reply to a call init never made", run: || must_fail(zos::reply(PID_INIT, TAG, &[])) },
    Attempt { what: "reply for the permission service", run: || must_fail(zos::reply(PID_PERMISSION, TAG, &[])) },
    Attempt { what: "move a capability it may not grant", run: || move_caps(&[CONSOLE_SLOT]) },
    Attempt { what: "move an empty slot", run: || move_caps(&[EMPTY_SLOT]) },
    Attempt { what: "move a capability twice", run: || move_caps(&[SLOT_INPUT, SLOT_INPUT]) },
    Attempt { what: "move the capability it sends by", run: || move_caps(&[SLOT_INIT]) },
    Attempt { what: "move more capabilities than fit", run: move_too_many },
    Attempt { what: "use what it has just moved away", run: use_after_move },
];

fn send_unsent() -> Told {
    sys::send_bytes(b"four");
    must_fail(sys::status(sys::syscall(SYS_SEND, SLOT_INIT, TAG, 5)))
}

fn move_caps(slots: &[u32]) -> Told {
    must_fail(zos::send_cap(SLOT_INIT, TAG, &[], slots))
}

fn move_too_many() -> Told {
    let copies: Vec<u32> = (0..=MAX_CAPS_PER_MESSAGE).filter_map(|_| own_copy()).collect();
    let told = move_caps(&copies);
    for copy in copies {
        let _ = zos::cap_delete(copy);
    }
    told
}

fn own_copy() -> Option<u32> {
    zos::cap_derive(SLOT_OWN_ENDPOINT, Permissions::WRITE_GRANT, Limits::NONE).ok()
}

/// Init deletes what it is sent without being asked for it; the sender must not have it any more either.
fn use_after_move() -> Told {
    match own_copy() {
        Some(copy) if zos::send_cap(SLOT_INIT, TAG, &[], &[copy]).is_ok() => must_fail(zos::send(copy, TAG, b"mine")),
        _ => Told::Allowed("could not move it".to_owned()),
    }
}
