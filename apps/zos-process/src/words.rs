//! What programs print of capabilities: names of types and reasons, and one line for each.

use crate::abi::{
    FACTORY, OBJECT_CONSOLE, OBJECT_ENDPOINT, OBJECT_MEMORY, OBJECT_NETWORK, OBJECT_PROCESS, OBJECT_STORAGE,
    REVOKED_EXPIRED, REVOKED_EXPLICIT, REVOKED_SOURCE_EXITED,
};
use crate::capability::Capability;

const TYPES: [(u32, &str); 6] = [
    (OBJECT_ENDPOINT, "Endpoint"),
    (OBJECT_CONSOLE, "Console"),
    (OBJECT_STORAGE, "Storage"),
    (OBJECT_NETWORK, "Network"),
    (OBJECT_PROCESS, "Process"),
    (OBJECT_MEMORY, "Memory"),
];

pub fn object_type_name(object_type: u32) -> &'static str {
    TYPES.iter().find(|row| row.0 == object_type).map_or("Unknown", |row| row.1)
}

/// A type by its name, in letters of any case.
pub fn parse_object_type(text: &str) -> Option<u32> {
    TYPES.iter().find(|row| row.1.eq_ignore_ascii_case(text)).map(|row| row.0)
}

fn reason_name(reason: u32) -> &'static str {
    match reason {
        REVOKED_EXPLICIT => "explicit",
        REVOKED_EXPIRED => "expired",
        REVOKED_SOURCE_EXITED => "source exited",
        _ => "unknown reason",
    }
}

/// The line for a MSG_CAP_REVOKED.
pub fn revocation_line(slot: u32, object_type: u32, reason: u32) -> String {
    format!("✗ slot {} {} revoked ({})", slot, object_type_name(object_type), reason_name(reason))
}

/// An object's number as people know it: the factory by name, a memory ceiling as a size.
pub fn object_text(object_type: u32, object_id: u64) -> String {
    match object_type {
        OBJECT_PROCESS if object_id == u64::from(FACTORY) => "factory".to_owned(),
        OBJECT_MEMORY => size_text(object_id),
        _ => object_id.to_string(),
    }
}

/// Bytes as MiB with a tenth where they are no whole number of them.
pub fn size_text(bytes: u64) -> String {
    let (whole, tenth) = (bytes >> 20, (bytes & 0xF_FFFF) * 10 >> 20);
    if tenth == 0 {
        format!("{} MiB", whole)
    } else {
        format!("{}.{} MiB", whole, tenth)
    }
}

/// The time left at `now_ns` until `expires_at_ns`, in seconds; `-` for a capability that does not expire.
pub fn expiry_text(expires_at_ns: u64, now_ns: u64) -> String {
    if expires_at_ns == 0 {
        return "-".to_owned();
    }
    let tenths = expires_at_ns.saturating_sub(now_ns) / 100_000_000;
    format!("{}.{}s", tenths / 10, tenths % 10)
}

/// `slot 6, Storage 3 rw-, for 4.9s, 1 use left`.
pub fn capability_line(held: &Capability, now_ns: u64) -> String {
    let object = object_text(held.object_type, held.object_id);
    let mut line = format!("slot {}, {} {} {}", held.slot, object_type_name(held.object_type), object, held.perms);
    if held.expires_at_ns != 0 {
        line.push_str(&format!(", for {}", expiry_text(held.expires_at_ns, now_ns)));
    }
    match held.uses_left {
        0 => {}
        1 => line.push_str(", 1 use left"),
        count => line.push_str(&format!(", {} uses left", count)),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Permissions;

    #[test]
    fn types_have_names_and_names_types() {
        for (object_type, name) in TYPES {
            assert_eq!(parse_object_type(&name.to_lowercase()), Some(object_type));
        }
        assert_eq!(parse_object_type("disk"), None);
        assert_eq!(object_type_name(0), "Unknown");
    }

    #[test]
    fn lines() {
        let perms = Permissions::from_bits(3);
        let mut held =
            Capability { slot: 6, object_type: 3, perms, object_id: 9, expires_at_ns: 0, uses_left: 0 };
        assert_eq!(capability_line(&held, 0), "slot 6, Storage 9 rw-");
        held.expires_at_ns = 5_990_000_000;
        held.uses_left = 1;
        assert_eq!(capability_line(&held, 1_000_000_000), "slot 6, Storage 9 rw-, for 4.9s, 1 use left");
        assert_eq!(revocation_line(6, 3, 2), "✗ slot 6 Storage revoked (expired)");
    }

    #[test]
    fn objects_by_name() {
        assert_eq!(object_text(OBJECT_PROCESS, 0), "factory");
        assert_eq!(object_text(OBJECT_PROCESS, 7), "7");
        assert_eq!(object_text(OBJECT_MEMORY, 64 << 20), "64 MiB");
        assert_eq!(object_text(OBJECT_MEMORY, 3 << 19), "1.5 MiB");
    }
}
