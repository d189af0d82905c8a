//! Lines in, results out: no prompt, no echo, no escape codes.

use crate::shell::Shell;
use zos_process::abi::{END_OF_INPUT, INTERRUPT, SLOT_INPUT};
use zos_process::{self as zos, Error, Notice};

/// A line without an end is cut here, or it would fill the heap.
const MAX_LINE: usize = 64 * 1024;

/// Runs every line until `exit` or the end of input; returns the exit code. `first` is input that has come already.
pub fn run(shell: &mut Shell, first: &[u8]) -> Result<i32, Error> {
    shell.set_plain();
    let mut reader = LineReader { pending: first.to_vec(), ended: false };
    loop {
        while let Some(line) = reader.next_line() {
            shell.run_line(&line);
            shell.flush();
            if let Some(code) = shell.exit_code {
                return Ok(code);
            }
            reader.feed(&core::mem::take(&mut shell.typed_ahead));
        }
        if reader.ended {
            return Ok(0);
        }
        let message = zos::receive_blocking(SLOT_INPUT)?;
        match message.notice() {
            Some(Notice::Input(bytes)) => reader.feed(bytes),
            _ => shell.notice(&message),
        }
        shell.take_own_messages();
        shell.flush();
    }
}

struct LineReader {
    pending: Vec<u8>,
    ended: bool,
}

impl LineReader {
    /// The end of input is a message of its own; an interrupt drops the line it comes in.
    fn feed(&mut self, bytes: &[u8]) {
        match bytes {
            [only] if u32::from(*only) == END_OF_INPUT => self.ended = true,
            [only] if u32::from(*only) == INTERRUPT => self.pending.clear(),
            text => self.pending.extend_from_slice(text),
        }
    }

    /// The next whole line, or what is left when the input has ended.
    fn next_line(&mut self) -> Option<String> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole() {
        let mut reader = LineReader { pending: Vec::new(), ended: false };
        reader.feed(b"one\ntw");
        assert_eq!(reader.next_line().as_deref(), Some("one"));
        assert_eq!(reader.next_line(), None);
        reader.feed(b"o\r\nlast");
        assert_eq!(reader.next_line().as_deref(), Some("two"));
        assert_eq!(reader.next_line().as_deref(), Some(""));
        reader.feed(b"\x04");
        assert_eq!(reader.next_line().as_deref(), Some("last"));
        assert_eq!(reader.next_line(), None);
        assert!(reader.ended);
    }
}
