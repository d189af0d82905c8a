//! Talking to init and the permission service (abi: Messages between processes).

use crate::abi::{
    FACTORY, MSG_CAPABILITY_RESPONSE, MSG_LOOKUP_RESPONSE, MSG_LOOKUP_SERVICE, MSG_REGISTER_SERVICE,
    MSG_REQUEST_CAPABILITY, OBJECT_PROCESS, SLOT_INIT, SLOT_PERMISSION,
};
use crate::capability::{cap_derive, cap_inspect, find_cap, Limits, Permissions};
use crate::error::{Error, Result};
use crate::ipc::{call, send_cap};
use crate::wire::{Reader, Writer};
use core::fmt;

/// A request for authority that was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The permission service said no, in its own words.
    Refused(String),
    /// It could not be asked.
    Unreachable(Error),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Refused(text) => write!(f, "denied: {}", text),
            Denied::Unreachable(error) => write!(f, "the permission service does not answer: {}", error),
        }
    }
}

/// Makes the endpoint in `endpoint_slot` known as `name`; init gets a capability (write, grant) on it.
pub fn register_service(name: &str, endpoint_slot: u32) -> Result<()> {
    let endpoint = cap_inspect(endpoint_slot).ok_or(Error::BadF)?;
    let given = cap_derive(endpoint_slot, Permissions::WRITE_GRANT, Limits::NONE)?;
    let request = Writer::new().short(name.as_bytes()).u64(endpoint.object_id).finish();
    send_cap(SLOT_INIT, MSG_REGISTER_SERVICE, &request, &[given])
}

/// The slot of a capability (write) on the endpoint known as `name`; `None` when nobody may be reached by it.
pub fn lookup_service(name: &str) -> Result<Option<u32>> {
    let request = Writer::new().short(name.as_bytes()).finish();
    let answer = call(SLOT_INIT, MSG_LOOKUP_SERVICE, &request)?;
    let mut reader = Reader::new(&answer.data);
    let (found, _id, slot) = match (reader.u8(), reader.u64(), reader.u32()) {
        (Some(found), Some(id), Some(slot)) if answer.tag == MSG_LOOKUP_RESPONSE => (found, id, slot),
        _ => return Err(Error::Inval),
    };
    Ok(if found == 1 && slot != 0 { Some(slot) } else { None })
}

/// Asks for a capability, giving a reason that a person may read; returns its slot.
pub fn request_capability(
    object_type: u32,
    object_id: u64,
    perms: Permissions,
    reason: &str,
) -> core::result::Result<u32, Denied> {
    let request = Writer::new()
        .u8(object_type as u8)
        .u8(perms.bits() as u8)
        .long(reason.as_bytes())
        .u64(object_id)
        .finish();
    let answer = call(SLOT_PERMISSION, MSG_REQUEST_CAPABILITY, &request).map_err(Denied::Unreachable)?;
    let mut reader = Reader::new(&answer.data);
    let malformed = Denied::Unreachable(Error::Inval);
    match reader.u8() {
        Some(1) if answer.tag == MSG_CAPABILITY_RESPONSE => reader.u32().ok_or(malformed),
        Some(0) => {
            let text = reader.long().ok_or(malformed)?;
            Err(Denied::Refused(String::from_utf8_lossy(text).into_owned()))
        }
        _ => Err(malformed),
    }
}

/// The slot of a capability to start programs: the one held, or one asked for with `reason`.
pub fn find_factory(reason: &str) -> core::result::Result<u32, Denied> {
    match find_cap(OBJECT_PROCESS, FACTORY as u64, Permissions::WRITE) {
        Some(held) => Ok(held.slot),
        None => request_capability(OBJECT_PROCESS, FACTORY as u64, Permissions::WRITE, reason),
    }
}
