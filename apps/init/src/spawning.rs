//! Starting programs for others, without ever waiting for one of them (abi: MSG_SPAWN_SERVICE).
//!
//! Init may start programs by the debug channel. It does so at once for the supervisor and the permission service.
//! From anyone else the message is a request for the factory capability, used once: init passes it to the permission
//! service in the caller's name, by the formats of MSG_PROMPT and MSG_PROMPT_ANSWER. A yes puts the capability into
//! the caller's table; init takes it away again, which is its one use, and starts the program.

use crate::authority::{command, is_trusted};
use crate::orders::{Order, Orders};
use crate::registry::is_name;
use zos_process::abi::{
    E_OK, FACTORY, MSG_PROMPT, MSG_SPAWN_RESPONSE, OBJECT_PROCESS, PID_INIT, PID_PERMISSION, STATE_EXITED,
};
use zos_process::wire::{Reader, Writer};
use zos_process::{self as zos, Message, Permissions};

/// Answers a caller: the pid of what was started, `None` for a no.
pub fn answer(caller: u32, started: Option<u32>) {
    let response = Writer::new().u8(started.is_some() as u8).u32(started.unwrap_or(0)).finish();
    // `E_NOENT` when the message was sent, not called: then nobody waits.
    let _ = zos::reply(caller, MSG_SPAWN_RESPONSE, &response);
}

/// MSG_SPAWN_SERVICE. `prompts` is where the permission service is reached.
pub fn requested(orders: &mut Orders, message: &Message, prompts: Option<u32>) {
    let name = Reader::new(&message.data).short().and_then(|bytes| core::str::from_utf8(bytes).ok());
    // The kernel takes blanks off the ends of a command's name: with them the program would not be found again.
    match name.filter(|name| is_name(name) && name.trim() == *name) {
        None => answer(message.from_pid, None),
        Some(name) => {
            let order = Order { caller: message.from_pid, name: name.to_owned() };
            if is_trusted(message) {
                begin(orders, order);
            } else {
                ask(orders, order, prompts);
            }
        }
    }
}

fn ask(orders: &mut Orders, order: Order, prompts: Option<u32>) {
    let caller = order.caller;
    let reason = format!("start {}, once", order.name);
    drop_ended_callers(orders);
    let (slot, id) = match (prompts, orders.ask(order)) {
        (Some(slot), Some(id)) => (slot, id),
        (None, Some(id)) => {
            orders.answered(id);
            return answer(caller, None);
        }
        (_, None) => return answer(caller, None),
    };
    let prompt = Writer::new()
        .u32(id)
        .u32(caller)
        .u8(OBJECT_PROCESS as u8)
        .u8(Permissions::WRITE.bits() as u8)
        .u64(u64::from(FACTORY))
        .long(reason.as_bytes())
        .finish();
    if zos::send(slot, MSG_PROMPT, &prompt).is_err() {
        orders.answered(id);
        answer(caller, None);
    }
}

fn drop_ended_callers(orders: &mut Orders) {
    if !orders.is_any_asked() {
        return;
    }
    let mut living = Vec::new();
    let listed = zos::for_each_process(|process| {
        if process.state != STATE_EXITED {
            living.push(process.pid);
        }
    });
    if listed.is_ok() {
        orders.retain_callers(|caller| living.contains(&caller));
    }
}

/// MSG_PROMPT_ANSWER of the permission service.
pub fn decided(orders: &mut Orders, message: &Message) {
    let mut reader = Reader::new(&message.data);
    let (id, allowed, slot) = match (reader.u32(), reader.u8(), reader.u32()) {
        (Some(id), Some(allowed), Some(slot)) if message.from_pid == PID_PERMISSION => (id, allowed == 1, slot),
        _ => return,
    };
    let order = match orders.answered(id) {
        Some(order) => order,
        None => return,
    };
    // A caller that did not wait may have used the capability already: then there is nothing left to start it by.
    if allowed && command(&format!("INIT:REVOKE:{}:{}", order.caller, slot)) == E_OK {
        begin(orders, order);
    } else {
        answer(order.caller, None);
    }
}

fn begin(orders: &mut Orders, order: Order) {
    let mut newest = 0;
    let listed = zos::for_each_process(|process| newest = newest.max(process.pid));
    let may_begin = listed.is_ok() && orders.has_room_to_begin();
    if may_begin && command(&format!("INIT:SPAWN:{}", order.name)) == E_OK {
        orders.begin(order, newest, zos::time());
    } else {
        answer(order.caller, None);
    }
}

/// Answers what has been settled since the last look. `prompts` as in `requested`.
pub fn look(orders: &mut Orders, prompts: Option<u32>) {
    if orders.is_any_begun() {
        let mut children = Vec::new();
        let _ = zos::for_each_process(|process| {
            if process.parent == PID_INIT {
                children.push((process.pid, process.name));
            }
        });
        for (order, pid) in orders.settle(&children, zos::time()) {
            answer(order.caller, pid);
        }
    }
    if prompts.is_none() {
        give_up(orders);
    }
}

/// The permission service is gone, or has forgotten what it was asked.
pub fn give_up(orders: &mut Orders) {
    for order in orders.give_up_asked() {
        answer(order.caller, None);
    }
}
