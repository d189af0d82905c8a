//! A session on a terminal: every keystroke is the shell's own.

use crate::commands::names_for;
use crate::complete::{complete, Completion};
use crate::editor::{Editor, Outcome};
use crate::keys::{Decoder, Key};
use crate::plain;
use crate::shell::{Shell, STOP_SIZE_REPORTS};
use crate::view::{Prompt, View};
use zos_process::abi::SLOT_INPUT;
use zos_process::{self as zos, Error, Notice};

const PROMPT: Prompt<'static> = Prompt { styled: "\x1b[1;32mzero>\x1b[0m ", plain: "zero> " };

/// Asks to be told of every change of size (mode 2048), and for the size as it is.
const ASK_SIZE: &str = "\x1b[?2048h\x1b[18t";
/// Undoes what a program that was run may have left behind: colours, a hidden cursor.
const RESET: &str = "\x1b[0m\x1b[?25h";

struct Session<'a> {
    shell: &'a mut Shell,
    editor: Editor,
    view: View,
    decoder: Decoder,
    /// The screen does not show the editor's line as it is.
    stale: bool,
}

/// Runs until `exit` or the end of input; returns the exit code.
pub fn run(shell: &mut Shell) -> Result<i32, Error> {
    shell.print("Zero OS shell. `help` lists the commands.\n");
    shell.print(ASK_SIZE);
    let mut session = Session {
        shell,
        editor: Editor::default(),
        view: View::new(),
        decoder: Decoder::default(),
        stale: true,
    };
    session.refresh();
    let mut is_first = true;
    loop {
        let message = zos::receive_blocking(SLOT_INPUT)?;
        match message.notice() {
            // A key that ends a line arrives as a carriage return: this was typed elsewhere, or by a program.
            Some(Notice::Input(bytes)) if is_first && bytes.contains(&b'\n') => {
                session.shell.print(STOP_SIZE_REPORTS);
                return plain::run(session.shell, bytes);
            }
            Some(Notice::Input(bytes)) => {
                // The answer to a question of the shell's own says nothing about who types.
                is_first &= bytes.starts_with(b"\x1b");
                session.input(bytes);
            }
            _ => session.between_lines(|shell| shell.notice(&message)),
        }
        session.take_own_messages();
        if let Some(code) = session.shell.exit_code {
            session.shell.print(STOP_SIZE_REPORTS);
            return Ok(code);
        }
        session.refresh();
    }
}

impl Session<'_> {
    fn input(&mut self, bytes: &[u8]) {
        let mut keys = self.decoder.feed(bytes);
        while !keys.is_empty() {
            for key in keys {
                self.press(key);
                if self.shell.exit_code.is_some() {
                    return;
                }
            }
            let typed_ahead = core::mem::take(&mut self.shell.typed_ahead);
            keys = self.decoder.feed(&typed_ahead);
        }
    }

    fn press(&mut self, key: Key) {
        match self.editor.press(key) {
            Outcome::Edited => self.stale = true,
            Outcome::Submitted(line) => self.submit(&line),
            Outcome::Interrupted => self.end_line("^C\n"),
            Outcome::EndOfInput => {
                self.end_line("\n");
                self.shell.exit_code = Some(0);
            }
            Outcome::Complete => self.complete(),
            Outcome::ClearScreen => {
                self.shell.print("\x1b[H\x1b[2J");
                self.view.restart();
                self.stale = true;
            }
            Outcome::Resized(columns) => {
                let erased = self.view.erase();
                self.shell.print(&erased);
                self.view.set_columns(columns);
                self.stale = true;
            }
        }
    }

    /// Shows the line as it is, with the cursor behind it, and runs it below.
    fn submit(&mut self, line: &str) {
        let characters: Vec<char> = line.chars().collect();
        let drawn = self.view.draw(PROMPT, &characters, characters.len());
        self.shell.print(&drawn);
        self.end_line("\n");
        self.shell.run_line(line);
        if self.shell.console_was_lent {
            self.shell.console_was_lent = false;
            let fresh = self.view.fresh_row();
            self.shell.print(&format!("{}{}{}", RESET, fresh, ASK_SIZE));
        }
    }

    fn end_line(&mut self, with: &str) {
        self.shell.print(with);
        self.view.restart();
        self.stale = true;
    }

    fn complete(&mut self) {
        match complete(&self.editor.before_cursor(), names_for) {
            Completion::Nothing => {}
            Completion::Insert(text) => self.editor.insert(&text),
            Completion::Choices(names) => {
                self.refresh();
                self.end_line("\n");
                self.shell.print(&format!("{}\n", names.join("  ")));
            }
        }
        self.stale = true;
    }

    /// Prints something above the line being written.
    fn between_lines(&mut self, print: impl FnOnce(&mut Shell)) {
        let erased = self.view.erase();
        self.shell.print(&erased);
        print(self.shell);
        self.stale = true;
    }

    fn take_own_messages(&mut self) {
        while let Some(message) = zos::receive(zos::abi::SLOT_OWN_ENDPOINT) {
            self.between_lines(|shell| shell.notice(&message));
        }
    }

    /// Brings the screen up to date, in one write.
    fn refresh(&mut self) {
        if self.stale {
            let searching = self.editor.query().map(|query| format!("(search) {}: ", query));
            let prompt = match &searching {
                Some(text) => Prompt { styled: text, plain: text },
                None => PROMPT,
            };
            let drawn = self.view.draw(prompt, self.editor.line(), self.editor.cursor());
            self.shell.print(&drawn);
            self.stale = false;
        }
        self.shell.flush();
    }
}
