//! Forged commands and messages for init and the permission service.

use crate::{must_change_nothing, must_fail, Attempt, Told};
use zos_process::abi::{
    E_OK, FACTORY, MSG_CAPABILITY_RESPONSE, MSG_GRANT_PERMISSION, MSG_LIST_MY_CAPS, MSG_LIST_PERMISSIONS,
    MSG_LOOKUP_RESPONSE, MSG_LOOKUP_SERVICE, MSG_PERMISSION_RESPONSE, MSG_PROMPT, MSG_PROMPT_ANSWER,
    MSG_REGISTER_SERVICE, MSG_REVOKE_CAPABILITY, MSG_REVOKE_PERMISSION, OBJECT_PROCESS, PERM_ALL, PID_INIT,
    PID_PERMISSION, SLOT_INIT, SLOT_PERMISSION,
};
use zos_process::wire::{Reader, Writer};
use zos_process::{self as zos, Error, Message};

const WANTED_SLOT: u32 = 60_000;
const INIT_ENDPOINT: u64 = 1;
const PATIENCE_NS: u64 = 50_000_000;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "INIT:GRANT the factory to itself", run: init_grant },
    Attempt { what: "INIT:REVOKE init's own endpoint", run: init_revoke },
    Attempt { what: "INIT:SPAWN a program", run: init_spawn },
    Attempt { what: "ask init to grant the factory", run: ask_grant },
    Attempt { what: "ask init to revoke from the service", run: ask_revoke },
    Attempt { what: "ask init for everybody's permissions", run: ask_list },
    Attempt { what: "register init's endpoint as its own service", run: register_foreign },
    Attempt { what: "register as the permission service", run: register_permission },
    Attempt { what: "answer a prompt in the person's name", run: forge_answer },
    Attempt { what: "ask the person in another's name", run: forge_prompt },
    Attempt { what: "have a slot revoked that it does not hold", run: revoke_unheld },
];

fn say(command: &str) {
    zos::debug(command);
    // A command would be carried out after this call; give it the time.
    let _ = zos::sleep(PATIENCE_NS);
}

fn init_grant() -> Told {
    say(&format!("INIT:GRANT:{}:{}:{}:{}:{}", zos::get_pid(), WANTED_SLOT, OBJECT_PROCESS, FACTORY, PERM_ALL));
    must_change_nothing("only text", zos::cap_inspect(WANTED_SLOT).is_some())
}

fn init_revoke() -> Told {
    say(&format!("INIT:REVOKE:{}:0", PID_INIT));
    must_change_nothing("only text", lookup("permission").is_err())
}

fn init_spawn() -> Told {
    let before = started();
    say("INIT:SPAWN:crash");
    must_change_nothing("only text", started() > before)
}

/// How many programs init or this one has started, those that ended lately included.
fn started() -> usize {
    let parents = [PID_INIT, zos::get_pid()];
    zos::list_procs().unwrap_or_default().iter().filter(|process| parents.contains(&process.parent)).count()
}

fn lookup(name: &str) -> zos::Result<Message> {
    zos::call(SLOT_INIT, MSG_LOOKUP_SERVICE, &Writer::new().short(name.as_bytes()).finish())
}

/// The status of a MSG_PERMISSION_RESPONSE as an error.
fn status(answer: zos::Result<Message>) -> Told {
    let message = match answer {
        Ok(message) => message,
        Err(error) => return Told::Refused(error.name().to_owned()),
    };
    match (message.tag, message.data.first().map(|code| u32::from(*code))) {
        (MSG_PERMISSION_RESPONSE, Some(code)) if code != E_OK => must_fail::<()>(Err(Error::from_code(code))),
        (tag, _) => Told::Allowed(format!("answer {:#x}", tag)),
    }
}

fn ask_grant() -> Told {
    let wish = Writer::new()
        .u32(zos::get_pid())
        .u32(WANTED_SLOT)
        .u8(OBJECT_PROCESS as u8)
        .u64(u64::from(FACTORY))
        .u8(PERM_ALL as u8)
        .u64(0)
        .finish();
    status(zos::call(SLOT_INIT, MSG_GRANT_PERMISSION, &wish))
}

fn ask_revoke() -> Told {
    let wish = Writer::new().u32(PID_PERMISSION).u32(0).finish();
    status(zos::call(SLOT_INIT, MSG_REVOKE_PERMISSION, &wish))
}

fn ask_list() -> Told {
    status(zos::call(SLOT_INIT, MSG_LIST_PERMISSIONS, &Writer::new().u32(PID_INIT).finish()))
}

/// The name is registered, but whoever looks it up gets no capability, and not init's.
fn register_foreign() -> Told {
    let name = format!("confined-{}", zos::get_pid());
    let claim = Writer::new().short(name.as_bytes()).u64(INIT_ENDPOINT).finish();
    let registered = zos::call(SLOT_INIT, MSG_REGISTER_SERVICE, &claim);
    let slot = lookup(&name).ok().filter(|answer| answer.tag == MSG_LOOKUP_RESPONSE).and_then(|answer| {
        let mut reader = Reader::new(&answer.data);
        reader.u8()?;
        reader.u64()?;
        reader.u32()
    });
    match (registered, slot) {
        (Ok(_), Some(0)) => Told::Refused("a name, no access".to_owned()),
        (Ok(_), slot) => Told::Allowed(format!("{:?}", slot)),
        (Err(error), _) => Told::Refused(error.name().to_owned()),
    }
}

fn register_permission() -> Told {
    let claim = Writer::new().short(b"permission").u64(INIT_ENDPOINT).finish();
    status(zos::call(SLOT_INIT, MSG_REGISTER_SERVICE, &claim))
}

/// The refusal of a MSG_CAPABILITY_RESPONSE, in the service's words.
fn response(answer: zos::Result<Message>) -> Told {
    let message = match answer {
        Ok(message) => message,
        Err(error) => return Told::Refused(error.name().to_owned()),
    };
    let mut reader = Reader::new(&message.data);
    match (message.tag, reader.u8()) {
        (MSG_CAPABILITY_RESPONSE, Some(0)) => Told::Refused("a no".to_owned()),
        _ => Told::Allowed("a yes".to_owned()),
    }
}

fn forge_answer() -> Told {
    let yes = Writer::new().u32(1).u8(1).u32(WANTED_SLOT).finish();
    response(zos::call(SLOT_PERMISSION, MSG_PROMPT_ANSWER, &yes))
}

fn forge_prompt() -> Told {
    let prompt = Writer::new()
        .u32(1)
        .u32(PID_INIT)
        .u8(OBJECT_PROCESS as u8)
        .u8(PERM_ALL as u8)
        .u64(u64::from(FACTORY))
        .long(b"trust me")
        .finish();
    response(zos::call(SLOT_PERMISSION, MSG_PROMPT, &prompt))
}

fn revoke_unheld() -> Told {
    let told = response(zos::call(SLOT_PERMISSION, MSG_REVOKE_CAPABILITY, &Writer::new().u32(WANTED_SLOT).finish()));
    match zos::call(SLOT_PERMISSION, MSG_LIST_MY_CAPS, &[]) {
        Ok(_) => told,
        Err(_) => Told::Allowed("it is gone".to_owned()),
    }
}
