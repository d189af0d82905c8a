//! What only the supervisor and the permission service may ask of init: it is done through the debug channel, whose
//! commands the kernel takes from process 1 (kernel: The init debug channel).

use crate::status;
use zos_process::abi::{
    E_INVAL, E_NOSYS, E_OK, E_PERM, MAX_PAYLOAD, MSG_PERMISSION_RESPONSE, PID_INIT, PID_PERMISSION, PID_SUPERVISOR,
    SYS_DEBUG,
};
use zos_process::wire::{Reader, Writer};
use zos_process::{self as zos, Message};

type Answer = (u32, Vec<u8>);

/// Rows of 26 bytes that fit into one message behind `status u8, count u32`.
const MAX_ROWS: usize = (MAX_PAYLOAD as usize - 5) / 26;

/// Only what the kernel says about the sender counts.
pub fn is_trusted(message: &Message) -> bool {
    message.from_pid == PID_SUPERVISOR || message.from_pid == PID_PERMISSION
}

/// Gives the kernel a command and returns its status.
pub fn command(text: &str) -> u32 {
    zos::sys::send_bytes(text.as_bytes());
    zos::sys::syscall(SYS_DEBUG, text.len() as u32, 0, 0)
}

/// Runs `parsed` if the sender may ask for it and the payload is well formed.
fn permitted<T>(message: &Message, parsed: Option<T>, run: impl FnOnce(T) -> Vec<u8>) -> Answer {
    let answer = match parsed {
        _ if !is_trusted(message) => status(E_PERM),
        None => status(E_INVAL),
        Some(fields) => run(fields),
    };
    (MSG_PERMISSION_RESPONSE, answer)
}

struct Grant {
    to_pid: u32,
    slot: u32,
    object_type: u8,
    object_id: u64,
    perms: u8,
    expires_in_ms: u64,
}

fn parse_grant(data: &[u8]) -> Option<Grant> {
    let mut reader = Reader::new(data);
    let grant = Grant {
        to_pid: reader.u32()?,
        slot: reader.u32()?,
        object_type: reader.u8()?,
        object_id: reader.u64()?,
        perms: reader.u8()?,
        expires_in_ms: reader.u64()?,
    };
    reader.end()?;
    Some(grant)
}

pub fn grant(message: &Message) -> Answer {
    permitted(message, parse_grant(&message.data), |grant| {
        // The channel knows no expiry, and a capability that stays longer than asked for is worse than none.
        if grant.expires_in_ms != 0 {
            return status(E_NOSYS);
        }
        let code = command(&format!(
            "INIT:GRANT:{}:{}:{}:{}:{}",
            grant.to_pid, grant.slot, grant.object_type, grant.object_id, grant.perms
        ));
        Writer::new().u8(code as u8).u32(if code == E_OK { grant.slot } else { 0 }).finish()
    })
}

fn parse_pid_and_slot(data: &[u8]) -> Option<(u32, u32)> {
    let mut reader = Reader::new(data);
    let fields = (reader.u32()?, reader.u32()?);
    reader.end()?;
    Some(fields)
}

pub fn revoke(message: &Message) -> Answer {
    permitted(message, parse_pid_and_slot(&message.data), |(pid, slot)| {
        let code = command(&format!("INIT:REVOKE:{}:{}", pid, slot));
        Writer::new().u8(code as u8).u32(slot).finish()
    })
}

/// Init can read its own table and no other: for any other process the answer is `E_PERM`.
pub fn list(message: &Message) -> Answer {
    permitted(message, Reader::new(&message.data).u32(), |pid| {
        if pid != PID_INIT {
            return status(E_PERM);
        }
        let mut held = zos::cap_list().unwrap_or_default();
        held.truncate(MAX_ROWS);
        let rows = Writer::new().u8(E_OK as u8).u32(held.len() as u32);
        held.iter()
            .fold(rows, |rows, held| {
                rows.u32(held.slot)
                    .u8(held.object_type as u8)
                    .u8(held.perms.bits() as u8)
                    .u64(held.object_id)
                    .u64(held.expires_at_ns)
                    .u32(held.uses_left)
            })
            .finish()
    })
}
