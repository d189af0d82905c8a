//! Processes, consoles, storage and memory that are not its own.

use crate::{must_fail, on_every_slot, Attempt, Told};
use zos_process::abi::{
    OBJECT_CONSOLE, OBJECT_MEMORY, PAGE, PID_INIT, PID_PERMISSION, SPAWN_SHARE_CONSOLE, SYS_STORAGE_READ,
};
use zos_process::{self as zos, memory, sys, Error};

const KEY: &str = "note/0000000001";

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "start a program", run: spawn },
    Attempt { what: "end init, by its pid", run: || must_fail(zos::kill(PID_INIT)) },
    Attempt { what: "end the permission service, by its pid", run: || must_fail(zos::kill(PID_PERMISSION)) },
    Attempt { what: "end whatever a slot names", run: || on_every_slot(zos::kill) },
    Attempt { what: "write to another console", run: write_elsewhere },
    Attempt { what: "list what others have stored", run: || on_every_slot(list_storage) },
    Attempt { what: "read what others have stored", run: || on_every_slot(read_storage) },
    Attempt { what: "store something", run: || on_every_slot(|slot| zos::storage_write(slot, KEY, b"mine")) },
    Attempt { what: "delete what others have stored", run: || on_every_slot(|slot| zos::storage_delete(slot, KEY)) },
    Attempt { what: "grow its memory past its ceiling", run: grow },
];

/// The program ends at once, should it ever start; what was held on it is gone then, and in nobody's way.
fn spawn() -> Told {
    on_every_slot(|slot| {
        let child = zos::spawn(slot, "crash", &["exit", "0"], SPAWN_SHARE_CONSOLE)?;
        zos::wait_for_exit(child.pid, |_| {}).map(|_| ())
    })
}

fn write_elsewhere() -> Told {
    let own = zos::cap_list().unwrap_or_default().into_iter().find(|held| held.object_type == OBJECT_CONSOLE);
    let own_slot = own.map(|held| held.slot);
    on_every_slot(|slot| {
        if Some(slot) == own_slot {
            return Err(Error::BadF);
        }
        zos::try_console_write(slot + 1, b"confined was here\n")
    })
}

fn list_storage(slot: u32) -> zos::Result<()> {
    zos::storage_list(slot, "").map(|_| ())
}

/// A key that is not there is an answer too: it tells that it may be looked for.
fn read_storage(slot: u32) -> zos::Result<()> {
    sys::send_bytes(KEY.as_bytes());
    match sys::length(sys::syscall(SYS_STORAGE_READ, slot, KEY.len() as u32, 0)) {
        Ok(_) | Err(Error::NoEnt) => Ok(()),
        Err(error) => Err(error),
    }
}

fn grow() -> Told {
    let held = zos::cap_list().unwrap_or_default();
    let ceilings = held.iter().filter(|held| held.object_type == OBJECT_MEMORY).map(|held| held.object_id);
    let pages = (ceilings.max().unwrap_or(0) / u64::from(PAGE)) as usize;
    match memory::grow(pages) {
        Some(_) => Told::Allowed(format!("{} pages", memory::pages())),
        None => Told::Refused("-1".to_owned()),
    }
}
