//! Processes: oneself and others.

use crate::abi::{
    ENDED_EXITED, MAX_NAME, SLOT_INPUT, STATE_EXITED, SYS_EXIT, SYS_GET_ARGS, SYS_KILL, SYS_LIST_PROCS, SYS_RANDOM, SYS_SPAWN,
};
use crate::error::{Error, Result};
use crate::ipc::{receive_blocking, Message, Notice};
use crate::sys;
use crate::wire::{Reader, Writer};

pub use crate::sys::{get_pid, yield_now};

/// One row of the public list of processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    pub pid: u32,
    pub parent: u32,
    /// `STATE_RUNNING`, `STATE_WAITING` or `STATE_EXITED`.
    pub state: u32,
    pub memory_bytes: u64,
    pub name: String,
}

/// A child: its pid, and the slot of the Process capability on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spawned {
    pub pid: u32,
    pub slot: u32,
}

/// Ends the process.
pub fn exit(code: i32) -> ! {
    sys::syscall(SYS_EXIT, code as u32, 0, 0);
    unreachable!("SYS_EXIT returned")
}

/// The arguments of the process; the first one is the program's name.
pub fn args() -> Vec<String> {
    let bytes = match sys::length(sys::syscall(SYS_GET_ARGS, 0, 0, 0)) {
        Ok(count) => sys::recv_bytes(count),
        Err(_) => return Vec::new(),
    };
    let mut reader = Reader::new(&bytes);
    let count = reader.u32().unwrap_or(0);
    (0..count).map_while(|_| reader.long()).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// Starts a registered program with the factory capability in `factory_slot`.
///
/// `flags`: `SPAWN_SHARE_CONSOLE`, and with it `SPAWN_LEND_INPUT`; 0 for a console of its own.
pub fn spawn(factory_slot: u32, name: &str, args: &[&str], flags: u32) -> Result<Spawned> {
    if name.len() > MAX_NAME as usize || args.iter().any(|argument| argument.len() > u16::MAX as usize) {
        return Err(Error::Overflow);
    }
    let request = args
        .iter()
        .fold(Writer::new().short(name.as_bytes()), |request, argument| request.long(argument.as_bytes()))
        .finish();
    sys::send_bytes(&request);
    let pid = sys::value(sys::syscall(SYS_SPAWN, factory_slot, flags, 0))?;
    let answer = sys::recv_bytes(8);
    let slot = Reader::new(answer.get(4..).unwrap_or(&[])).u32().ok_or(Error::Inval)?;
    Ok(Spawned { pid, slot })
}

/// Kills the process whose Process capability is in `slot`.
pub fn kill(slot: u32) -> Result<()> {
    sys::status(sys::syscall(SYS_KILL, slot, 0, 0))
}

/// How a child ended: `ENDED_EXITED`, `ENDED_KILLED` or `ENDED_FAULTED`, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub how: u32,
    pub code: i32,
}

impl Ending {
    /// Whether it exited by itself with code 0.
    pub fn is_success(self) -> bool {
        self.how == ENDED_EXITED && self.code == 0
    }
}

/// Waits until a child has ended. Everything else that arrives on the input endpoint meanwhile goes to `other`.
pub fn wait_for_exit(child: u32, mut other: impl FnMut(&Message)) -> Result<Ending> {
    loop {
        let message = receive_blocking(SLOT_INPUT)?;
        match message.notice() {
            Some(Notice::ProcessExited { pid, how, code }) if pid == child => return Ok(Ending { how, code }),
            _ => other(&message),
        }
    }
}

/// Calls `visit` with every process of the machine, those that ended lately included, in the order of their pids.
///
/// The list is read in parts, so that a machine of thousands does not fill the heap. `visit` makes no system call:
/// that would replace the part not yet read.
pub fn for_each_process(mut visit: impl FnMut(ProcessInfo)) -> Result<()> {
    const PART: usize = 4096;
    sys::status(sys::syscall(SYS_LIST_PROCS, 1, 0, 0))?;
    let mut left = Reader::new(&sys::recv_bytes(4)).u32().ok_or(Error::Inval)?;
    let mut part = Vec::new();
    while left > 0 {
        let more = sys::recv_bytes(PART);
        if more.is_empty() {
            return Err(Error::Inval);
        }
        part.extend_from_slice(&more);
        let mut reader = Reader::new(&part);
        let mut used = 0;
        while let Some(process) = process_row(&mut reader) {
            used = part.len() - reader.rest().len();
            left = left.saturating_sub(1);
            visit(process);
        }
        part.drain(..used);
    }
    Ok(())
}

/// Every process of the machine, those that ended lately included.
pub fn list_procs() -> Result<Vec<ProcessInfo>> {
    let mut all = Vec::new();
    for_each_process(|process| all.push(process))?;
    Ok(all)
}

/// Whether the process exists and has not ended.
pub fn is_alive(pid: u32) -> bool {
    let mut alive = false;
    let _ = for_each_process(|process| alive |= process.pid == pid && process.state != STATE_EXITED);
    alive
}

fn process_row(reader: &mut Reader<'_>) -> Option<ProcessInfo> {
    Some(ProcessInfo {
        pid: reader.u32()?,
        parent: reader.u32()?,
        state: reader.u8()? as u32,
        memory_bytes: reader.u64()?,
        name: String::from_utf8_lossy(reader.long()?).into_owned(),
    })
}

/// `count` bytes, at most 4096, of the machine's generator.
pub fn random(count: usize) -> Result<Vec<u8>> {
    let count = sys::length(sys::syscall(SYS_RANDOM, count as u32, 0, 0))?;
    Ok(sys::recv_bytes(count))
}
