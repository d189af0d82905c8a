//! Commands on capabilities: caps, grant, derive, revoke, send.

use super::arguments::{limits, number, rights, tag};
use super::{Done, Failure};
use crate::shell::Shell;
use crate::table::{Align, Table};
use zos_process::abi::{SLOT_INIT, SLOT_INPUT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION};
use zos_process::words::{expiry_text, object_text, object_type_name};
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
            object_type_name(held.object_type).to_owned(),
            slot_text(&held),
            held.perms.to_string(),
            expiry_text(held.expires_at_ns, now),
            if held.uses_left == 0 { "-".to_owned() } else { held.uses_left.to_string() },
        ]);
    }
    shell.print(&table.render());
    Ok(())
}

fn slot_text(held: &Capability) -> String {
    let name = match held.slot {
        SLOT_OWN_ENDPOINT => " (own)",
        SLOT_INPUT => " (input)",
        SLOT_INIT => " (init)",
        SLOT_PERMISSION => " (permission)",
        _ => "",
    };
    format!("{}{}", object_text(held.object_type, held.object_id), name)
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
