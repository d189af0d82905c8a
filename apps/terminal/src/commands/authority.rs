//! Commands on capabilities: caps, grant, derive, revoke, send.

use super::arguments::{limits, number, rights, tag};
use super::{Done, Failure};
use crate::shell::{type_name, Shell};
use crate::table::{Align, Table};
use zos_process::abi::{
    FACTORY, OBJECT_MEMORY, OBJECT_PROCESS, SLOT_INIT, SLOT_INPUT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION,
};
use zos_process::{self as zos, Capability};

pub fn caps(shell: &mut Shell, words: &[&str]) -> Done {
    if !words.is_empty() {
        return Err(Failure::Usage);
    }
    let mut table = Table::new(&[
        ("SLOT", Align::Right),
        ("TYPE", Align::Left),
        ("OBJECT", Align::Left),
        ("RIGHTS", Align::Left),
        ("EXPIRES", Align::Right),
        ("USES", Align::Right),
    ]);
    let now = zos::time();
    for held in zos::cap_list()? {
        table.add(vec![
            held.slot.to_string(),
            type_name(held.object_type).to_owned(),
            object_text(&held),
            held.perms.to_string(),
            expiry_text(held.expires_at_ns, now),
            if held.uses_left == 0 { "-".to_owned() } else { held.uses_left.to_string() },
        ]);
    }
    shell.print(&table.render());
    Ok(())
}

fn object_text(held: &Capability) -> String {
    match (held.object_type, held.slot) {
        (OBJECT_PROCESS, _) if held.object_id == u64::from(FACTORY) => "factory".to_owned(),
        (OBJECT_MEMORY, _) => format!("{} MiB", held.object_id >> 20),
        (_, SLOT_OWN_ENDPOINT) => format!("{} (own)", held.object_id),
        (_, SLOT_INPUT) => format!("{} (input)", held.object_id),
        (_, SLOT_INIT) => format!("{} (init)", held.object_id),
        (_, SLOT_PERMISSION) => format!("{} (permission)", held.object_id),
        _ => held.object_id.to_string(),
    }
}

fn expiry_text(expires_at_ns: u64, now: u64) -> String {
    if expires_at_ns == 0 {
        return "-".to_owned();
    }
    let tenths = expires_at_ns.saturating_sub(now) / 100_000_000;
    format!("{}.{}s", tenths / 10, tenths % 10)
}

pub fn grant(shell: &mut Shell, words: &[&str]) -> Done {
    let (slot, pid, perms, bounds) = match words {
        [slot, pid, perms, bounds @ ..] => (number(slot)?, number(pid)?, rights(perms)?, limits(bounds)?),
        _ => return Err(Failure::Usage),
    };
    let theirs = zos::cap_grant(slot, pid, perms, bounds)?;
    shell.print(&format!("process {} has it in slot {}\n", pid, theirs));
    Ok(())
}

pub fn derive(shell: &mut Shell, words: &[&str]) -> Done {
    let (slot, perms, bounds) = match words {
        [slot, perms, bounds @ ..] => (number(slot)?, rights(perms)?, limits(bounds)?),
        _ => return Err(Failure::Usage),
    };
    let copy = zos::cap_derive(slot, perms, bounds)?;
    shell.print(&format!("the copy is in slot {}\n", copy));
    Ok(())
}

pub fn revoke(shell: &mut Shell, words: &[&str]) -> Done {
    let (slot, keep) = match words {
        [slot] => (number(slot)?, false),
        [slot, "keep"] => (number(slot)?, true),
        _ => return Err(Failure::Usage),
    };
    zos::cap_revoke(slot, keep)?;
    let what = if keep { "all that came from slot" } else { "slot, and all that came from it:" };
    shell.print(&format!("revoked {} {}\n", what, slot));
    Ok(())
}

pub fn send(shell: &mut Shell, words: &[&str]) -> Done {
    let (slot, tag, text) = match words {
        [slot, message_tag, text @ ..] => (number(slot)?, tag(message_tag)?, text.join(" ")),
        _ => return Err(Failure::Usage),
    };
    zos::send(slot, tag, text.as_bytes())?;
    shell.print(&format!("sent {} bytes\n", text.len()));
    Ok(())
}
