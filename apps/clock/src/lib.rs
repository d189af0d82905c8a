//! A clock: one line that shows the time each second, and the same as an app state for a view.
//!
//! `q`, Ctrl-C or the end of input ends it.

use zos_app::calendar::DateTime;
use zos_app::{Context, ControlFlow, State, ZeroApp};

const MS_A_SECOND: u64 = 1000;
const TIMEZONE: &str = "UTC";

zos_app::manifest!("../app.toml");
zos_app::app_main!(Clock::default);

#[derive(Default)]
struct Clock {
    /// The second shown last, since the Unix epoch.
    shown: Option<u64>,
    ended: bool,
}

impl Clock {
    fn show(&mut self, context: &mut Context, now_ms: u64) {
        let moment = DateTime::from_unix_ms(now_ms);
        let (time, date) = (moment.time_text(), moment.long_date_text());
        context.print(&format!("\r\x1b[K\x1b[1m{}\x1b[0m {}  {}", time, TIMEZONE, date));
        let state = State::Clock { time, date, is_24_hour: true, timezone: TIMEZONE.to_owned() };
        if let Err(error) = context.publish(&state) {
            context.report_error(&error.to_string());
        }
    }
}

impl ZeroApp for Clock {
    fn update(&mut self, context: &mut Context) -> ControlFlow {
        if self.ended {
            return ControlFlow::Exit(0);
        }
        let now_ms = context.wallclock_ms();
        if self.shown != Some(now_ms / MS_A_SECOND) {
            self.shown = Some(now_ms / MS_A_SECOND);
            self.show(context, now_ms);
        }
        ControlFlow::WaitFor(MS_A_SECOND - now_ms % MS_A_SECOND)
    }

    fn on_console(&mut self, _context: &mut Context, bytes: &[u8]) {
        self.ended |= bytes.iter().any(|byte| matches!(byte, b'q' | 0x03 | 0x04));
    }

    fn shutdown(&mut self, context: &mut Context) {
        context.print("\n");
    }
}
