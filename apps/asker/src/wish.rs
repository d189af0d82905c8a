//! What is asked for, read from the arguments.

use crate::reasons;
use zos_process::abi::{FACTORY, OBJECT_PROCESS, OBJECT_STORAGE};
use zos_process::words::parse_object_type;
use zos_process::Permissions;

const USAGE: &str = "usage: asker [TYPE[:OBJECT] [RIGHTS [REASON...]]]";
const DEFAULT_REASON: &str = "show how asking works";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub object_type: u32,
    /// 0 for the one object of its kind that a request means when it names none.
    pub object_id: u64,
    pub perms: Permissions,
    pub reason: String,
}

impl Wish {
    /// Reads the arguments; the error is one line.
    pub fn parse(words: &[&str]) -> Result<Wish, String> {
        let mut wish = Wish {
            object_type: OBJECT_STORAGE,
            object_id: 0,
            perms: Permissions::READ_WRITE,
            reason: DEFAULT_REASON.to_owned(),
        };
        if let Some(object) = words.first() {
            let (object_type, object_id) = parse_object(object).ok_or_else(|| format!("{}: {}", object, USAGE))?;
            wish.object_type = object_type;
            wish.object_id = object_id;
        }
        if let Some(letters) = words.get(1) {
            wish.perms = Permissions::parse(letters).ok_or_else(|| format!("{}: {}", letters, USAGE))?;
        }
        if let Some(reason) = words.get(2..).filter(|reason| !reason.is_empty()) {
            wish.reason = parse_reason(&reason.join(" "))?;
        }
        Ok(wish)
    }
}

fn parse_object(word: &str) -> Option<(u32, u64)> {
    let (type_name, object) = word.split_once(':').unwrap_or((word, "0"));
    let object_type = parse_object_type(type_name)?;
    match object {
        "factory" if object_type == OBJECT_PROCESS => Some((object_type, u64::from(FACTORY))),
        number => Some((object_type, number.parse().ok()?)),
    }
}

fn parse_reason(text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(name) => reasons::hostile(name)
            .ok_or_else(|| format!("{}: not a reason; there are @{}", text, reasons::NAMES.join(" @"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes() {
        let default = Wish::parse(&[]).unwrap();
        assert_eq!((default.object_type, default.object_id, default.perms.bits()), (OBJECT_STORAGE, 0, 3));
        let wish = Wish::parse(&["process:factory", "w", "start", "things"]).unwrap();
        assert_eq!((wish.object_type, wish.object_id, wish.perms.bits()), (OBJECT_PROCESS, 0, 2));
        assert_eq!(wish.reason, "start things");
        assert_eq!(Wish::parse(&["memory:67108864", "w", "@long"]).unwrap().reason.len(), 1000);
        for wrong in [&["disk"][..], &["storage:x"], &["storage", "q"], &["storage", "r", "@nice"]] {
            assert!(Wish::parse(wrong).is_err(), "{:?}", wrong);
        }
    }
}
