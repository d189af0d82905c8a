//! The permission service, process 2: whoever wants more authority asks here, and a person decides.
//!
//! Rules of this program
//! - It grants nothing itself: pid 0 alone can give from the roots. It asks pid 0 by MSG_PROMPT, through the
//!   capability in slot 3, and passes the answer on. Without one, every request is denied.
//! - One open prompt a process; a denial holds until the machine stops, so that nobody is worn down by asking.
//! - A request is the caller's: who asks is what the kernel says. Init alone may ask for another (abi:
//!   MSG_SPAWN_SERVICE), by the formats it and pid 0 speak: MSG_PROMPT, MSG_PROMPT_ANSWER.
//! - It may call init, because init waits for nobody.

mod ledger;

use ledger::{Ledger, Request, Told, Verdict};
use zos_process::abi::{
    E_BADF, E_OK, MSG_CAPABILITY_RESPONSE, MSG_CAPS_LIST_RESPONSE, MSG_LIST_MY_CAPS, MSG_PROMPT, MSG_PROMPT_ANSWER,
    MSG_REQUEST_CAPABILITY, MSG_REVOKE_CAPABILITY, MSG_REVOKE_PERMISSION, MSG_SERVICE_READY, PID_INIT,
    PID_SUPERVISOR, SLOT_INIT, SLOT_INPUT, SLOT_OWN_ENDPOINT, STATE_EXITED,
};
use zos_process::wire::{Reader, Writer};
use zos_process::{self as zos, Error, Message};

/// Where the supervisor puts a capability (write) on its own prompt endpoint; empty while nobody can answer.
const SLOT_PROMPTS: u32 = 3;

const SERVICE_NAME: &str = "permission";

const NO_PROMPT: &str = "no prompt answered";

zos::entry!(main);

fn main() -> i32 {
    announce();
    let mut ledger = Ledger::starting_at(random_number());
    loop {
        let message = match zos::receive_blocking(SLOT_OWN_ENDPOINT) {
            Ok(message) => message,
            Err(error) => {
                zos::debug(&format!("permission: own endpoint: {}", error));
                return 1;
            }
        };
        for slot in zos::received_caps() {
            let _ = zos::cap_delete(slot);
        }
        handle(&mut ledger, &message);
        while let Some(notice) = zos::receive(SLOT_INPUT) {
            handle(&mut ledger, &notice);
        }
    }
}

fn announce() {
    let announced = zos::register_service(SERVICE_NAME, SLOT_OWN_ENDPOINT)
        .and_then(|()| zos::call(SLOT_INIT, MSG_SERVICE_READY, &[]));
    if let Err(error) = announced {
        zos::debug(&format!("permission: init does not know this service: {}", error));
    }
}

fn random_number() -> u32 {
    let bytes = zos::random(4).unwrap_or_default();
    Reader::new(&bytes).u32().unwrap_or(0)
}

fn handle(ledger: &mut Ledger, message: &Message) {
    let sender = message.from_pid;
    match message.tag {
        MSG_REQUEST_CAPABILITY => request(ledger, sender, Request::parse(sender, &message.data)),
        MSG_PROMPT if sender == PID_INIT => request(ledger, sender, Request::parse_prompt(&message.data)),
        MSG_PROMPT_ANSWER if sender == PID_SUPERVISOR => answered(ledger, message),
        MSG_REVOKE_CAPABILITY => revoke(ledger, message),
        MSG_LIST_MY_CAPS => list(ledger, message),
        // Init has started again and has forgotten every name.
        MSG_SERVICE_READY if sender == PID_INIT => announce(),
        _ if sender == PID_SUPERVISOR => {}
        _ => deny(sender, "not a message of the permission service"),
    }
}

fn deny(pid: u32, why: &str) {
    let answer = Writer::new().u8(0).long(why.as_bytes()).finish();
    // `E_NOENT` when the message was sent, not called: then nobody waits.
    let _ = zos::reply(pid, MSG_CAPABILITY_RESPONSE, &answer);
}

fn allow(pid: u32, slot: u32) {
    let _ = zos::reply(pid, MSG_CAPABILITY_RESPONSE, &Writer::new().u8(1).u32(slot).finish());
}

/// Answers a request to whoever made it: the slot, or why not.
fn answer(request: &Request, decision: Result<u32, &str>) {
    match (request.told, decision) {
        (Told::Caller, Ok(slot)) => allow(request.pid, slot),
        (Told::Caller, Err(why)) => deny(request.pid, why),
        (Told::Init(number), _) => {
            let payload = Writer::new().u32(number).u8(decision.is_ok() as u8).u32(decision.unwrap_or(0)).finish();
            // Init waits for nobody, so its queue has room again soon.
            while zos::send(SLOT_INIT, MSG_PROMPT_ANSWER, &payload) == Err(Error::Again) {
                zos::yield_now();
            }
        }
    }
}

fn request(ledger: &mut Ledger, sender: u32, parsed: Option<Request>) {
    let wanted = match parsed {
        Some(wanted) => wanted,
        None => return deny(sender, "malformed request"),
    };
    if ledger.is_full() {
        drop_ended(ledger);
    }
    match ledger.judge(&wanted) {
        Verdict::Ask(request_id) => {
            if zos::send(SLOT_PROMPTS, MSG_PROMPT, &wanted.prompt(request_id)).is_ok() {
                ledger.open(request_id, wanted);
            } else {
                answer(&wanted, Err(NO_PROMPT));
            }
        }
        Verdict::Deny(why) => answer(&wanted, Err(why)),
    }
}

fn drop_ended(ledger: &mut Ledger) {
    let mut living = Vec::new();
    let listed = zos::for_each_process(|process| {
        if process.state != STATE_EXITED {
            living.push(process.pid);
        }
    });
    if listed.is_ok() {
        ledger.retain_processes(|pid| living.contains(&pid));
    }
}

fn answered(ledger: &mut Ledger, message: &Message) {
    let mut reader = Reader::new(&message.data);
    let (request_id, allowed, slot) = match (reader.u32(), reader.u8(), reader.u32()) {
        (Some(request_id), Some(allowed), Some(slot)) => (request_id, allowed == 1, slot),
        _ => return,
    };
    let request = match ledger.close(request_id, allowed, slot) {
        Some(request) => request,
        None => return,
    };
    answer(&request, if allowed { Ok(slot) } else { Err("denied at the prompt") });
}

/// Gives up the caller's own capability; init, who may, has the kernel do it.
fn revoke(ledger: &mut Ledger, message: &Message) {
    let slot = match Reader::new(&message.data).u32() {
        Some(slot) => slot,
        None => return deny(message.from_pid, "malformed request"),
    };
    let command = Writer::new().u32(message.from_pid).u32(slot).finish();
    let code = match zos::call(SLOT_INIT, MSG_REVOKE_PERMISSION, &command) {
        Ok(answer) => answer.data.first().copied().map_or(Error::Inval.code(), u32::from),
        Err(error) => error.code(),
    };
    // What is not there any more need not be listed either.
    if code == E_OK || code == E_BADF {
        ledger.forget_grant(message.from_pid, slot);
    }
    if code == E_OK {
        allow(message.from_pid, slot);
    } else {
        deny(message.from_pid, Error::from_code(code).text());
    }
}

/// What the caller was given at a prompt and has not given back. An answer does not say when it expires, and nobody
/// can look into another's table: what has gone since is still listed, under a slot that names nothing any more.
/// The caller's own table tells (SYS_LIST_CAPS).
fn list(ledger: &mut Ledger, message: &Message) {
    let rows = ledger.grants_of(message.from_pid);
    let answer = rows.iter().fold(Writer::new().u8(rows.len() as u8), |answer, grant| {
        answer.u32(grant.slot).u8(grant.object_type).u8(grant.perms)
    });
    let _ = zos::reply(message.from_pid, MSG_CAPS_LIST_RESPONSE, &answer.finish());
}
