//! A pocket calculator: keys or buttons in, one line or an app state out.
//!
//! On the console `q`, Ctrl-C or the end of input ends it; `n` changes the sign, `c` clears, `e` clears the entry,
//! `m` adds to the memory and `r` recalls it.

mod engine;

use engine::{Engine, Key};
use zos_app::{Context, ControlFlow, Input, State, ZeroApp};

zos_app::manifest!("../app.toml");
zos_app::app_main!(Calculator::default);

#[derive(Default)]
struct Calculator {
    engine: Engine,
    /// What was shown last.
    shown: Option<Engine>,
    ended: bool,
}

impl Calculator {
    fn press(&mut self, name: &str) {
        if let Some(key) = Key::named(name) {
            self.engine.press(key);
        }
    }

    fn type_character(&mut self, character: char) {
        match character {
            'q' | '\x03' | '\x04' => self.ended = true,
            'm' => self.press("M+"),
            'r' => self.press("MR"),
            other => self.press(other.encode_utf8(&mut [0; 4])),
        }
    }

    fn show(&mut self, context: &mut Context) {
        let display = self.engine.display();
        let operator = self.engine.operator();
        let memory = if self.engine.has_memory() { " M" } else { "" };
        let symbol = operator.map(|operator| format!(" {}", operator)).unwrap_or_default();
        context.print(&format!("\r\x1b[K\x1b[1m{}\x1b[0m{}{}", display, symbol, memory));
        let (has_error, memory) = (self.engine.has_error(), self.engine.has_memory());
        if let Err(error) = context.publish(&State::Calculator { display, operator, has_error, memory }) {
            context.report_error(&error.to_string());
        }
    }
}

impl ZeroApp for Calculator {
    fn update(&mut self, context: &mut Context) -> ControlFlow {
        if self.ended {
            return ControlFlow::Exit(0);
        }
        if self.shown.as_ref() != Some(&self.engine) {
            self.shown = Some(self.engine.clone());
            self.show(context);
        }
        ControlFlow::Wait
    }

    fn on_input(&mut self, _context: &mut Context, input: Input) {
        match input {
            Input::Button { name } => self.press(&name),
            Input::Text(text) => text.chars().for_each(|character| self.type_character(character)),
            Input::Key { code, modifiers: 0 } => {
                if let Some(character) = char::from_u32(code) {
                    self.type_character(character);
                }
            }
            _ => {}
        }
    }

    fn on_console(&mut self, _context: &mut Context, bytes: &[u8]) {
        // An escape sequence is one key that means nothing here, not the letters in it.
        if bytes.first() != Some(&0x1b) {
            String::from_utf8_lossy(bytes).chars().for_each(|character| self.type_character(character));
        }
    }

    fn shutdown(&mut self, context: &mut Context) {
        context.print("\n");
    }
}
