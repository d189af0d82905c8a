//! Values that outlive a process: keys in the namespace of a Storage capability.

use crate::abi::{
    MAX_KEY, MAX_STORAGE_READ, SYS_STORAGE_DELETE, SYS_STORAGE_LIST, SYS_STORAGE_READ, SYS_STORAGE_WRITE,
};
use crate::error::{Error, Result};
use crate::sys;
use crate::wire::Reader;

/// One key of a namespace, and the size of its value in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageEntry {
    pub key: String,
    pub size: u32,
}

fn send_key(key: &str) -> Result<u32> {
    if key.len() > MAX_KEY as usize {
        return Err(Error::Overflow);
    }
    sys::send_bytes(key.as_bytes());
    Ok(key.len() as u32)
}

/// The whole value of `key`; `E_NOENT` when there is none.
pub fn storage_read(slot: u32, key: &str) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let key_len = send_key(key)?;
        let count = sys::length(sys::syscall(SYS_STORAGE_READ, slot, key_len, all.len() as u32))?;
        all.extend_from_slice(&sys::recv_bytes(count));
        if count < MAX_STORAGE_READ as usize {
            return Ok(all);
        }
    }
}

/// Replaces the value of `key`; returns once it is durable.
pub fn storage_write(slot: u32, key: &str, value: &[u8]) -> Result<()> {
    let key_len = send_key(key)?;
    sys::send_bytes(value);
    sys::status(sys::syscall(SYS_STORAGE_WRITE, slot, key_len, 0))
}

/// Removes `key`; returns once that is durable.
pub fn storage_delete(slot: u32, key: &str) -> Result<()> {
    let key_len = send_key(key)?;
    sys::status(sys::syscall(SYS_STORAGE_DELETE, slot, key_len, 0))
}

/// Every key that starts with `prefix`.
pub fn storage_list(slot: u32, prefix: &str) -> Result<Vec<StorageEntry>> {
    let mut all = Vec::new();
    let mut cursor = 0;
    loop {
        let prefix_len = send_key(prefix)?;
        let count = sys::length(sys::syscall(SYS_STORAGE_LIST, slot, prefix_len, cursor))?;
        let bytes = sys::recv_bytes(count);
        let mut reader = Reader::new(&bytes);
        cursor = reader.u32().ok_or(Error::Inval)?;
        let entries = reader.u32().ok_or(Error::Inval)?;
        for _ in 0..entries {
            all.push(entry(&mut reader).ok_or(Error::Inval)?);
        }
        if cursor == 0 {
            return Ok(all);
        }
    }
}

fn entry(reader: &mut Reader<'_>) -> Option<StorageEntry> {
    let key_len = reader.u16()?;
    let size = reader.u32()?;
    let key = String::from_utf8_lossy(reader.raw(key_len as usize)?).into_owned();
    Some(StorageEntry { key, size })
}
