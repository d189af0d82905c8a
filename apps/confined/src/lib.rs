//! Tries everything it must not, and prints what it was told: `confined`.
//!
//! It needs no capability but its Console. The exit code is the number of attempts that were allowed; whoever grants
//! it something can see that the table tells the truth.

mod capabilities;
mod endpoints;
mod limits;
mod objects;
mod services;

use zos_process::{self as zos, Error};

zos::entry!(main);

/// What an attempt came to, in a word or two.
pub enum Told {
    Refused(String),
    Allowed(String),
}

/// One thing that must not work.
pub struct Attempt {
    pub what: &'static str,
    pub run: fn() -> Told,
}

const GROUPS: [(&str, &[Attempt]); 5] = [
    ("messages", endpoints::ATTEMPTS),
    ("capabilities", capabilities::ATTEMPTS),
    ("objects", objects::ATTEMPTS),
    ("init and the permission service", services::ATTEMPTS),
    ("limits", limits::ATTEMPTS),
];

fn main() -> i32 {
    let (mut tried, mut allowed) = (0, 0);
    for (title, attempts) in GROUPS {
        zos::console_write(&format!("{}\n", title));
        for attempt in attempts {
            let (told, verdict) = match (attempt.run)() {
                Told::Refused(told) => (told, "refused"),
                Told::Allowed(told) => {
                    allowed += 1;
                    (told, "ALLOWED")
                }
            };
            tried += 1;
            zos::console_write(&format!("  {:<46}  {:<18}  {}\n", attempt.what, told, verdict));
        }
    }
    zos::console_write(&format!("{} attempts, {} allowed\n", tried, allowed));
    allowed
}

/// An attempt that is over when the call is refused.
pub fn must_fail<T>(result: zos::Result<T>) -> Told {
    match result {
        Ok(_) => Told::Allowed("done".to_owned()),
        Err(error) => Told::Refused(error.name().to_owned()),
    }
}

/// An attempt that is refused if it left nothing behind, whatever it was told.
pub fn must_change_nothing(told: &str, changed: bool) -> Told {
    if changed {
        Told::Allowed(told.to_owned())
    } else {
        Told::Refused(told.to_owned())
    }
}

/// Far behind every slot this program is given.
pub const EMPTY_SLOT: u32 = 5000;

/// Slots that are tried where any would do, held ones and empty ones.
const SLOTS: u32 = 64;

/// The same call on every slot: allowed if one of them is; told what the last refusal was.
pub fn on_every_slot(call: impl Fn(u32) -> zos::Result<()>) -> Told {
    let mut last = Error::BadF;
    for slot in 0..SLOTS {
        match call(slot) {
            Ok(()) => return Told::Allowed(format!("slot {}", slot)),
            Err(error) => last = error,
        }
    }
    Told::Refused(last.name().to_owned())
}
