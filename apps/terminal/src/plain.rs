//! Lines in, results out: no prompt, no echo, no escape codes.

use crate::shell::Shell;
use zos_app::lines::LineReader;
use zos_process::abi::SLOT_INPUT;
use zos_process::{self as zos, Error, Notice};

/// Runs every line until `exit` or the end of input; returns the exit code. `first` is input that has come already.
pub fn run(shell: &mut Shell, first: &[u8]) -> Result<i32, Error> {
    shell.set_plain();
    let mut reader = LineReader::default();
    reader.feed(first);
    loop {
        while let Some(line) = reader.next_line() {
            shell.run_line(&line);
            shell.flush();
            if let Some(code) = shell.exit_code {
                return Ok(code);
            }
            reader.feed(&core::mem::take(&mut shell.typed_ahead));
        }
        if reader.has_ended() {
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
