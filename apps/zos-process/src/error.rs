//! Error codes as a type (abi: Result conventions).

use crate::abi;
use core::fmt;

pub type Result<T> = core::result::Result<T, Error>;

/// Why the kernel refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    Perm,
    NoEnt,
    Inval,
    NoSys,
    Again,
    NoMem,
    BadF,
    Busy,
    Exist,
    Overflow,
    /// A code this library does not know.
    Other(u32),
}

/// (error, code, name, text): the one table behind every conversion below.
const TABLE: [(Error, u32, &str, &str); 10] = [
    (Error::Perm, abi::E_PERM, "E_PERM", "no capability gives this right"),
    (Error::NoEnt, abi::E_NOENT, "E_NOENT", "no such object"),
    (Error::Inval, abi::E_INVAL, "E_INVAL", "malformed argument"),
    (Error::NoSys, abi::E_NOSYS, "E_NOSYS", "not implemented"),
    (Error::Again, abi::E_AGAIN, "E_AGAIN", "queue full"),
    (Error::NoMem, abi::E_NOMEM, "E_NOMEM", "a table, a quota or memory is full"),
    (Error::BadF, abi::E_BADF, "E_BADF", "no capability in that slot, or of the wrong type"),
    (Error::Busy, abi::E_BUSY, "E_BUSY", "busy"),
    (Error::Exist, abi::E_EXIST, "E_EXIST", "slot or name taken"),
    (Error::Overflow, abi::E_OVERFLOW, "E_OVERFLOW", "message, buffer or name too long"),
];

impl Error {
    pub fn from_code(code: u32) -> Error {
        TABLE.iter().find(|row| row.1 == code).map_or(Error::Other(code), |row| row.0)
    }

    pub fn code(self) -> u32 {
        match self {
            Error::Other(code) => code,
            known => TABLE.iter().find(|row| row.0 == known).map_or(abi::E_INVAL, |row| row.1),
        }
    }

    /// The code's name in the ABI, for example `E_PERM`.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("E_UNKNOWN", |row| row.2)
    }

    pub fn text(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("a code this library does not know", |row| row.3)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for code in 1..=20 {
            assert_eq!(Error::from_code(code).code(), code);
        }
        assert_eq!(Error::from_code(1).to_string(), "E_PERM: no capability gives this right");
        assert_eq!(Error::from_code(99), Error::Other(99));
    }
}
