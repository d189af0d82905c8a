//! Where notes are kept: one key a note, and the Storage capability that reaches them.

use core::fmt;
use zos_process::abi::OBJECT_STORAGE;
use zos_process::{self as zos, Capability, Denied, Error, Permissions};

const REASON: &str = "keep your notes";

/// The namespace that belongs to this program, whatever its number is.
const OWN_NAMESPACE: u64 = 0;

const PREFIX: &str = "note/";
const COUNTER: &str = "watch";

/// Why a command could not be done.
pub enum Failure {
    Kernel(Error),
    Denied(Denied),
    NoSuchNote(u32),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Kernel(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Kernel(error) => error.fmt(f),
            Failure::Denied(denied) => denied.fmt(f),
            Failure::NoSuchNote(number) => write!(f, "there is no note {}", number),
        }
    }
}

type Done<T> = Result<T, Failure>;

#[derive(Default)]
pub struct Store {
    /// The slot used last. What was in it may have gone.
    slot: Option<u32>,
}

impl Store {
    /// Asks for Storage, whether there is some or not.
    pub fn ask(&mut self) -> Done<Capability> {
        let slot = zos::request_capability(OBJECT_STORAGE, OWN_NAMESPACE, Permissions::READ_WRITE, REASON)
            .map_err(Failure::Denied)?;
        self.slot = Some(slot);
        let held = zos::cap_list()?.into_iter().find(|held| held.slot == slot);
        held.ok_or(Failure::Kernel(Error::BadF))
    }

    /// Where Storage is: what was given last, by whomever. Asks if there never was any; once it has been taken away,
    /// the empty slot is used, so that whoever uses it is told what the kernel says.
    fn slot(&mut self) -> Done<u32> {
        let newest = zos::cap_list()?.into_iter().filter(|held| held.object_type == OBJECT_STORAGE).last();
        match (newest, self.slot) {
            (Some(held), _) => {
                self.slot = Some(held.slot);
                Ok(held.slot)
            }
            (None, Some(lost)) => Ok(lost),
            (None, None) => self.ask().map(|held| held.slot),
        }
    }

    /// The numbers of all notes, in order.
    pub fn numbers(&mut self) -> Done<Vec<u32>> {
        let slot = self.slot()?;
        let keys = zos::storage_list(slot, PREFIX)?;
        Ok(keys.iter().filter_map(|entry| entry.key.strip_prefix(PREFIX)?.parse().ok()).collect())
    }

    /// Adds a note behind the last one; its number.
    pub fn add(&mut self, text: &str) -> Done<u32> {
        let number = self.numbers()?.last().map_or(1, |last| last + 1);
        let slot = self.slot()?;
        zos::storage_write(slot, &key(number), text.as_bytes())?;
        Ok(number)
    }

    pub fn read(&mut self, number: u32) -> Done<String> {
        let slot = self.slot()?;
        let text = zos::storage_read(slot, &key(number)).map_err(|error| of_note(number, error))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub fn delete(&mut self, number: u32) -> Done<()> {
        let slot = self.slot()?;
        zos::storage_delete(slot, &key(number)).map_err(|error| of_note(number, error))
    }

    /// Deletes every note; how many there were.
    pub fn clear(&mut self) -> Done<usize> {
        let numbers = self.numbers()?;
        for number in &numbers {
            self.delete(*number)?;
        }
        Ok(numbers.len())
    }

    /// Writes a number under a key of its own.
    pub fn write_counter(&mut self, count: u32) -> Done<()> {
        let slot = self.slot()?;
        Ok(zos::storage_write(slot, COUNTER, count.to_string().as_bytes())?)
    }
}

/// Zeros in front, so that the order of keys is the order of numbers.
fn key(number: u32) -> String {
    format!("{}{:010}", PREFIX, number)
}

fn of_note(number: u32, error: Error) -> Failure {
    match error {
        Error::NoEnt => Failure::NoSuchNote(number),
        other => Failure::Kernel(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_numbers() {
        assert_eq!(key(7), "note/0000000007");
        assert!(key(9) < key(10) && key(10) < key(u32::MAX));
    }

    #[test]
    fn a_missing_note_is_called_by_its_number() {
        assert_eq!(of_note(3, Error::NoEnt).to_string(), "there is no note 3");
        assert_eq!(of_note(3, Error::Perm).to_string(), "E_PERM: no capability gives this right");
    }
}
