//! Capabilities: what a process holds, and what it may do with it (seed: Permission Model).

use crate::abi::{
    PERM_GRANT, PERM_READ, PERM_WRITE, SYS_CAP_DELETE, SYS_CAP_DERIVE, SYS_CAP_GRANT, SYS_CAP_INSPECT,
    SYS_CAP_REVOKE, SYS_EP_CREATE, SYS_LIST_CAPS,
};
use crate::error::{Error, Result};
use crate::sys;
use crate::wire::{Reader, Writer};
use core::fmt;

/// What a capability allows (seed: Permission Bits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    pub read: bool,
    pub write: bool,
    pub grant: bool,
}

impl Permissions {
    pub const WRITE: Permissions = Permissions { read: false, write: true, grant: false };
    pub const READ_WRITE: Permissions = Permissions { read: true, write: true, grant: false };
    pub const WRITE_GRANT: Permissions = Permissions { read: false, write: true, grant: true };
    pub const ALL: Permissions = Permissions { read: true, write: true, grant: true };

    pub fn from_bits(bits: u32) -> Permissions {
        Permissions {
            read: bits & PERM_READ != 0,
            write: bits & PERM_WRITE != 0,
            grant: bits & PERM_GRANT != 0,
        }
    }

    pub fn bits(self) -> u32 {
        [(self.read, PERM_READ), (self.write, PERM_WRITE), (self.grant, PERM_GRANT)]
            .iter()
            .filter(|(held, _)| *held)
            .fold(0, |bits, (_, bit)| bits | bit)
    }

    /// Reads letters such as `rw`, each at most once; `None` for any other text.
    pub fn parse(text: &str) -> Option<Permissions> {
        let mut bits = 0;
        for letter in text.chars().filter(|letter| *letter != '-') {
            let bit = match letter {
                'r' => PERM_READ,
                'w' => PERM_WRITE,
                'g' => PERM_GRANT,
                _ => return None,
            };
            if bits & bit != 0 {
                return None;
            }
            bits |= bit;
        }
        if bits == 0 {
            None
        } else {
            Some(Permissions::from_bits(bits))
        }
    }

    pub fn contains(self, wanted: Permissions) -> bool {
        self.bits() & wanted.bits() == wanted.bits()
    }
}

/// Fixed columns: `rwg`, with `-` for an absent right.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, letter) in [(self.read, "r"), (self.write, "w"), (self.grant, "g")] {
            f.write_str(if held { letter } else { "-" })?;
        }
        Ok(())
    }
}

/// Bounds on a capability that is given or derived; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub expires_in_ms: u64,
    pub uses: u32,
}

impl Limits {
    pub const NONE: Limits = Limits { expires_in_ms: 0, uses: 0 };
}

/// One entry of the process's capability table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    pub slot: u32,
    pub object_type: u32,
    pub perms: Permissions,
    pub object_id: u64,
    /// Uptime in nanoseconds at which it goes, 0 for never.
    pub expires_at_ns: u64,
    /// Uses left, 0 for unlimited.
    pub uses_left: u32,
}

/// A created endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub slot: u32,
    pub id: u64,
}

/// Everything the process holds, by rising slot.
pub fn cap_list() -> Result<Vec<Capability>> {
    sys::status(sys::syscall(SYS_LIST_CAPS, 1, 0, 0))?;
    let bytes = sys::recv_all();
    let mut reader = Reader::new(&bytes);
    let count = reader.u32().unwrap_or(0);
    Ok((0..count).map_while(|_| list_row(&mut reader)).collect())
}

fn list_row(reader: &mut Reader<'_>) -> Option<Capability> {
    Some(Capability {
        slot: reader.u32()?,
        object_type: reader.u8()? as u32,
        perms: Permissions::from_bits(reader.u8()? as u32),
        object_id: reader.u64()?,
        expires_at_ns: reader.u64()?,
        uses_left: reader.u32()?,
    })
}

/// The first capability on an object that gives all of `perms`.
pub fn find_cap(object_type: u32, object_id: u64, perms: Permissions) -> Option<Capability> {
    cap_list().ok()?.into_iter().find(|held| {
        held.object_type == object_type && held.object_id == object_id && held.perms.contains(perms)
    })
}

/// What is in `slot`, without its expiry and uses; `None` when it is empty.
pub fn cap_inspect(slot: u32) -> Option<Capability> {
    if sys::syscall(SYS_CAP_INSPECT, slot, 0, 0) != 1 {
        return None;
    }
    let bytes = sys::recv_bytes(16);
    let mut reader = Reader::new(&bytes);
    let (object_type, perms) = (reader.u8()? as u32, Permissions::from_bits(reader.u8()? as u32));
    reader.u16()?;
    Some(Capability {
        object_type,
        perms,
        slot: reader.u32()?,
        object_id: reader.u64()?,
        expires_at_ns: 0,
        uses_left: 0,
    })
}

fn send_limits(limits: Limits) {
    if limits != Limits::NONE {
        sys::send_bytes(&Writer::new().u64(limits.expires_in_ms).u32(limits.uses).finish());
    }
}

/// Gives another process a capability no stronger than the one in `slot`; returns the slot it has there.
pub fn cap_grant(slot: u32, to_pid: u32, perms: Permissions, limits: Limits) -> Result<u32> {
    send_limits(limits);
    sys::value(sys::syscall(SYS_CAP_GRANT, slot, to_pid, perms.bits()))
}

/// Makes a weaker copy for oneself; returns its slot.
pub fn cap_derive(slot: u32, perms: Permissions, limits: Limits) -> Result<u32> {
    send_limits(limits);
    sys::value(sys::syscall(SYS_CAP_DERIVE, slot, perms.bits(), 0))
}

/// Removes everything derived from the capability, everywhere, and itself unless `keep_own`.
pub fn cap_revoke(slot: u32, keep_own: bool) -> Result<()> {
    sys::status(sys::syscall(SYS_CAP_REVOKE, slot, keep_own as u32, 0))
}

/// Removes the process's own copy and nothing else.
pub fn cap_delete(slot: u32) -> Result<()> {
    sys::status(sys::syscall(SYS_CAP_DELETE, slot, 0, 0))
}

/// Creates an endpoint that this process owns; the capability has all three rights.
pub fn create_endpoint() -> Result<Endpoint> {
    let slot = sys::value(sys::syscall(SYS_EP_CREATE, 0, 0, 0))?;
    let bytes = sys::recv_bytes(16);
    let id = Reader::new(bytes.get(8..).unwrap_or(&[])).u64().ok_or(Error::Inval)?;
    Ok(Endpoint { slot, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_as_letters() {
        assert_eq!(Permissions::parse("rw").map(Permissions::bits), Some(3));
        assert_eq!(Permissions::parse("-w-").map(Permissions::bits), Some(2));
        assert_eq!(Permissions::parse("ww"), None);
        assert_eq!(Permissions::parse("x"), None);
        assert_eq!(Permissions::parse("---"), None);
        assert_eq!(Permissions::from_bits(6).to_string(), "-wg");
    }
}
