//! Messages: sending, receiving, calling, and moving capabilities (kernel: IPC).

use crate::abi::{
    END_OF_INPUT, INTERRUPT, MSG_CAP_REVOKED, MSG_CONSOLE_INPUT, MSG_PROCESS_EXITED, PID_SUPERVISOR, SYS_CALL, SYS_RECEIVE,
    SYS_RECEIVED_CAPS, SYS_RECEIVE_WAIT, SYS_REPLY, SYS_SEND, SYS_SEND_CAP,
};
use crate::error::{Error, Result};
use crate::sys;
use crate::wire::Reader;

/// `from_pid u32, tag u32` before each payload.
const HEADER: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Written by the kernel; it cannot be forged.
    pub from_pid: u32,
    pub tag: u32,
    pub data: Vec<u8>,
}

/// A message from the system itself (abi: Messages from the system).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    Input(&'a [u8]),
    CapRevoked { slot: u32, object_type: u32, object_id: u64, reason: u32 },
    ProcessExited { pid: u32, how: u32, code: i32 },
}

impl Message {
    /// The message as a notice, if the system sent it and it is well formed.
    pub fn notice(&self) -> Option<Notice<'_>> {
        if self.from_pid != PID_SUPERVISOR {
            return None;
        }
        let mut reader = Reader::new(&self.data);
        match self.tag {
            MSG_CONSOLE_INPUT => Some(Notice::Input(&self.data)),
            MSG_CAP_REVOKED => Some(Notice::CapRevoked {
                slot: reader.u32()?,
                object_type: reader.u8()? as u32,
                object_id: reader.u64()?,
                reason: reader.u8()? as u32,
            }),
            MSG_PROCESS_EXITED => Some(Notice::ProcessExited {
                pid: reader.u32()?,
                how: reader.u8()? as u32,
                code: reader.i32()?,
            }),
            _ => None,
        }
    }

    /// Whether it is console input that asks a program to end: Ctrl-C, or the end of input.
    pub fn asks_to_end(&self) -> bool {
        match self.notice() {
            Some(Notice::Input(bytes)) => bytes.iter().any(|byte| [INTERRUPT, END_OF_INPUT].contains(&u32::from(*byte))),
            _ => false,
        }
    }
}

/// Queues a message. `E_AGAIN` when the queue is full: nothing is lost, try again later.
pub fn send(endpoint_slot: u32, tag: u32, data: &[u8]) -> Result<()> {
    sys::send_bytes(data);
    sys::status(sys::syscall(SYS_SEND, endpoint_slot, tag, data.len() as u32))
}

/// The next message, if there is one; an error counts as none.
pub fn receive(endpoint_slot: u32) -> Option<Message> {
    try_receive(endpoint_slot).unwrap_or(None)
}

/// The next message, `None` when the queue is empty.
pub fn try_receive(endpoint_slot: u32) -> Result<Option<Message>> {
    take(sys::syscall(SYS_RECEIVE, endpoint_slot, 0, 0))
}

/// Waits for a message. Fails when the endpoint goes while waiting.
pub fn receive_blocking(endpoint_slot: u32) -> Result<Message> {
    receive_wait(endpoint_slot, u64::MAX)?.ok_or(Error::Again)
}

/// Waits up to `milliseconds` for a message; `None` when none came.
pub fn receive_timeout(endpoint_slot: u32, milliseconds: u64) -> Result<Option<Message>> {
    receive_wait(endpoint_slot, milliseconds)
}

fn receive_wait(slot: u32, milliseconds: u64) -> Result<Option<Message>> {
    take(sys::syscall(SYS_RECEIVE_WAIT, slot, milliseconds as u32, (milliseconds >> 32) as u32))
}

/// Sends a message and waits for the reply to it.
pub fn call(endpoint_slot: u32, tag: u32, data: &[u8]) -> Result<Message> {
    sys::send_bytes(data);
    take(sys::syscall(SYS_CALL, endpoint_slot, tag, data.len() as u32))?.ok_or(Error::Inval)
}

/// Answers a received call, once. `E_NOENT` when the message was no call or its caller has gone.
pub fn reply(caller_pid: u32, tag: u32, data: &[u8]) -> Result<()> {
    sys::send_bytes(data);
    sys::status(sys::syscall(SYS_REPLY, caller_pid, tag, data.len() as u32))
}

/// Sends a message and moves the capabilities in `slots` with it: all or nothing.
pub fn send_cap(endpoint_slot: u32, tag: u32, data: &[u8], slots: &[u32]) -> Result<()> {
    sys::send_bytes(data);
    for slot in slots {
        sys::send_bytes(&slot.to_le_bytes());
    }
    let lengths = data.len() as u32 | (slots.len() as u32) << 16;
    sys::status(sys::syscall(SYS_SEND_CAP, endpoint_slot, tag, lengths))
}

/// Where the capabilities of the last received message are; those that have gone since are left out.
pub fn received_caps() -> Vec<u32> {
    let bytes = match sys::length(sys::syscall(SYS_RECEIVED_CAPS, 0, 0, 0)) {
        Ok(count) => sys::recv_bytes(count),
        Err(_) => return Vec::new(),
    };
    let mut reader = Reader::new(&bytes);
    let count = reader.u32().unwrap_or(0);
    (0..count).map_while(|_| reader.u32()).collect()
}

fn take(raw: u32) -> Result<Option<Message>> {
    // BYTE PATH 4: the guest's receive takes what was typed out of its input endpoint.
    let count = sys::length(raw)?;
    if count < HEADER {
        return Ok(None);
    }
    let mut data = sys::recv_bytes(count);
    let mut reader = Reader::new(&data);
    let (from_pid, tag) = (reader.u32().ok_or(Error::Inval)?, reader.u32().ok_or(Error::Inval)?);
    data.drain(..HEADER);
    Ok(Some(Message { from_pid, tag, data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_come_from_the_system_alone() {
        let data = [5, 0, 0, 0, 3, 9, 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
        let mut message = Message { from_pid: 0, tag: MSG_CAP_REVOKED, data };
        let revoked = Notice::CapRevoked { slot: 5, object_type: 3, object_id: 9, reason: 1 };
        assert_eq!(message.notice(), Some(revoked));
        message.from_pid = 7;
        assert_eq!(message.notice(), None);
        message.from_pid = 0;
        message.data.pop();
        assert_eq!(message.notice(), None);
    }
}
