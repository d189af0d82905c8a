//! More authority out of the authority it has, and authority over others.

use crate::{must_change_nothing, must_fail, on_every_slot, Attempt, Told, EMPTY_SLOT};
use zos_process::abi::{
    OBJECT_PROCESS, PERM_ALL, PID_INIT, PID_PERMISSION, SLOT_INIT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION, SYS_CAP_DERIVE,
};
use zos_process::{self as zos, sys, Capability, Limits, Permissions};

const NOBODY: u32 = 0x7fff_0000;
const A_SECOND: Limits = Limits { expires_in_ms: 1000, uses: 1 };
const AN_HOUR: Limits = Limits { expires_in_ms: 3_600_000, uses: 1000 };

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "derive read and grant from a right to write", run: derive_more },
    Attempt { what: "derive rights that do not exist", run: derive_unknown },
    Attempt { what: "derive from an empty slot", run: derive_from_nothing },
    Attempt { what: "outlive the expiry of what it derives from", run: outlive },
    Attempt { what: "use it more often than what it derives from", run: outuse },
    Attempt { what: "grant itself what it may not grant", run: grant_itself },
    Attempt { what: "grant init what it may not grant", run: grant_init },
    Attempt { what: "grant something to nobody", run: grant_nobody },
    Attempt { what: "revoke init's endpoint from everybody", run: || must_fail(zos::cap_revoke(SLOT_INIT, true)) },
    Attempt {
        what: "revoke the permission service's endpoint",
        run: || must_fail(zos::cap_revoke(SLOT_PERMISSION, false)),
    },
    Attempt { what: "revoke an empty slot", run: || must_fail(zos::cap_revoke(EMPTY_SLOT, false)) },
    Attempt { what: "delete an empty slot", run: || must_fail(zos::cap_delete(EMPTY_SLOT)) },
    Attempt { what: "use a slot again that it has deleted", run: use_deleted },
    Attempt { what: "find a capability on init or the service", run: find_process },
];

/// Looks at a copy and drops it: allowed when the copy can do what its parent cannot.
fn derived(slot: u32, perms: Permissions, limits: Limits, is_more: impl Fn(&Capability) -> bool) -> Told {
    let copy = match zos::cap_derive(slot, perms, limits) {
        Ok(copy) => copy,
        Err(error) => return Told::Refused(error.name().to_owned()),
    };
    let listed = zos::cap_list().unwrap_or_default().into_iter().find(|held| held.slot == copy);
    let _ = zos::cap_delete(copy);
    match listed {
        Some(held) => must_change_nothing(&format!("a copy with {}", held.perms), is_more(&held)),
        None => Told::Refused("no copy".to_owned()),
    }
}

fn derive_more() -> Told {
    derived(SLOT_INIT, Permissions::ALL, Limits::NONE, |copy| copy.perms.read || copy.perms.grant)
}

fn derive_unknown() -> Told {
    must_fail(sys::value(sys::syscall(SYS_CAP_DERIVE, SLOT_OWN_ENDPOINT, PERM_ALL + 1, 0)))
}

fn derive_from_nothing() -> Told {
    must_fail(zos::cap_derive(EMPTY_SLOT, Permissions::ALL, Limits::NONE))
}

/// Derives from a copy that is bounded, asking for more than its bounds.
fn from_bounded(is_more: impl Fn(&Capability, &Capability) -> bool) -> Told {
    let slot = match zos::cap_derive(SLOT_OWN_ENDPOINT, Permissions::WRITE, A_SECOND) {
        Ok(slot) => slot,
        Err(error) => return Told::Allowed(format!("no copy: {}", error.name())),
    };
    let parent = zos::cap_list().unwrap_or_default().into_iter().find(|held| held.slot == slot);
    let told = match parent {
        Some(parent) => derived(slot, Permissions::WRITE, AN_HOUR, |copy| is_more(&parent, copy)),
        None => Told::Refused("expired already".to_owned()),
    };
    let _ = zos::cap_delete(slot);
    told
}

fn outlive() -> Told {
    from_bounded(|parent, copy| copy.expires_at_ns == 0 || copy.expires_at_ns > parent.expires_at_ns)
}

fn outuse() -> Told {
    from_bounded(|parent, copy| copy.uses_left == 0 || copy.uses_left > parent.uses_left)
}

fn grant_itself() -> Told {
    must_fail(zos::cap_grant(SLOT_INIT, zos::get_pid(), Permissions::ALL, Limits::NONE))
}

fn grant_init() -> Told {
    must_fail(zos::cap_grant(SLOT_PERMISSION, PID_INIT, Permissions::WRITE, Limits::NONE))
}

fn grant_nobody() -> Told {
    must_fail(zos::cap_grant(SLOT_OWN_ENDPOINT, NOBODY, Permissions::WRITE, Limits::NONE))
}

fn use_deleted() -> Told {
    match zos::cap_derive(SLOT_OWN_ENDPOINT, Permissions::WRITE, Limits::NONE) {
        Ok(slot) if zos::cap_delete(slot).is_ok() => must_fail(zos::send(slot, 0, b"still here")),
        _ => Told::Allowed("could not delete it".to_owned()),
    }
}

fn find_process() -> Told {
    let services = [u64::from(PID_INIT), u64::from(PID_PERMISSION)];
    on_every_slot(|slot| match zos::cap_inspect(slot) {
        Some(held) if held.object_type == OBJECT_PROCESS && services.contains(&held.object_id) => Ok(()),
        _ => Err(zos::Error::BadF),
    })
}
