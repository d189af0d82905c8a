//! A shell for capabilities.
//!
//! On a terminal it takes every keystroke itself (`raw`): it draws the line being written, completes, searches its
//! history, and prints notices as they arrive. With `--plain`, which it gets when its console is no terminal, or once
//! its first input turns out to be a whole line, it only reads lines and prints what they ask for (`plain`).

mod commands;
mod complete;
mod editor;
mod history;
mod keys;
mod plain;
mod raw;
mod shell;
mod table;
mod view;
mod width;
mod words;

use shell::Shell;
use zos_process as zos;

const PLAIN: &str = "--plain";

zos::entry!(main);

fn main() -> i32 {
    let mut shell = Shell::new();
    let ending = if zos::args().iter().skip(1).any(|argument| argument == PLAIN) {
        plain::run(&mut shell, &[])
    } else {
        raw::run(&mut shell)
    };
    shell.flush();
    // Without its input endpoint a shell can hear nobody.
    ending.unwrap_or(1)
}
