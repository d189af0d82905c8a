//! The five imports and the three result conventions (seed: Syscall Access; abi: Result conventions).

use crate::abi::ERROR_BIT;
use crate::error::{Error, Result};

#[cfg(target_arch = "wasm32")]
mod imports {
    #[link(wasm_import_module = "env")]
    extern "C" {
        pub fn zos_syscall(syscall_num: u32, arg1: u32, arg2: u32, arg3: u32) -> u32;
        pub fn zos_send_bytes(ptr: *const u8, len: u32);
        pub fn zos_recv_bytes(ptr: *mut u8, max_len: u32) -> u32;
        pub fn zos_yield();
        pub fn zos_get_pid() -> u32;
    }
}

/// Off the machine there is no kernel to ask: every call answers `E_NOSYS` and no bytes.
#[cfg(not(target_arch = "wasm32"))]
mod imports {
    pub unsafe fn zos_syscall(_num: u32, _arg1: u32, _arg2: u32, _arg3: u32) -> u32 {
        crate::abi::E_NOSYS
    }
    pub unsafe fn zos_send_bytes(_ptr: *const u8, _len: u32) {}
    pub unsafe fn zos_recv_bytes(_ptr: *mut u8, _max_len: u32) -> u32 {
        0
    }
    pub unsafe fn zos_yield() {}
    pub unsafe fn zos_get_pid() -> u32 {
        0
    }
}

/// One system call with what was put into the outgoing buffer before it.
pub fn syscall(num: u32, arg1: u32, arg2: u32, arg3: u32) -> u32 {
    unsafe { imports::zos_syscall(num, arg1, arg2, arg3) }
}

/// Appends to the outgoing buffer of the next system call.
pub fn send_bytes(bytes: &[u8]) {
    unsafe { imports::zos_send_bytes(bytes.as_ptr(), bytes.len() as u32) }
}

/// Takes up to `length` bytes of the last result.
pub fn recv_bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let taken = unsafe { imports::zos_recv_bytes(bytes.as_mut_ptr(), length as u32) };
    bytes.truncate(taken as usize);
    bytes
}

/// Takes all that is left of the last result, for calls whose answer does not carry its length.
pub fn recv_all() -> Vec<u8> {
    const CHUNK: usize = 4096;
    let mut all = Vec::new();
    loop {
        let part = recv_bytes(CHUNK);
        all.extend_from_slice(&part);
        if part.len() < CHUNK {
            return all;
        }
    }
}

pub fn yield_now() {
    unsafe { imports::zos_yield() }
}

pub fn get_pid() -> u32 {
    unsafe { imports::zos_get_pid() }
}

/// Convention *status*: 0 or a code.
pub fn status(raw: u32) -> Result<()> {
    match raw {
        0 => Ok(()),
        code => Err(Error::from_code(code)),
    }
}

/// Convention *value*: the value, or a code with the error bit.
pub fn value(raw: u32) -> Result<u32> {
    if raw & ERROR_BIT == 0 {
        Ok(raw)
    } else {
        Err(Error::from_code(raw & !ERROR_BIT))
    }
}

/// Convention *length*: how many result bytes there are, or a negative code.
pub fn length(raw: u32) -> Result<usize> {
    match raw as i32 {
        negative if negative < 0 => Err(Error::from_code(negative.unsigned_abs())),
        count => Ok(count as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions() {
        assert_eq!(status(0), Ok(()));
        assert_eq!(status(7), Err(Error::BadF));
        assert_eq!(value(5), Ok(5));
        assert_eq!(value(0x8000_0006), Err(Error::NoMem));
        assert_eq!(length(8), Ok(8));
        assert_eq!(length((-2i32) as u32), Err(Error::NoEnt));
    }
}
