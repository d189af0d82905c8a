//! Lines from a console: for programs in line mode, and for a shell behind a pipe.

use zos_process::abi::{END_OF_INPUT, INTERRUPT, SLOT_INPUT};
use zos_process::{self as zos, Message, Notice};

/// A line without an end is cut here, or it would fill the heap.
const MAX_LINE: usize = 64 * 1024;

/// Console input put together to lines.
#[derive(Default)]
pub struct LineReader {
    pending: Vec<u8>,
    ended: bool,
}

impl LineReader {
    /// One message of input. The end of input is a message of its own; an interrupt drops the line it comes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        match bytes {
            [only] if u32::from(*only) == END_OF_INPUT => self.ended = true,
            [only] if u32::from(*only) == INTERRUPT => self.pending.clear(),
            text => self.pending.extend_from_slice(text),
        }
    }

    /// The next whole line, or what is left when the input has ended.
    pub fn next_line(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let length = match end {
            Some(end) => end,
            None if self.ended && !self.pending.is_empty() || self.pending.len() >= MAX_LINE => self.pending.len(),
            None => return None,
        };
        let line = String::from_utf8_lossy(&self.pending[..length]).into_owned();
        self.pending.drain(..(length + 1).min(self.pending.len()));
        Some(line)
    }

    /// There will be no more input; lines may still be left.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

/// What a program in line mode is woken by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line without its end.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// The last line has been read.
    End,
    /// A notice of the system, or a message somebody sent to the input endpoint.
    Message(Message),
    /// The time is over.
    Nothing,
}

/// The input endpoint of a program in line mode.
#[derive(Default)]
pub struct Lines {
    reader: LineReader,
}

impl Lines {
    /// Waits up to `milliseconds` for something to happen. Fails when the input endpoint goes.
    pub fn next(&mut self, milliseconds: u64) -> zos::Result<Event> {
        loop {
            if let Some(line) = self.reader.next_line() {
                return Ok(Event::Line(line));
            }
            if self.reader.has_ended() {
                return Ok(Event::End);
            }
            let message = match zos::receive_timeout(SLOT_INPUT, milliseconds)? {
                Some(message) => message,
                None => return Ok(Event::Nothing),
            };
            match message.notice() {
                Some(Notice::Input(bytes)) => {
                    self.reader.feed(bytes);
                    if matches!(bytes, [only] if u32::from(*only) == INTERRUPT) {
                        return Ok(Event::Interrupt);
                    }
                }
                _ => return Ok(Event::Message(message)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole() {
        let mut reader = LineReader::default();
        reader.feed(b"one\ntw");
        assert_eq!(reader.next_line().as_deref(), Some("one"));
        assert_eq!(reader.next_line(), None);
        reader.feed(b"o\r\nlast");
        assert_eq!(reader.next_line().as_deref(), Some("two"));
        assert_eq!(reader.next_line().as_deref(), Some(""));
        reader.feed(b"\x04");
        assert_eq!(reader.next_line().as_deref(), Some("last"));
        assert_eq!(reader.next_line(), None);
        assert!(reader.has_ended());
    }

    #[test]
    fn an_interrupt_drops_the_line_being_written() {
        let mut reader = LineReader::default();
        reader.feed(b"half");
        reader.feed(b"\x03");
        reader.feed(b"whole\n");
        assert_eq!(reader.next_line().as_deref(), Some("whole"));
    }
}
