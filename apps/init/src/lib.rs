//! Init, process 1: the service registry (abi: Messages between processes).
//!
//! Rules of this program
//! - Nobody is believed: who sent a message is what the kernel says, what an endpoint is what the moved capability
//!   says. An id in a payload is never used to reach anything.
//! - Every table is bounded, and what a dead process left is dropped.
//! - Every received call is answered, so that no caller waits for ever; and init itself waits for nobody: what takes
//!   time is kept in `orders` and answered later.

mod authority;
mod orders;
mod registry;
mod spawning;

use orders::Orders;
use registry::{Refused, Registry, Service};
use zos_process::abi::{
    E_EXIST, E_INVAL, E_NOMEM, E_OK, E_PERM, MSG_GRANT_PERMISSION, MSG_LIST_PERMISSIONS, MSG_LOOKUP_RESPONSE,
    MSG_LOOKUP_SERVICE, MSG_PERMISSION_RESPONSE, MSG_PROMPT_ANSWER, MSG_REGISTER_SERVICE, MSG_REVOKE_PERMISSION,
    MSG_SERVICE_READY, MSG_SPAWN_SERVICE, OBJECT_ENDPOINT, PID_PERMISSION, SLOT_INPUT, SLOT_OWN_ENDPOINT,
};
use zos_process::wire::{Reader, Writer};
use zos_process::{self as zos, Limits, Message, Permissions};

/// A name that `registry` reserves for process 2.
const PERMISSION_SERVICE: &str = "permission";

zos::entry!(main);

/// What init knows: nothing of it outlives a restart.
struct Init {
    registry: Registry,
    orders: Orders,
}

fn main() -> i32 {
    forget_former_services();
    let mut init = Init { registry: Registry::default(), orders: Orders::starting_at(random_number()) };
    zos::debug("init: ready");
    loop {
        match zos::receive_timeout(SLOT_OWN_ENDPOINT, init.orders.look_again_ms()) {
            Ok(Some(message)) => {
                let given = take_given(&message);
                // Notices of services that went are no news: the slot of each is looked at when it is asked for.
                while zos::receive(SLOT_INPUT).is_some() {}
                init.handle(&message, given);
            }
            Ok(None) => {}
            Err(error) => {
                zos::debug(&format!("init: own endpoint: {}", error));
                return 1;
            }
        }
        let prompts = init.prompts();
        spawning::look(&mut init.orders, prompts);
    }
}

fn random_number() -> u32 {
    let bytes = zos::random(4).unwrap_or_default();
    Reader::new(&bytes).u32().unwrap_or(0)
}

/// After a restart in the same process the names are gone: the capabilities that belonged to them serve nobody. Each
/// former service is told that init is ready, so that it can register again.
fn forget_former_services() {
    for held in zos::cap_list().unwrap_or_default() {
        if held.object_type == OBJECT_ENDPOINT && held.slot != SLOT_OWN_ENDPOINT && held.slot != SLOT_INPUT {
            let _ = zos::send(held.slot, MSG_SERVICE_READY, &[]);
            let _ = zos::cap_delete(held.slot);
        }
    }
}

/// The first capability that came with a registration; every other one is deleted at once, or a stranger could
/// fill init's table.
fn take_given(message: &Message) -> Option<u32> {
    let mut kept = None;
    for slot in zos::received_caps() {
        if kept.is_none() && message.tag == MSG_REGISTER_SERVICE {
            kept = Some(slot);
        } else {
            let _ = zos::cap_delete(slot);
        }
    }
    kept
}

impl Init {
    fn handle(&mut self, message: &Message, given: Option<u32>) {
        let was_sent = given.is_some();
        let (tag, answer) = match message.tag {
            MSG_REGISTER_SERVICE => {
                let code = register(&mut self.registry, message, given);
                if code == E_OK && message.from_pid == PID_PERMISSION {
                    // It registers when it starts: what it was asked before, it does not know.
                    spawning::give_up(&mut self.orders);
                }
                (MSG_PERMISSION_RESPONSE, status(code))
            }
            MSG_LOOKUP_SERVICE => (MSG_LOOKUP_RESPONSE, lookup(&mut self.registry, message)),
            MSG_SERVICE_READY => {
                zos::debug(&format!("init: process {} is ready", message.from_pid));
                (MSG_PERMISSION_RESPONSE, status(E_OK))
            }
            MSG_SPAWN_SERVICE => {
                let prompts = self.prompts();
                return spawning::requested(&mut self.orders, message, prompts);
            }
            MSG_PROMPT_ANSWER if message.from_pid == PID_PERMISSION => {
                return spawning::decided(&mut self.orders, message);
            }
            MSG_GRANT_PERMISSION => authority::grant(message),
            MSG_REVOKE_PERMISSION => authority::revoke(message),
            MSG_LIST_PERMISSIONS => authority::list(message),
            _ => (MSG_PERMISSION_RESPONSE, status(E_INVAL)),
        };
        // Whoever moves a capability does not wait. Of anything else init cannot tell whether it was a call: when it
        // was not, the kernel refuses the reply.
        if !was_sent {
            let _ = zos::reply(message.from_pid, tag, &answer);
        }
    }

    /// Where the permission service is reached, if it is there.
    fn prompts(&self) -> Option<u32> {
        let service = self.registry.find(PERMISSION_SERVICE)?;
        service.slot.filter(|slot| zos::cap_inspect(*slot).is_some())
    }
}

/// The payload of MSG_PERMISSION_RESPONSE without a slot.
fn status(code: u32) -> Vec<u8> {
    Writer::new().u8(code as u8).u32(0).finish()
}

fn register(registry: &mut Registry, message: &Message, given: Option<u32>) -> u32 {
    let (name, claimed_id) = match parse_registration(&message.data) {
        Some(fields) => fields,
        None => {
            drop_given(given);
            return E_INVAL;
        }
    };
    let usable = given.and_then(zos::cap_inspect).filter(|held| {
        held.object_type == OBJECT_ENDPOINT && held.perms.contains(Permissions::WRITE_GRANT)
    });
    if usable.is_none() {
        drop_given(given);
    }
    let service = Service {
        name,
        owner: message.from_pid,
        endpoint_id: usable.map_or(claimed_id, |held| held.object_id),
        slot: usable.map(|held| held.slot),
    };
    drop_dead(registry);
    match registry.insert(service) {
        Ok(replaced) => {
            drop_given(replaced.and_then(|former| former.slot));
            E_OK
        }
        Err(refused) => {
            drop_given(usable.map(|held| held.slot));
            match refused {
                Refused::Name => E_INVAL,
                Refused::Reserved => E_PERM,
                Refused::Taken => E_EXIST,
                Refused::Full => E_NOMEM,
            }
        }
    }
}

fn parse_registration(data: &[u8]) -> Option<(String, u64)> {
    let mut reader = Reader::new(data);
    let name = String::from_utf8(reader.short()?.to_vec()).ok()?;
    let id = reader.u64()?;
    reader.end()?;
    Some((name, id))
}

fn drop_given(slot: Option<u32>) {
    if let Some(slot) = slot {
        let _ = zos::cap_delete(slot);
    }
}

/// A service is gone when its capability is, or, if it never gave one, when its process has ended.
fn drop_dead(registry: &mut Registry) {
    registry.retain(|service| match service.slot {
        Some(slot) => zos::cap_inspect(slot).is_some(),
        None => zos::is_alive(service.owner),
    });
}

/// Grants the caller a capability (write) on the service's endpoint and says where it is.
fn lookup(registry: &mut Registry, message: &Message) -> Vec<u8> {
    drop_dead(registry);
    let mut reader = Reader::new(&message.data);
    let name = reader.short().and_then(|bytes| core::str::from_utf8(bytes).ok());
    let service = match name.and_then(|name| registry.find(name)) {
        Some(service) => service,
        None => return Writer::new().u8(0).u64(0).u32(0).finish(),
    };
    let slot = service
        .slot
        .and_then(|slot| zos::cap_grant(slot, message.from_pid, Permissions::WRITE, Limits::NONE).ok())
        .unwrap_or(0);
    Writer::new().u8(1).u64(service.endpoint_id).u32(slot).finish()
}
