//! The trait of an application, what it may touch, and the loop that drives it.
//!
//! An application is woken by what arrives on its input endpoint, or by the time it asked for. Messages of other
//! processes to its own endpoint are taken on every wake.

use crate::protocol::{EncodeError, Input, State};
use zos_process::abi::{
    MSG_APP_ERROR, MSG_APP_INPUT, MSG_APP_STATE, MSG_UI_READY, PID_SUPERVISOR, SLOT_INPUT, SLOT_OWN_ENDPOINT,
};
use zos_process::{self as zos, Message, Notice};

/// What an application wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFlow {
    /// Sleep until something arrives.
    Wait,
    /// Sleep until something arrives, or this many milliseconds have passed.
    WaitFor(u64),
    /// End with this exit code.
    Exit(i32),
}

/// An application. Every method but `update` has an answer of its own.
pub trait ZeroApp {
    /// Called once, before anything else.
    fn init(&mut self, _context: &mut Context) {}

    /// Called after every wake, when all that arrived was handled; says what comes next.
    fn update(&mut self, context: &mut Context) -> ControlFlow;

    /// A button, key or text of the application's view.
    fn on_input(&mut self, _context: &mut Context, _input: Input) {}

    /// Keystrokes, or a line, of the application's console.
    fn on_console(&mut self, _context: &mut Context, _bytes: &[u8]) {}

    /// Anything else, system notices included.
    fn on_message(&mut self, _context: &mut Context, _message: &Message) {}

    /// Called once before the process exits by `ControlFlow::Exit`.
    fn shutdown(&mut self, _context: &mut Context) {}
}

/// What an application sees of its process.
pub struct Context {
    pid: u32,
    ui_ready: bool,
}

impl Context {
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether a view has said that it shows this application.
    pub fn ui_ready(&self) -> bool {
        self.ui_ready
    }

    /// Nanoseconds since the machine started.
    pub fn uptime_ns(&self) -> u64 {
        zos::time()
    }

    /// Milliseconds since the Unix epoch.
    pub fn wallclock_ms(&self) -> u64 {
        zos::wallclock()
    }

    /// Shows a state in the application's view.
    pub fn publish(&mut self, state: &State) -> Result<(), EncodeError> {
        let envelope = state.encode()?;
        // A process without a view is no fault of the application's: the state is not kept anywhere.
        let _ = zos::send(SLOT_OWN_ENDPOINT, MSG_APP_STATE, &envelope);
        Ok(())
    }

    /// Shows an error text in the application's view.
    pub fn report_error(&mut self, text: &str) {
        let _ = zos::send(SLOT_OWN_ENDPOINT, MSG_APP_ERROR, text.as_bytes());
    }

    /// Writes text to the application's console.
    pub fn print(&mut self, text: &str) {
        zos::console_write(text);
    }
}

/// Drives `app` until it exits; returns its exit code, or 1 when its input endpoint has gone.
pub fn run<A: ZeroApp>(mut app: A) -> i32 {
    let mut context = Context { pid: zos::get_pid(), ui_ready: false };
    app.init(&mut context);
    loop {
        let milliseconds = match app.update(&mut context) {
            ControlFlow::Wait => u64::MAX,
            ControlFlow::WaitFor(milliseconds) => milliseconds,
            ControlFlow::Exit(code) => {
                app.shutdown(&mut context);
                return code;
            }
        };
        match zos::receive_timeout(SLOT_INPUT, milliseconds) {
            Ok(Some(message)) => dispatch(&mut app, &mut context, &message),
            Ok(None) => {}
            Err(_) => return 1,
        }
        for slot in [SLOT_INPUT, SLOT_OWN_ENDPOINT] {
            while let Some(message) = zos::receive(slot) {
                dispatch(&mut app, &mut context, &message);
            }
        }
    }
}

fn dispatch<A: ZeroApp>(app: &mut A, context: &mut Context, message: &Message) {
    let from_system = message.from_pid == PID_SUPERVISOR;
    match (message.tag, message.notice()) {
        (_, Some(Notice::Input(bytes))) => app.on_console(context, bytes),
        (MSG_UI_READY, _) if from_system => context.ui_ready = true,
        (MSG_APP_INPUT, _) if from_system => {
            if let Ok(input) = Input::decode(&message.data) {
                app.on_input(context, input);
            }
        }
        _ => app.on_message(context, message),
    }
}
