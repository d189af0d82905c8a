//! One use of a capability, by what its type gates (kernel: Capabilities).

use core::fmt;
use zos_process::abi::{
    FACTORY, OBJECT_CONSOLE, OBJECT_ENDPOINT, OBJECT_MEMORY, OBJECT_PROCESS, OBJECT_STORAGE, SPAWN_SHARE_CONSOLE,
};
use zos_process::{self as zos, memory, Capability, Error};

const KEY: &str = "asker";
const TAG_HELLO: u32 = 0x1_0001;

/// What a use was answered.
pub enum Used {
    Done(String),
    Refused(Error),
    /// Nothing to do by a system call.
    Nothing,
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Used::Done(what) => f.write_str(what),
            Used::Refused(error) => error.fmt(f),
            Used::Nothing => f.write_str("nothing to try"),
        }
    }
}

pub struct Subject {
    held: Capability,
    count: u32,
}

impl Subject {
    pub fn new(held: Capability) -> Subject {
        Subject { held, count: 0 }
    }

    pub fn use_once(&mut self) -> Used {
        self.count += 1;
        let slot = self.held.slot;
        let tried = match (self.held.object_type, self.held.object_id) {
            (OBJECT_STORAGE, _) => self.use_storage(),
            (OBJECT_CONSOLE, _) => {
                let text = format!("asker was here, {}\n", self.count);
                zos::try_console_write(slot + 1, text.as_bytes()).map(|()| "written to the console".to_owned())
            }
            (OBJECT_ENDPOINT, _) => {
                zos::send(slot, TAG_HELLO, &self.count.to_le_bytes()).map(|()| format!("message {} sent", self.count))
            }
            (OBJECT_PROCESS, object) if object == u64::from(FACTORY) => {
                zos::spawn(slot, "crash", &["exit", "0"], SPAWN_SHARE_CONSOLE)
                    .map(|child| format!("started process {}", child.pid))
            }
            (OBJECT_PROCESS, pid) => zos::kill(slot).map(|()| format!("process {} ended", pid)),
            (OBJECT_MEMORY, _) => match memory::grow(1) {
                Some(_) => Ok(format!("{} pages", memory::pages())),
                None => Err(Error::NoMem),
            },
            _ => return Used::Nothing,
        };
        tried.map_or_else(Used::Refused, Used::Done)
    }

    fn use_storage(&self) -> zos::Result<String> {
        if self.held.perms.write {
            zos::storage_write(self.held.slot, KEY, self.count.to_string().as_bytes())?;
            return Ok(format!("wrote {}", self.count));
        }
        let keys = zos::storage_list(self.held.slot, "")?;
        Ok(format!("{} keys", keys.len()))
    }
}
